import BuildEngine

/// What the doctor found, and what to do about it.
struct DoctorReport: Sendable, Equatable {
  enum State: Sendable, Equatable {
    /// Where it is.
    case found(String)
    case missing
    /// It is there and does not work; why.
    case unusable(String)
  }

  struct Finding: Sendable, Equatable {
    var requirement: Requirement
    var state: State

    var isFound: Bool {
      if case .found = state { true } else { false }
    }
  }

  var findings: [Finding]
  /// Whether the command that installs packages can be run as it is.
  var isRoot: Bool

  /// False when a build would fail for want of something: the exit code is 1 then.
  var isHealthy: Bool { findings.allSatisfy { $0.isFound || $0.requirement.isOptional } }

  /// The packages that bring what is missing, each once.
  var packages: [String] {
    var result: Set<String> = []
    for finding in findings where finding.state == .missing {
      if let package = finding.requirement.package { result.insert(package) }
    }
    return result.sorted()
  }

  /// The one command that brings what is missing, as an argument vector; nil when there is nothing to
  /// install.
  var installCommand: [String]? {
    guard !packages.isEmpty else { return nil }
    return (isRoot ? [] : ["sudo"]) + ["apt-get", "install", "--no-install-recommends"] + packages
  }

  /// The report for people, without line ends.
  func lines(_ style: Style) -> [String] {
    let widest = findings.map { $0.requirement.name.printable().columns }.max() ?? 0
    var lines = findings.map { finding in
      let requirement = finding.requirement
      let name = requirement.name.printable().padded(toColumns: widest)
      let (word, paint, detail): (String, Style.Paint, String) =
        switch finding.state {
        case .found(let place): ("found", .green, place.printable())
        case .missing:
          (
            "missing", requirement.isOptional ? .yellow : .boldRed,
            requirement.package.map { "package \($0)" } ?? "no Debian package is known for it"
          )
        case .unusable(let reason): ("unusable", .yellow, reason.printable())
        }
      return "  " + style(paint, word.padded(toColumns: 8)) + "  \(name)  \(detail)"
    }
    lines += conclusion
    return lines
  }

  private var conclusion: [String] {
    let missing = findings.filter { !$0.isFound && !$0.requirement.isOptional }
    var lines: [String] = []
    if findings.contains(where: { $0.requirement.kind == .sandbox && !$0.isFound }) {
      lines.append("Builds run without a sandbox here, and give the same bytes.")
    }
    let servers = findings.filter { $0.state == .missing && $0.requirement.isServer }
    if !servers.isEmpty {
      lines.append(
        "\(countText(servers.count, "program")) of servers \(servers.count == 1 ? "is" : "are") missing; only "
          + "the machine that serves needs \(servers.count == 1 ? "it" : "them").")
    }
    if missing.isEmpty {
      lines.append("Everything that these recipes need is here.")
    } else {
      lines.append(
        "\(missing.count) of \(countText(findings.count, "thing")) that these recipes need "
          + (missing.count == 1 ? "is" : "are") + " missing.")
    }
    if let installCommand {
      lines.append(
        (missing.isEmpty ? "This brings what is useful beside:" : "This brings it:")
          + " (Debian, Ubuntu)")
      lines.append("  " + installCommand.joined(separator: " "))
    }
    return lines
  }

  /// The report as one JSON object; docs/json.md describes it.
  var json: JSON {
    .object([
      "healthy": .bool(isHealthy),
      "install": installCommand.map { .array($0.map(JSON.string)) } ?? .null,
      "findings": .array(
        findings.map { finding in
          let state: String
          var path: JSON?
          var reason: JSON?
          switch finding.state {
          case .found(let place): (state, path) = ("found", .string(place))
          case .missing: state = "missing"
          case .unusable(let why): (state, reason) = ("unusable", .string(why))
          }
          return .object([
            "name": .string(finding.requirement.name),
            "kind": .string(finding.requirement.kind.rawValue),
            "state": .string(state), "path": path, "reason": reason,
            "package": finding.requirement.package.map(JSON.string) ?? .null,
            "optional": .bool(finding.requirement.isOptional),
          ])
        }),
    ])
  }
}
