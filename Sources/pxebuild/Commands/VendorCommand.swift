import ArgumentParser
import BuildEngine

struct VendorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vendor",
    abstract:
      "Lay every source that a build needs down as plain files, for a site without a network.",
    discussion: """
      Bring the folder there and build with pxebuild all --vendor DIR. The folder is filled anew; what no recipe asks \
      for any more is removed from it.
      """)

  @Argument(help: "The folder: a new one, an empty one, or one that was filled before.")
  var folder: String

  @Argument(help: "Targets whose sources are wanted; all of them when left out.")
  var targets: [String] = []

  @Flag(help: "Take nothing that the lock file does not pin, and never write it.")
  var locked = false

  @Flag(help: "Lay Debian's own binaries down too, which may stand in for sources.")
  var allowPrebuilt = false

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let console = Console(terminal)
    let sources = SiteSources(
      site: site, isLocked: locked, allowsPrebuilt: allowPrebuilt, console: console)
    let report = try await Interruption.cancelling {
      try await sources.vendor(targets.isEmpty ? nil : targets, in: folder)
    }
    try report.show(terminal, console)
  }
}
