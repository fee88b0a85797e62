import ArgumentParser
import BootLab
import BuildEngine
import Glibc

struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Compare the output tree, the configs and the cache with what pxebuild wrote.",
    discussion: """
      Reads every byte and names each file that is missing, changed, of another mode, or foreign. Exits with 1 if \
      anything is. Nothing is repaired. With --rebuild every target is built again from nothing and compared; with \
      --against the tree is compared with somebody else's manifest.
      """)

  @Flag(help: "Files that pxebuild did not place are no fault.")
  var allowForeign = false

  @Flag(help: "Look at the tree and the configs only.")
  var skipCache = false

  @Flag(help: "Build every target again, in another folder, and compare bit by bit.")
  var rebuild = false

  @Option(help: "Compare with another tree: its folder, its manifest.json, or the URL of that.")
  var against: String?

  @Option(
    name: [.customShort("j", allowingJoined: true), .long],
    help:
      "How many programs a rebuild runs at a time; another number than a build takes, when left out."
  )
  var jobs: Int?

  @Flag(help: "Fetch nothing for a rebuild: use what the cache has.")
  var offline = false

  @Option(help: "Run a rebuild's programs in bubblewrap: auto, on or off.")
  var sandbox = Sandbox.Mode.auto

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func validate() throws {
    if let jobs, !(1...4096).contains(jobs) {
      throw ValidationError("--jobs is from 1 to 4096")
    }
  }

  func run() async throws {
    let console = Console(terminal)
    let verification = SiteVerification(
      site: site, allowsForeign: allowForeign, skipsCache: skipCache, console: console)
    let reports = try await Interruption.cancelling {
      var reports = try await verification.run()
      if let against {
        reports.append(try await compare(with: OtherManifest(place: against), verification))
      }
      if rebuild {
        let options = BuildSession.Options(
          jobs: jobs ?? Self.otherJobs, keepsGoing: true, isOffline: offline, sandbox: sandbox)
        reports.append(
          try await SiteRebuild(site: site, options: options, console: console).run())
      }
      return reports
    }
    if terminal.json {
      for report in reports { report.json(at: console.seconds).forEach(console.printEvent) }
    } else {
      try console.printResults(reports.flatMap { $0.lines(console.outputStyle) })
      console.printNotes(advice(reports))
    }
    if reports.contains(where: { $0.faultCount > 0 }) { throw ExitStatus.targetFailed.code }
  }

  /// Not what `all` takes, so that what depends on it shows.
  private static var otherJobs: Int {
    let cores = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    return cores > 1 ? cores - 1 : 2
  }

  private func compare(
    with other: OtherManifest, _ verification: SiteVerification
  ) async throws -> VerifyReport {
    let tree = try verification.outputTree()
    let work = try LabFolder(for: "verify")
    defer { work.remove() }
    return try await other.compare(try tree.existingManifest(), tree: tree, work: work.path)
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
    if problems.contains("differs") || problems.contains("unbuilt") {
      lines.append(
        "where recipes or sources have changed since the build, pxebuild why TARGET says what")
    }
    if problems.contains("damaged") {
      lines.append(
        "pxebuild cache verify --repair drops what is damaged; the next build makes it again")
    }
    return lines
  }
}
