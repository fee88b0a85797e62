import BuildEngine
import BuiltIns
import Glibc
import Recipes
import SystemPackage
import UpstreamMake

/// `all` and `build`: the whole way from recipes to the output tree.
struct SiteBuild: Sendable {
  let site: SiteOptions
  let build: BuildOptions
  let signing: SigningOptions
  let console: Console
  /// The targets asked for; nil for all.
  let targets: [String]?

  /// The built-ins of this pxebuild.
  static var builtIns: [any BuiltIn] { BuiltInActions.all + [IPXEBuiltIn()] }

  func run() async throws -> ExitStatus {
    let seen = SeenTargets()
    do { return try await run(seen) } catch {
      if !build.dryRun { try writeReport(seen.outcomes, endedBy: error) }
      throw error
    }
  }

  /// Where one is asked for.
  private func writeReport(_ outcomes: [TargetOutcome], endedBy error: (any Error)? = nil) throws {
    guard let file = build.reportFile else { return }
    let report = TargetReport(outcomes, endedBy: error, seconds: console.seconds)
    try FileSystem.replace(try absolute(file), with: report.xml.utf8)
  }

  private func run(_ seen: SeenTargets) async throws -> ExitStatus {
    let record = UpToDateRecord(file: try recordFile(), request: try request())
    // Scripts and reports get the whole list of targets, which the record does not have.
    if !build.dryRun, console.mode != .json, build.reportFile == nil,
      let unchanged = try record.currentSummary()
    {
      try console.finish(unchangedSummary(unchanged))
      return .success
    }
    let cache = try CacheDirectory(try site.cache)
    let session = try BuildSession(
      cache: cache, builtIns: Self.builtIns, options: try build.session,
      sink: {
        seen.receive($0)
        console.receive($0)
      })
    defer { session.close() }
    let loader = SiteLoader(
      site: site, isLocked: build.locked, isOffline: build.isOffline,
      allowsPrebuilt: build.allowPrebuilt, savesLock: !build.dryRun,
      observe: { try session.digests.observe($0) },
      note: { console.printNotes([$0]) })
    let loaded = try await loader.load(targets, resolving: !build.dryRun)
    console.show(warnings: loaded.recipes.warnings)
    let plan = try loaded.plan(targets)
    seen.expect(plan)
    let output = try loaded.output
    let tree = OutputTree(output)
    let configs = try targets == nil ? SiteConfigs(loaded) : nil
    console.show(warnings: configs?.warnings ?? [])
    let signing = try await SiteSigning(loaded, key: try signing.key, looksOnly: build.dryRun)
    console.show(warnings: signing?.warnings ?? [])
    let records = try SiteRecords(loaded, option: build.records)
    if build.dryRun {
      try console.show(
        try await DryRun(
          try await session.forecast(plan), targets: targets, tree: tree,
          output: site.outputFolder ?? output.string,
          configs: configs.map { try $0.preview(plan, session) },
          records: records?.isInTree == true ? Set(SiteRecords.names) : [], signing, session))
      return .success
    }

    let lock = try tree.lock()
    defer { lock.release() }
    let configLock = try configs?.lock()
    defer { configLock?.release() }
    let recordLock = try records?.lock()
    defer { recordLock?.release() }
    try record.remove()
    let packages = try await ToolPackages(rememberedIn: cache.state("tool-packages")).look(
      for: Set(plan.actions.flatMap(\.tools)))
    if build.isOffline, !build.keepGoing { try await checkSources(of: plan, cache) }
    let result: BuildResult
    let placed: Placed
    do {
      (result, placed) = try await console.display(planSize: plan.actions.count) {
        try await session.build(plan) { result in
          let left = result.hasFailures && !build.keepGoing
          if left {
            try note(result, of: output, in: cache)
            return Placed(changes: TreeChanges())
          }
          let facts = BuildFacts(
            plan, result, session, recipes: FilePath(loaded.recipes.folder), packages: packages)
          var placed = try await place(
            result, plan, in: tree, session, facts, signing,
            keepsRecords: records?.isInTree == true)
          _ = try records?.write(session)
          try tree.keepGeneration()
          placed.configs = try configs?.write(plan, session)
          try note(result, of: output, in: cache)
          return placed
        }
      }
    } catch let interruption as CancellationError {
      try writeReport(seen.outcomes, endedBy: interruption)
      try console.finish(
        BuildSummary(
          outcomes: [], output: site.outputFolder ?? output.string, placed: 0, removed: 0,
          wasInterrupted: true))
      return .interrupted
    }
    if let signing, let signed = placed.signing { console.show(signed, of: signing) }
    if result.isComplete, !result.askedOutside, placed.signing?.unsigned.isEmpty ?? true {
      try record.save(
        read: session.digests.observations,
        placed: try tree.placedFiles()
          + (placed.configs == nil ? [] : configs?.tree.placedFiles() ?? [])
          + (records.map { try $0.isInTree ? [] : $0.tree.placedFiles() } ?? []),
        summary: unchangedText(result.outcomes.count, output, placed.configs))
    }
    try writeReport(result.outcomes)
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

  /// For `why`, `cache status` and clean-ups; while the cache is still locked against these, because they keep what is
  /// noted here.
  private func note(_ result: BuildResult, of output: FilePath, in cache: CacheDirectory) throws {
    try LastBuild(in: cache, site: output.string).add(result.keys)
    try BuildHistory(in: cache).add(
      .init(
        time: Int64(time(nil)), executed: result.actionCount - result.cachedCount,
        cached: result.cachedCount, site: output.string))
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
    var signing: SiteSigning.Result?
    var configs: ConfigSummary?
  }

  /// - Parameter keepsRecords: They are in this tree too, and written after it.
  private func place(
    _ result: BuildResult, _ plan: Plan, in tree: OutputTree, _ session: BuildSession,
    _ known: BuildFacts, _ signing: SiteSigning?, keepsRecords: Bool
  ) async throws -> Placed {
    var known = known
    var wanted = try zip(result.outcomes, plan.targets).compactMap { outcome, target in
      var wanted = TreeTarget(outcome, target)
      guard wanted != nil else { return wanted }
      let names = try known.names(for: target, outcome)
      wanted?.entry.sources = names.sources.sorted()
      wanted?.entry.tools = names.tools.sorted()
      return wanted
    }
    var keeping = Set(result.outcomes.map(\.path)).subtracting(wanted.map(\.path))
    if targets != nil {
      // Signatures are made or found for all that will stand there.
      keeping.formUnion(
        try tree.manifest().targets.filter { $0.rule != SiteSigning.rule }.map(\.path))
    }
    let signed = try await signing?.sign(wanted, keeping: keeping, in: tree, session)
    wanted = signed?.targets ?? wanted
    if keepsRecords { keeping.formUnion(SiteRecords.names) }
    return Placed(
      changes: try tree.update(
        to: wanted, keeping: keeping.subtracting(wanted.map(\.path)), store: session.store,
        digests: session.digests, facts: known.facts), signing: signed)
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
      "\(build.allowPrebuilt) \(build.locked) \(build.records?.rawValue ?? "")",
      "\(build.sandbox) \(try signing.key?.path.string ?? "")",
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
