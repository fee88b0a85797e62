import Recipes

extension Console {
  /// Prints what is wrong with the recipes.
  func show(_ errors: RecipeErrors) {
    printDiagnostics(errors.diagnostics)
  }

  /// Prints what is odd about the recipes but stops nothing.
  func show(warnings: [Diagnostic]) {
    if mode != .quiet { printDiagnostics(warnings) }
  }

  private func printDiagnostics(_ diagnostics: [Diagnostic]) {
    guard !diagnostics.isEmpty else { return }
    if mode == .json {
      for diagnostic in diagnostics { printEvent(diagnostic.json(at: seconds)) }
    } else {
      printErrors([
        Diagnostic.rendered(diagnostics, style: errorStyle.isOn ? .coloured : .plain), "",
      ])
    }
    if annotates { printErrors(diagnostics.map { GitHubAnnotation($0).line }) }
  }
}

extension Diagnostic {
  /// The event `diagnostic` of docs/json.md.
  fileprivate func json(at seconds: Double) -> JSON {
    .object([
      "event": .string("diagnostic"), "time": .seconds(seconds),
      "severity": .string(severity.rawValue), "message": .string(message),
      "file": location.map { .string($0.file.name) },
      "line": location.map { .integer(Int64($0.line)) },
      "column": location.map { .integer(Int64($0.column)) },
      "notes": notes.isEmpty ? nil : .array(notes.map { .string($0.message) }),
      "help": help.map { .string($0) },
    ])
  }
}

extension TerminalOptions {
  /// The defaults, for a subcommand that has no such flags.
  static var plain: TerminalOptions { make([]) }

  /// The flags of this process as far as they can be told without knowing its subcommand: for an error
  /// that ended it.
  static var fromArguments: TerminalOptions {
    let arguments = CommandLine.arguments.dropFirst()
    var known = arguments.filter { ["--json", "--quiet", "-q"].contains($0) }
    if let index = arguments.firstIndex(of: "--color"), index + 1 < arguments.endIndex {
      known += ["--color", arguments[index + 1]]
    }
    return make(Array(known))
  }

  private static func make(_ arguments: [String]) -> TerminalOptions {
    // Options that do not parse have been reported by the subcommand's own parser.
    (try? TerminalOptions.parse(arguments)) ?? TerminalOptions()
  }
}
