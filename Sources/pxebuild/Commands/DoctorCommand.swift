import ArgumentParser
import BuildEngine
import BuiltIns
import Recipes

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Look for every program and header that these recipes need.",
    discussion: """
      Prints the one command that installs what is missing. Exits with 1 if anything is that a build needs; a server \
      that a config is for may be missing on a machine that only builds.
      """
  )

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let console = Console(terminal)
    let loader = SiteLoader(
      site: site, isLocked: false, isOffline: true, allowsPrebuilt: true,
      note: { console.printNotes([$0]) })
    let loaded = try await loader.load(resolving: false)
    var names = Set(try loaded.plan(nil).actions.flatMap(\.tools))
    let usesGit = loaded.recipes.sources.contains {
      if case .git = $0.kind { true } else { false }
    }
    if usesGit { names.insert("git") }
    if loaded.recipes.site.signing != nil { names.insert("openssl") }
    if loaded.recipes.site.secureBoot != nil {
      names.formUnion(["openssl"] + ProgramSigner.programs)
    }
    let report = await Doctor().examine(
      names.sorted(), servers: loaded.recipes.serverPrograms)
    if terminal.json {
      try console.printResult(report.json)
    } else {
      try console.printResults(report.lines(console.outputStyle))
    }
    if !report.isHealthy { throw ExitStatus.targetFailed.code }
  }
}
