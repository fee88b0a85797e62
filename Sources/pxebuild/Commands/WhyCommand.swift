import ArgumentParser
import BuildEngine

struct WhyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why", abstract: "Say what a build of a target would do, and what has changed.",
    discussion: """
      For each action behind the target: whether its result is cached, and where it is not, the \
      difference between its key now and its key at the last build.
      """)

  @Argument(help: "The target, by its path in the output tree.")
  var target: String

  @OptionGroup var site: SiteOptions
  @OptionGroup var build: BuildOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let console = Console(terminal)
    let cache = try CacheDirectory(try site.cache)
    let session = try BuildSession(
      cache: cache, builtIns: SiteBuild.builtIns, options: build.session, sink: { _ in })
    defer { session.close() }
    let loader = SiteLoader(
      site: site, isLocked: build.locked, isOffline: true, allowsPrebuilt: build.allowPrebuilt,
      note: { console.printNotes([$0]) })
    let loaded = try await loader.load([target], resolving: false)
    let forecast = try await session.forecast(try loaded.plan([target]))
    let keys = try LastBuild(in: cache, site: try loaded.output.string).keys()
    if forecast.steps.isEmpty {
      try console.printResults([
        "\(target.printable): no action makes it, the recipe holds it whole"
      ])
    }
    for step in forecast.steps {
      try console.printResults(try explain(step, before: keys[step.name], session.store))
    }
  }

  private func explain(_ step: Forecast.Step, before: Digest?, _ store: ContentStore) throws
    -> [String]
  {
    let name = step.name.printable
    switch step.state {
    case .cached: return ["\(name): cached"]
    case .alwaysRuns: return ["\(name): runs at every build, it asks the outside world"]
    case .unknown(let names):
      return [
        "\(name): not known before these have run: \(names.joined(separator: ", ").printable)"
      ]
    case .wouldRun:
      guard let key = step.key else { return ["\(name): would run"] }
      guard let before else { return ["\(name): would run, it was never built here"] }
      guard before != key.digest else {
        return ["\(name): would run, its result is no longer in the cache"]
      }
      guard let old = try KeyDescription(of: before, in: store) else {
        return ["\(name): would run, its key has changed; the old one is no longer in the cache"]
      }
      let new = try KeyDescription(of: key, in: store)
      return ["\(name): would run, because these have changed since the last build"]
        + new.differences(from: old).map {
          "    \($0.fact): \($0.old ?? "nothing") -> \($0.new ?? "nothing")".printable
        }
    }
  }
}
