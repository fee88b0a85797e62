import ArgumentParser

struct BuildCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build", abstract: "Build some targets and place them in the output tree.",
    discussion: "Other targets stay as they are.")

  @Argument(help: "The targets, by their paths in the output tree.")
  var targets: [String]

  @OptionGroup var site: SiteOptions
  @OptionGroup var build: BuildOptions
  @OptionGroup var signing: SigningOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let run = SiteBuild(
      site: site, build: build, signing: signing, console: Console(terminal), targets: targets)
    throw try await Interruption.cancelling { try await run.run() }.code
  }
}
