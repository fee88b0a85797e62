import BuildEngine
import Recipes
import SystemPackage

/// `verify --rebuild`: every target built again from nothing, in a cache of its own and with another number of jobs, and
/// compared with what the manifest says of the tree.
struct SiteRebuild: Sendable {
  let site: SiteOptions
  let options: BuildSession.Options
  let console: Console

  func run() async throws -> VerifyReport {
    let cache = try CacheDirectory(try site.cache)
    let session = try BuildSession(
      cache: cache, builtIns: SiteBuild.builtIns, options: options, sink: { _ in })
    defer { session.close() }
    let tree = try OutputTree(self.output)
    let manifest = SiteSigning.unsigned(try tree.existingManifest().withoutRecords)
    let loader = SiteLoader(
      site: site, isLocked: false, isOffline: options.isOffline,
      allowsPrebuilt: manifest.targets.contains { $0.state == .prebuilt }, savesLock: false,
      note: { console.printNotes([$0]) })
    let plan = try await loader.load().plan(nil)
    // What it leaves when it is killed, the next build removes.
    let work = try WorkDirectory(in: cache)
    defer { try? work.remove() }  // see above
    let lock = try await cache.lockForBuild()
    defer { lock.release() }
    let fresh = try CacheDirectory(work.path.appending("rebuild"))
    let again = try BuildSession(
      cache: fresh, builtIns: SiteBuild.builtIns, options: options,
      sink: { console.receive($0) })
    defer { again.close() }
    try await copySources(plan, from: session, to: again)
    let (_, findings) = try await console.display(planSize: plan.actions.count) {
      try await again.build(plan) { result in
        try compare(
          result, with: manifest,
          TargetComparison(then: session.store, tree: tree, now: again.store))
      }
    }
    let detailed = try await ByteReport(work: work.path).explain(findings)
    return VerifyReport(
      place: "rebuild", findings: detailed,
      scope: "\(countText(manifest.targets.count, "target")) built again with "
        + countText(options.jobs, "job"), bytesRead: nil)
  }

  private var output: FilePath {
    get throws {
      try site.output(
        or: RecipeSet.load(folder: try site.recipes.string, name: site.recipeFolder).site.output)
    }
  }

  /// Sources are pinned by what they are: those that are here need not be fetched again.
  private func copySources(
    _ plan: Plan, from session: BuildSession, to again: BuildSession
  ) async throws {
    let copy = ResultCopy(
      from: (session.store, session.cache.actionCache), to: (again.store, again.cache.actionCache))
    for step in try await session.forecast(plan).steps {
      guard step.state == .cached, let key = step.key, plan[step.id].bringsSource else { continue }
      _ = try copy.copy(key.digest)
    }
  }

  /// The targets that are not as they were. Those that are not in the tree yet are no matter.
  private func compare(
    _ result: BuildResult, with manifest: Manifest, _ comparison: TargetComparison
  ) throws -> [TargetDifference] {
    let outcomes = Dictionary(uniqueKeysWithValues: result.outcomes.map { ($0.path, $0) })
    return try manifest.targets.flatMap { entry -> [TargetDifference] in
      guard let outcome = outcomes[entry.path] else {
        return [TargetDifference(entry.path, "unbuilt", found: "no recipe makes it any more")]
      }
      switch outcome.state {
      case .built(let artifact): return try comparison.compare(entry, artifact, isPrebuilt: false)
      case .prebuilt(let artifact, _, _, _):
        return try comparison.compare(entry, artifact, isPrebuilt: true)
      case .skipped(let because):
        return [TargetDifference(entry.path, "unbuilt", found: "skipped, because \(because)")]
      case .failed(let error):
        return [TargetDifference(entry.path, "unbuilt", found: error.message)]
      case .notReached:
        return [TargetDifference(entry.path, "unbuilt", found: "another target failed before")]
      }
    }
  }
}
