import ArgumentParser
import BuildEngine

struct WhyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why", abstract: "Say what a build of a target would do, and what has changed.",
    discussion: """
      For each action behind the target: whether its result is cached, and where it is not, the \
      difference between its key now and its key at the last build.
      """)

  @Argument(help: "The target, by its path in the output tree, or a config.")
  var target: String

  @OptionGroup var site: SiteOptions
  @OptionGroup var build: BuildOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let console = Console(terminal)
    let cache = try CacheDirectory(try site.cache)
    let session = try BuildSession(
      cache: cache, builtIns: SiteBuild.builtIns, options: try build.session, sink: { _ in })
    defer { session.close() }
    let loader = SiteLoader(
      site: site, isLocked: build.locked, isOffline: true, allowsPrebuilt: build.allowPrebuilt,
      note: { console.printNotes([$0]) })
    let loaded = try await loader.load([target], resolving: false)
    let explanation = try await explain(loaded, cache, session)
    if terminal.json {
      try console.printResult(explanation.json)
    } else {
      try console.printResults(explanation.lines)
    }
  }

  private func explain(_ loaded: LoadedSite, _ cache: CacheDirectory, _ session: BuildSession)
    async throws -> Explanation
  {
    let isConfig = loaded.recipes.config(target) != nil
    let configs = try isConfig ? SiteConfigs(loaded) : nil
    let reader = ExplanationReader(
      store: session.store, digests: session.digests,
      tree: try configs?.tree ?? OutputTree(try loaded.output),
      before: try LastBuild(in: cache, site: try loaded.output.string).keys())
    guard let configs else {
      return try reader.explain(target, try await session.forecast(try loaded.plan([target])))
    }
    let absent = try configs.absentTargets(of: try loaded.plan(nil))
    guard let config = try configs.files(absent: absent).first(where: { $0.path == target }) else {
      throw BuildError(.failed, "the config \(target.printable) consists of nothing")
    }
    return try reader.explain(config: config)
  }
}
