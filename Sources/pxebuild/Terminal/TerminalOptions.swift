import ArgumentParser

/// How much is shown, and in which form: the flags that every building subcommand has.
struct TerminalOptions: ParsableArguments, Sendable {
  @Flag(name: [.short, .long], help: "Show errors only.")
  var quiet = false

  @Flag(name: [.short, .long], help: "Show every action and target, cached ones as well.")
  var verbose = false

  @Flag(help: "Print one JSON object a line (docs/json.md).")
  var json = false

  @Option(help: "Colour the output: auto, always or never. NO_COLOR is respected.")
  var color = ColorChoice.auto

  func validate() throws {
    if quiet && verbose { throw ValidationError("--quiet and --verbose exclude each other") }
  }
}
