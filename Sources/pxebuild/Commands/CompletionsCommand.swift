import ArgumentParser

struct CompletionsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "completions", abstract: "Print the completions for a shell: bash, zsh or fish.",
    discussion: "For bash: pxebuild completions bash > /etc/bash_completion.d/pxebuild")

  @Argument(help: "bash, zsh or fish.")
  var shell: String

  func run() throws {
    guard let shell = CompletionShell(rawValue: shell) else {
      throw ValidationError("there are completions for bash, zsh and fish, not for \(shell)")
    }
    try Console(TerminalOptions.plain).printResults([Pxebuild.completionScript(for: shell)])
  }
}
