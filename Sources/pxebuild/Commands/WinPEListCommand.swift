import ArgumentParser
import BuiltIns

struct WinPEListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Print an image's architecture, version, languages, drivers and what it starts.",
    discussion: "What net use is given as a password is shown as ***.")

  @Argument(help: "The target, by its path in the output tree.")
  var target: String

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let console = Console(terminal)
    let report = try BuiltImage(target, of: site).report()
    if terminal.json {
      try console.printResult(report.json)
    } else {
      try console.printResults(report.lines)
    }
  }
}

extension WinPEReport {
  /// For people.
  var lines: [String] {
    func row(_ name: String, _ value: String) -> String {
      name + String(repeating: " ", count: 14 - name.count)
        + (value.isEmpty ? "unknown" : value.printable)
    }
    var lines = [
      row("image", name), row("architecture", architecture), row("version", version),
      row("languages", languages.joined(separator: ", ")),
      "drivers       \(drivers.isEmpty ? "none" : String(drivers.count))",
    ]
    for driver in drivers {
      let facts =
        driver.problem.map { "cannot be read: \($0)" }
        ?? [
          driver.driverClass, driver.provider, driver.version,
          driver.signature == .none ? "not signed" : driver.signature.rawValue,
        ].filter { !$0.isEmpty }.joined(separator: ", ")
      lines.append("  \(driver.path.printable)  \(facts.printable)")
    }
    lines.append(row("starts", start?.path ?? "nothing of its own"))
    for line in (start?.text ?? "").split(
      omittingEmptySubsequences: true, whereSeparator: \.isNewline)
    {
      lines.append("  | \(String(line).printable)")
    }
    return lines
  }

  /// For scripts (docs/json.md).
  var json: JSON {
    .object([
      "image": .string(name), "architecture": .string(architecture), "version": .string(version),
      "languages": .array(languages.map { .string($0) }),
      "drivers": .array(
        drivers.map { driver in
          .object([
            "path": .string(driver.path), "class": .string(driver.driverClass),
            "provider": .string(driver.provider), "version": .string(driver.version),
            "signature": .string(driver.signature.rawValue),
            "problem": driver.problem.map { .string($0) } ?? .null,
          ])
        }),
      "start": .object([
        "path": start.map { .string($0.path) } ?? .null,
        "text": start.map { .string($0.text) } ?? .null,
      ]),
    ])
  }
}
