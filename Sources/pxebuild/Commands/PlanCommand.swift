import ArgumentParser
import BuildEngine

struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Show the actions behind targets and what each reads.",
    discussion: "Nothing is fetched and nothing is built.")

  @Argument(help: "Targets and configs; all of them when left out.")
  var targets: [String] = []

  @Flag(help: "Print the graph in the DOT language, for Graphviz.")
  var dot = false

  @Flag(help: "Let Debian's own binaries stand in for sources that cannot be reached.")
  var allowPrebuilt = false

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let console = Console(terminal)
    let loader = SiteLoader(
      site: site, isLocked: false, isOffline: true, allowsPrebuilt: allowPrebuilt,
      note: { console.printNotes([$0]) })
    let loaded = try await loader.load(targets.isEmpty ? nil : targets, resolving: false)
    let all = loaded.recipes.configs
    let configs = targets.isEmpty ? all : all.filter { targets.contains($0.path) }
    let names = targets.filter { name in !configs.contains { $0.path == name } }
    let plan = try loaded.plan(targets.isEmpty ? nil : names)
    if terminal.json {
      try console.printResult(plan.json(configs))
    } else {
      try console.printResults(dot ? plan.dot : plan.lines + configs.map(\.planLine))
    }
  }
}
