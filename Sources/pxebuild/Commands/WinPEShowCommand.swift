import ArgumentParser

struct WinPEShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Print a file out of an image, as it is.")

  @Argument(help: "The target, by its path in the output tree.")
  var target: String

  @Argument(help: "The file's path in the image: Windows/System32/startnet.cmd.")
  var path: String

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    try Console(terminal).printBytes(try BuiltImage(target, of: site).bytes(of: path))
  }
}
