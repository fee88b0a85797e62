import ArgumentParser
import BuildEngine
import Recipes

struct LockCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lock", abstract: "Pin every source of the recipes in recipes/pxebuild.lock.",
    discussion: """
      Sources that the lock file pins already stay as they are; --update asks for them anew.
      """)

  @Option(
    name: .long, help: "Ask anew for this source (may be repeated); \"all\" for every one of them.")
  var update: [String] = []

  @Flag(help: "Write nothing; exit with 65 when the lock file does not pin everything.")
  var check = false

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let console = Console(terminal)
    let update = SiteLock(
      site: site, update: update, isCheckOnly: check, note: { console.printNotes([$0]) })
    let report = try await Interruption.cancelling { try await update.run() }
    if terminal.json {
      try console.printResult(report.json)
    } else {
      try console.printResults(report.lines)
    }
  }
}
