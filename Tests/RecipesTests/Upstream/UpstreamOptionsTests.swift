import Testing

@testable import Recipes

/// The tables of commands and options against the code that they speak of.
@Suite(
  "The tables of iPXE's commands and options", .serialized,
  .enabled("https://github.com/ipxe/ipxe.git does not answer") {
    await UpstreamCheckout.answers.value
  })
struct UpstreamOptionsTests {
  @Test("They say what each version's own files say", arguments: UpstreamVersion.allCases)
  func tables(_ version: UpstreamVersion) async throws {
    let upstream = try await UpstreamCheckout(version)
    try await checkOptions(upstream)
    let code = try upstream.code()
    try checkCommands(upstream, code)
    checkProtocols(version, code)
  }

  // MARK: options of the configuration

  private func checkOptions(_ upstream: UpstreamCheckout) async throws {
    for header in Set(UpstreamOption.all.map(\.header)) {
      let mentioned = try upstream.mentioned(in: header)
      for option in UpstreamOption.all where option.header == header {
        #expect(
          mentioned.contains(option.name) == (option.since <= upstream.version), "\(option.name)")
      }
      for machine in UpstreamMachine.allCases {
        let defined = try await upstream.defined(in: header, on: machine)
        for option in UpstreamOption.all where option.header == header {
          let expected = option.isDefault(on: machine, in: upstream.version)
          #expect(defined.contains(option.name) == expected, "\(option.name) on \(machine)")
        }
      }
    }
    let all = try upstream.mentioned(in: "general.h").filter {
      $0.hasSuffix("_CMD") || $0.hasPrefix("DOWNLOAD_PROTO_") || $0.hasPrefix("SANBOOT_PROTO_")
    }
    #expect(all.subtracting(UpstreamOption.byName.keys) == [])
  }

  // MARK: commands

  private typealias Code = [(path: String, text: String)]

  private func checkCommands(_ upstream: UpstreamCheckout, _ code: Code) throws {
    let files = commandFiles(code)
    let expected = UpstreamCommand.all.filter { $0.since <= upstream.version }
    #expect(Set(files.keys) == Set(expected.map(\.name)))
    let requirements = requirements(code)
    for command in expected {
      guard let file = files[command.name] else { continue }
      // What brings in the file; the one of digests brings in further files by itself.
      let needs = Set(
        command.needs.filter { (UpstreamOption.byName[$0]?.since ?? .newest) <= upstream.version })
      let object = String(baseName(file.path).dropLast(2))
      if !object.hasPrefix("cmd_sha") {
        let found = requirements[object] ?? []
        #expect(needs == found, "what \(command.name) needs")
      }
      try checkArguments(command, upstream.version, file, code)
    }
  }

  /// The file of each command: `COMMAND ( NAME, …)`, before 2021 a `struct command` with a `.name`.
  private func commandFiles(_ code: Code) -> [String: (path: String, text: String)] {
    var files: [String: (path: String, text: String)] = [:]
    for file in code where file.text.contains("ommand") || file.text.contains("COMMAND") {
      for match in file.text.matches(of: /(?m)^COMMAND\s*\(\s*(\w+)\s*,/) {
        files[String(match.output.1)] = file
      }
      for block in file.text.matches(
        of: /struct command \w+(?:\[\])? __command(?:\s*\(.*?\))?\s*=\s*\{((?s).*?)\n\};/)
      {
        for match in String(block.output.1).matches(of: /\.name\s*=\s*"(\w+)"/) {
          files[String(match.output.1)] = file
        }
      }
    }
    return files
  }

  /// The options of the configuration that bring in each object (src/config/config*.c).
  private func requirements(_ code: Code) -> [String: Set<String>] {
    var result: [String: Set<String>] = [:]
    for file in code where file.path.hasPrefix("config/config") {
      var conditions: [[String]] = []
      for line in file.text.split(separator: "\n") {
        if line.hasPrefix("#endif") {
          conditions.removeLast()
        } else if line.hasPrefix("#if") {
          conditions.append(
            line.dropFirst(3).matches(of: /\b[A-Z][A-Z0-9_]+\b/).map { String($0.output) })
        } else if let match = line.firstMatch(of: /^REQUIRE_OBJECT\s*\(\s*(\w+)/) {
          result[String(match.output.1), default: []].formUnion(conditions.flatMap { $0 })
        }
      }
    }
    return result
  }

  /// Options and numbers of arguments stand in the file of the command, or in that of the command whose
  /// code it shares. Which list is whose, only the compiler knows: a file has few.
  private func checkArguments(
    _ command: UpstreamCommand, _ version: UpstreamVersion, _ file: (path: String, text: String),
    _ code: Code
  ) throws {
    let shared = ["dhcp_cmd.c": "ifmgmt_cmd.c", "cmd_": "digest_cmd.c"]
    let name = baseName(file.path)
    let other = shared.first { name.hasPrefix($0.key) }?.value
    let texts = [file.text] + code.filter { baseName($0.path) == other }.map(\.text)
    var options: Set<String> = []
    var counts: Set<String> = []
    for text in texts {
      for match in text.matches(of: /OPTION_DESC\s*\(\s*"([^"]+)",\s*'(.)',\s*(\w+)/) {
        options.insert("\(match.output.1) \(match.output.2) \(match.output.3)")
      }
      for match in text.matches(
        of: /COMMAND_DESC\s*\(\s*struct \w+,\s*[\w.]+,\s*(\d+),\s*(\w+),/)
      {
        counts.insert("\(match.output.1) \(match.output.2)")
      }
    }
    for option in command.options where option.since ?? command.since <= version {
      let kind = option.takesValue ? "required_argument" : "no_argument"
      #expect(
        options.contains("\(option.name) \(option.letter) \(kind)"),
        "--\(option.name) of \(command.name)")
    }
    let known = UpstreamCommand.all.filter { $0.needs == command.needs || other != nil }
    for option in options {
      let word = option.prefix { $0 != " " }
      #expect(
        known.contains { $0.options.contains { $0.name == word } } || command.needs.isEmpty,
        "--\(word) in \(name)")
    }
    for option in command.options where (option.since ?? command.since) > version {
      let isOther = known.contains { other in
        other.name != command.name
          && other.options.contains {
            $0.name == option.name && ($0.since ?? other.since) <= version
          }
      }
      #expect(
        isOther || !options.contains { $0.hasPrefix("\(option.name) ") },
        "--\(option.name) of \(command.name) is older")
    }
    // "help" has no description of its own.
    guard command.name != "help" else { return }
    let most = command.arguments.upperBound
    let limit = most == UpstreamCommand.any ? "MAX_ARGUMENTS" : String(most)
    #expect(
      counts.contains("\(command.arguments.lowerBound) \(limit)"), "arguments of \(command.name)")
  }

  // MARK: protocols

  private func checkProtocols(_ version: UpstreamVersion, _ code: Code) {
    var found: Set<String> = []
    for file in code where file.text.contains("__uri_opener") {
      for block in file.text.matches(of: /struct uri_opener \w+ __uri_opener = \{([^}]*)\}/) {
        guard let match = String(block.output.1).firstMatch(of: /\.scheme\s*=\s*"([^"]+)"/) else {
          continue
        }
        found.insert(String(match.output.1))
      }
    }
    #expect(found.subtracting(UpstreamProtocol.names) == [])
    let options = UpstreamProtocol.downloads.merging(UpstreamProtocol.disks) { one, _ in one }
    for (scheme, option) in options {
      let since = UpstreamOption.byName[option]?.since ?? .v1_20_1
      #expect(found.contains(scheme) == (since <= version), "\(scheme)")
    }
  }
}
