import ArgumentParser
import BuildEngine

struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Compare the output tree, the configs and the cache with what pxebuild wrote.",
    discussion: """
      Reads every byte and names each file that is missing, changed, of another mode, or foreign. Exits with 1 if \
      anything is. Nothing is repaired.
      """)

  @Flag(help: "Files that pxebuild did not place are no fault.")
  var allowForeign = false

  @Flag(help: "Look at the tree and the configs only.")
  var skipCache = false

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let console = Console(terminal)
    let verification = SiteVerification(
      site: site, allowsForeign: allowForeign, skipsCache: skipCache, console: console)
    let reports = try await Interruption.cancelling { try await verification.run() }
    if terminal.json {
      for report in reports { report.json(at: console.seconds).forEach(console.printEvent) }
    } else {
      try console.printResults(reports.flatMap { $0.lines(console.outputStyle) })
      console.printNotes(advice(reports))
    }
    if reports.contains(where: { $0.faultCount > 0 }) { throw ExitStatus.targetFailed.code }
  }

  private func advice(_ reports: [VerifyReport]) -> [String] {
    let problems = Set(reports.flatMap(\.findings).filter(\.isFault).map(\.problem))
    var lines: [String] = []
    if !problems.isDisjoint(with: ["missing", "changed", "mode"]) {
      lines.append(
        "pxebuild all puts back what is missing or changed, unless something foreign is in its place"
      )
    }
    if problems.contains("foreign") {
      lines.append("what is foreign stays: move it away, or say --allow-foreign")
    }
    if problems.contains("damaged") {
      lines.append(
        "pxebuild cache verify --repair drops what is damaged; the next build makes it again")
    }
    return lines
  }
}
