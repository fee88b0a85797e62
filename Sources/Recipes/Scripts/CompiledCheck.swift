/// Commands, options of commands and protocols that the programs which run a script do not have.
struct CompiledCheck {
  /// Something that a script uses, told once for each script.
  private struct Use {
    let word: ParsedScript.Word
    /// "the command "imgverify""
    let what: String
    /// Options of the configuration: of each list, one is needed.
    let needs: [[String]]
    let since: UpstreamVersion
    let mayFail: Bool
  }

  private let site: ScriptSite
  /// The options of the configuration that some program lacks, with the answer of each program.
  private let lacking: [String: [CompiledProgram.Answer]]

  init(_ site: ScriptSite) {
    self.site = site
    var lacking: [String: [CompiledProgram.Answer]] = [:]
    for option in UpstreamOption.all {
      let answers = site.programs.map { $0.has(option.name) }
      if answers.contains(.no) { lacking[option.name] = answers }
    }
    self.lacking = lacking
  }

  func run(_ index: Int, _ checker: inout Checker) {
    let script = site.scripts[index]
    let reaches = site.reaches[index]
    guard !reaches.isEmpty else { return }
    // The first use that stops the script is worth more than an earlier one that does not.
    let all = script.calls.flatMap { uses(of: $0, script) }
    let ordered = all.filter { !$0.mayFail } + all.filter { $0.mayFail }
    var told: Set<String> = []
    for use in ordered where !told.contains(use.what) {
      let found = reaches.filter { lacks(use, $0.program) }
      guard !found.isEmpty else { continue }
      told.insert(use.what)
      report(use, script, found, &checker)
    }
  }

  private func lacks(_ use: Use, _ program: Int) -> Bool {
    if use.since > .v1_20_1, site.programs[program].isSince(use.since) == .no { return true }
    return use.needs.contains { names in
      !names.isEmpty && names.allSatisfy { lacking[$0].map { $0[program] == .no } ?? false }
    }
  }

  // MARK: what a command uses

  private func uses(of call: CommandCall, _ script: CheckedScript) -> [Use] {
    guard let facts = call.facts else { return [] }
    let mayFail = call.command.mayFail
    var uses: [Use] = []
    // Most commands are in every program.
    if facts.since > .v1_20_1 || facts.needs.contains(where: { lacking[$0] != nil }) {
      uses.append(
        Use(
          word: call.command.name, what: "the command \(quoted(facts.name))", needs: [facts.needs],
          since: facts.since, mayFail: mayFail))
    }
    for (option, word) in call.options {
      guard let since = option.since else { continue }
      uses.append(
        Use(
          word: word, what: "the option --\(option.name) of \(quoted(facts.name))", needs: [],
          since: since, mayFail: mayFail))
    }
    for file in call.files {
      guard let scheme = file.scheme,
        let options = UpstreamProtocol.options(scheme, asDisk: call.usesDisk)
      else { continue }
      for option in options where lacking[option] != nil {
        let what =
          option.hasPrefix("SANBOOT_PROTO_HTTP")
          ? "a disk over \(scheme)" : "the protocol \(scheme)"
        uses.append(
          Use(
            word: file.word, what: what, needs: [[option]],
            since: UpstreamOption.byName[option]?.since ?? .v1_20_1, mayFail: mayFail))
      }
    }
    return uses
  }

  // MARK: saying it

  private func report(
    _ use: Use, _ script: CheckedScript, _ found: [ScriptSite.Reach],
    _ checker: inout Checker
  ) {
    let programs = found.map { site.programs[$0.program] }
    let isSure = found.contains { $0.isSure && site.programs[$0.program].isSure }
    let names = Self.listed(programs.map(\.target.path))
    let first = found.first { $0.isSure } ?? found[0]
    checker.report(
      "\(names) \(programs.count == 1 ? "does" : "do") not have \(use.what)",
      isError: isSure && !use.mayFail && !script.asksForMachine,
      at: script.location(use.word, checker), notes: [note(first, script)],
      help: help(use, programs))
  }

  /// Names as a sentence has them, of many the first three.
  static func listed(_ names: [String]) -> String {
    let shown = names.prefix(names.count > 4 ? 3 : 4)
    let rest = names.count - shown.count
    let list = shown.joined(separator: ", ")
    if rest > 0 { return "\(list) and \(rest) others" }
    guard shown.count > 1, let last = shown.last else { return list }
    return "\(shown.dropLast().joined(separator: ", ")) and \(last)"
  }

  private func note(_ reach: ScriptSite.Reach, _ script: CheckedScript) -> Diagnostic.Note {
    let target = site.programs[reach.program].target
    let place = target.values[IPXERule.embed]?.first?.location
    if let via = reach.via {
      return .init(
        "\(target.path) comes here from \(quoted(site.scripts[via].name))",
        at: place)
    }
    return place != nil
      ? .init("\(target.path) embeds this script", at: place)
      : .init(
        reach.isSure
          ? "\(target.path) embeds no script and runs this one, which DHCP names"
          : "\(target.path) embeds no script and runs what DHCP names, which may be this one",
        at: target.location)
  }

  private func help(_ use: Use, _ programs: [CompiledProgram]) -> String? {
    if programs[0].isSince(use.since) == .no {
      let needed = use.since == .newest ? "after v2.0.0" : "with \(use.since.name)"
      return "it came \(needed)"
    }
    return use.needs.first?.first.flatMap { Self.help(for: $0, in: programs) }
  }

  /// How to get an option into programs.
  static func help(for name: String, in programs: [CompiledProgram]) -> String? {
    guard let option = UpstreamOption.byName[name] else { return nil }
    guard programs.contains(where: { option.isPossible(on: $0.machine) }) else {
      return "no boot program for such machines can have it"
    }
    let whom = programs.count == 1 ? "it" : "them"
    return "give \(whom) config: {\(option.header): {\(name): true}}"
  }
}
