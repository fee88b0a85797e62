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
      cache: cache, builtIns: Self.builtIns, options: try build.session,
      sink: { console.receive($0) })
    defer { session.close() }
    let loader = SiteLoader(
      site: site, isLocked: build.locked, isOffline: build.isOffline,
      allowsPrebuilt: build.allowPrebuilt, savesLock: !build.dryRun,
      observe: { try session.digests.observe($0) },
      note: { console.printNotes([$0]) })
    let loaded = try await loader.load(targets, resolving: !build.dryRun)
    console.show(warnings: loaded.recipes.warnings)
    let plan = try loaded.plan(targets)
    let output = try loaded.output
    let tree = OutputTree(output)
    let configs = try targets == nil ? SiteConfigs(loaded) : nil
    console.show(warnings: configs?.warnings ?? [])
    if build.dryRun {
      try console.show(
        DryRun(
          try await session.forecast(plan), targets: targets, tree: tree,
          output: site.outputFolder ?? output.string,
          configs: configs.map { try $0.preview(plan, session) },
          session))
      return .success
    }

    let lock = try tree.lock()
    defer { lock.release() }
    let configLock = try configs?.lock()
    defer { configLock?.release() }
    try record.remove()
    if build.isOffline, !build.keepGoing { try await checkSources(of: plan, cache) }
    let result: BuildResult
    let placed: Placed
    do {
      (result, placed) = try await console.display(planSize: plan.actions.count) {
        try await session.build(plan) { result in
          let changes = try place(result, plan, in: tree, session)
          let left = result.hasFailures && !build.keepGoing
          return Placed(
            changes: changes, configs: left ? nil : try configs?.write(plan, session))
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
    if result.isComplete, !result.askedOutside {
      try record.save(
        read: session.digests.observations,
        placed: try tree.placedFiles()
          + (placed.configs == nil ? [] : configs?.tree.placedFiles() ?? []),
        summary: unchangedText(result.outcomes.count, output, placed.configs))
    }
    try console.finish(
      BuildSummary(
        outcomes: result.outcomes,
        folderSizes: Dictionary(
          try tree.manifest().targets.map { ($0.path, $0.size) }, uniquingKeysWith: { $1 }),
        output: site.outputFolder ?? output.string,
        placed: placed.changes.placed.count, removed: placed.changes.removed.count,
        configs: placed.configs))
    return ExitStatus(result.outcomes)
  }

  /// Offline, everything that is missing is named before anything is made of the rest.
  private func checkSources(of plan: Plan, _ cache: CacheDirectory) async throws {
    var options = try build.session
    options.keepsGoing = true
    let session = try BuildSession(
      cache: cache, builtIns: Self.builtIns, options: options, sink: { _ in })
    defer { session.close() }
    try await SourceSupply(plan: plan).checkNothingIsMissing(
      session, vendor: build.vendorFolder)
  }

  /// What a build changed on the disk.
  private struct Placed {
    var changes: TreeChanges
    var configs: ConfigSummary?
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
      try site.configFolder.map { try absolute($0).string } ?? "",
      try site.cache.string,
      targets.map { "targets " + $0.joined(separator: "\0") } ?? "all",
      "\(build.allowPrebuilt) \(build.locked)",
      "\(build.sandbox)",
    ].joined(separator: "\n")
  }

  private func recordFile() throws -> FilePath {
    let name = UpToDateRecord.prefix + Digest(of: Array(try request().utf8)).short
    return try site.cache.appending("state").appending(name)
  }

  /// What the record is saved with: the number of targets and the output folder, the same of configs.
  private func unchangedText(_ count: Int, _ output: FilePath, _ configs: ConfigSummary?) -> String
  {
    let parts = ["\(count)", output.string] + (configs.map { ["\($0.count)", $0.folder] } ?? [])
    return parts.joined(separator: "\0")
  }

  private func unchangedSummary(_ text: String) -> BuildSummary {
    let parts = text.split(separator: "\0").map(String.init)
    var summary = BuildSummary(
      outcomes: [], targetCount: parts.first.flatMap { Int($0) },
      output: site.outputFolder ?? (parts.count > 1 ? parts[1] : ""), placed: 0, removed: 0)
    if parts.count > 3, let count = Int(parts[2]) {
      summary.configs = ConfigSummary(folder: parts[3], count: count)
    }
    return summary
  }
}

extension OutputTree {
  /// The manifest and everything that it lists.
  fileprivate func placedFiles() throws -> [FilePath] {
    let files = try manifest().targets.flatMap(\.files)
    return [manifestPath] + files.map { directory.pushing(FilePath($0.path)) }
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
        placement: target.placement,
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
