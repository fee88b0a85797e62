import ArgumentParser

struct AllCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "all", abstract: "Build every target and bring the output tree up to date.",
    discussion: "What no recipe names any more is removed from the tree.")

  @OptionGroup var site: SiteOptions
  @OptionGroup var build: BuildOptions
  @OptionGroup var signing: SigningOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let run = SiteBuild(
      site: site, build: build, signing: signing, console: Console(terminal), targets: nil)
    throw try await Interruption.cancelling { try await run.run() }.code
  }
}
