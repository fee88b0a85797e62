import ArgumentParser

struct WinPECommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "winpe", abstract: "Look into a Windows PE that was built.",
    subcommands: [WinPEListCommand.self, WinPEShowCommand.self])
}
