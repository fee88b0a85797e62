import ArgumentParser
import BuildEngine

struct FetchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch",
    abstract: "Bring every source that a build needs into the cache, and build nothing.",
    discussion: "After it, pxebuild all --offline needs no network.")

  @Argument(help: "Targets whose sources are wanted; all of them when left out.")
  var targets: [String] = []

  @Flag(help: "Take nothing that the lock file does not pin, and never write it.")
  var locked = false

  @Flag(help: "Bring Debian's own binaries too, which may stand in for sources.")
  var allowPrebuilt = false

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let console = Console(terminal)
    let sources = SiteSources(
      site: site, isLocked: locked, allowsPrebuilt: allowPrebuilt, console: console)
    let report = try await Interruption.cancelling {
      try await sources.fetch(targets.isEmpty ? nil : targets)
    }
    try report.show(terminal, console)
  }
}
