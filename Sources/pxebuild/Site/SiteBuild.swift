import BuildEngine
import BuiltIns
import Recipes
import SystemPackage
import UpstreamMake

/// `all` and `build`: the whole way from recipes to the output tree.
struct SiteBuild: Sendable {
  let site: SiteOptions
  let build: BuildOptions
  let console: Console
  /// The targets asked for; nil for all.
  let targets: [String]?

  /// The built-ins of this pxebuild.
  static var builtIns: [any BuiltIn] { BuiltInActions.all + [IPXEBuiltIn()] }

  func run() async throws -> ExitStatus {
    let record = UpToDateRecord(file: try recordFile(), request: try request())
    // Scripts get the whole list of targets, which the record does not have.
    if !build.dryRun, console.mode != .json, let unchanged = try record.currentSummary() {
      try console.finish(unchangedSummary(unchanged))
      return .success
    }
    let cache = try CacheDirectory(try site.cache)
    let session = try BuildSession(
      cache: cache, builtIns: Self.builtIns, options: build.session,
      sink: { console.receive($0) })
    defer { session.close() }
    let loader = SiteLoader(
      site: site, isLocked: build.locked, isOffline: build.offline,
      allowsPrebuilt: build.allowPrebuilt, savesLock: !build.dryRun,
      observe: { try session.digests.observe($0) },
      note: { console.printNotes([$0]) })
    let loaded = try await loader.load(targets, resolving: !build.dryRun)
    console.show(warnings: loaded.recipes.warnings)
    let plan = try loaded.plan(targets)
    let output = try loaded.output
    let tree = OutputTree(output)
    if build.dryRun {
      try console.show(
        DryRun(
          try await session.forecast(plan), targets: targets, tree: tree,
          output: site.outputFolder ?? output.string, session))
      return .success
    }

    let lock = try tree.lock()
    defer { lock.release() }
    try record.remove()
    let result: BuildResult
    let changes: TreeChanges
    do {
      (result, changes) = try await console.display(planSize: plan.actions.count) {
        try await session.build(plan) { result in
          try place(result, plan, in: tree, session)
        }
      }
    } catch is CancellationError {
      try console.finish(
        BuildSummary(
          outcomes: [], output: site.outputFolder ?? output.string, placed: 0, removed: 0,
          wasInterrupted: true))
      return .interrupted
    }
    let last = LastBuild(in: cache, site: output.string)
    try last.add(result.keys)
    if result.isComplete, !result.askedOutside, let placed = try placedFiles(tree) {
      try record.save(
        read: session.digests.observations, placed: placed,
        summary: "\(result.outcomes.count) \(output)")
    }
    try console.finish(
      BuildSummary(
        outcomes: result.outcomes,
        folderSizes: Dictionary(
          try tree.manifest().targets.map { ($0.path, $0.size) }, uniquingKeysWith: { $1 }),
        output: site.outputFolder ?? output.string,
        placed: changes.placed.count, removed: changes.removed.count))
    return ExitStatus(result.outcomes)
  }

  /// Without --keep-going a failure leaves the tree as it was.
  private func place(
    _ result: BuildResult, _ plan: Plan, in tree: OutputTree, _ session: BuildSession
  ) throws -> TreeChanges {
    if result.hasFailures && !build.keepGoing { return TreeChanges() }
    let wanted = zip(result.outcomes, plan.targets).compactMap { TreeTarget($0, $1) }
    var keeping = Set(result.outcomes.map(\.path)).subtracting(wanted.map(\.path))
    if targets != nil { keeping.formUnion(try tree.manifest().targets.map(\.path)) }
    return try tree.update(
      to: wanted, keeping: keeping.subtracting(wanted.map(\.path)), store: session.store,
      digests: session.digests)
  }

  // MARK: The record of an unchanged site

  /// Everything that decides what this command builds, but for what the record watches.
  private func request() throws -> String {
    let own = try FileIdentity.of(FilePath(FileSystem.readSymlink("/proc/self/exe")))
    return [
      Pxebuild.version, own.map { "\($0.inode) \($0.size) \($0.modified)" } ?? "",
      try site.recipes.string, try site.outputFolder.map { try absolute($0).string } ?? "",
      try site.cache.string,
      targets.map { "targets " + $0.joined(separator: "\0") } ?? "all",
      "\(build.allowPrebuilt) \(build.locked)",
      "\(build.sandbox)",
    ].joined(separator: "\n")
  }

  private func recordFile() throws -> FilePath {
    let name = "up-to-date-\(Digest(of: Array(try request().utf8)).short)"
    return try site.cache.appending("state").appending(name)
  }

  private func placedFiles(_ tree: OutputTree) throws -> [FilePath]? {
    let manifest = try tree.manifest()
    return [tree.manifestPath]
      + manifest.targets.flatMap(\.files).map { tree.directory.pushing(FilePath($0.path)) }
  }

  /// - Parameter text: What the record was saved with: the number of targets and the output folder.
  private func unchangedSummary(_ text: String) -> BuildSummary {
    let words = text.split(separator: " ", maxSplits: 1)
    return BuildSummary(
      outcomes: [], targetCount: words.first.flatMap { Int($0) },
      output: site.outputFolder ?? words.last.map(String.init) ?? "", placed: 0, removed: 0)
  }
}

extension BuildResult {
  var hasFailures: Bool {
    outcomes.contains {
      switch $0.state {
      case .failed, .notReached: true
      case .built, .prebuilt, .skipped: false
      }
    }
  }

  /// True when every target was built as the recipes say, so that nothing has to be tried again.
  var isComplete: Bool {
    outcomes.allSatisfy { if case .built = $0.state { true } else { false } }
  }
}

extension TreeTarget {
  /// Nil for a target that has nothing to place.
  init?(_ outcome: TargetOutcome, _ target: PlannedTarget) {
    switch outcome.state {
    case .built(let artifact):
      self.init(
        path: outcome.path, artifact: artifact, isEntryPoint: target.isEntryPoint,
        entry: .init(
          path: outcome.path, rule: outcome.rule, state: outcome.isCompiled ? .compiled : .made))
    case .prebuilt(let artifact, let version, let because, let limitation):
      self.init(
        path: outcome.path, artifact: artifact, isEntryPoint: target.isEntryPoint,
        entry: .init(
          path: outcome.path, rule: outcome.rule, state: .prebuilt, version: version,
          packageSHA256: outcome.standInSHA256, because: because, limitation: limitation))
    case .skipped, .failed, .notReached: return nil
    }
  }
}
