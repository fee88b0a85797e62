import BuildEngine
import Recipes
import SystemPackage

/// `verify`: what stands on the disk against what pxebuild wrote there.
struct SiteVerification: Sendable {
  let site: SiteOptions
  let allowsForeign: Bool
  let skipsCache: Bool
  let console: Console

  /// One report for each place, as they come.
  func run() async throws -> [VerifyReport] {
    let places = try self.places()
    let cache = try skipsCache ? nil : existingCache()
    return try await console.display(planSize: places.count + (cache == nil ? 0 : 1)) {
      console.receive(.wanted(actions: places.count + (cache == nil ? 0 : 1)))
      var reports: [VerifyReport] = []
      for (index, place) in places.enumerated() {
        let result = try await step(index, "verify \(place.name)") {
          try await place.tree.verify(progress: $0)
        }
        try distrust(result, in: place.tree)
        reports.append(
          VerifyReport(result, place: place.name, noun: place.noun, allowsForeign: allowsForeign))
      }
      if let cache {
        let result = try await step(places.count, "verify the cache") {
          try await CacheMaintenance(cache).verify(dropsFaults: false, progress: $0)
        }
        reports.append(VerifyReport(result, place: cache.path.string))
      }
      return reports
    }
  }

  private struct Place: Sendable {
    var tree: OutputTree
    var name: String
    var noun: String
  }

  /// The output tree.
  func outputTree() throws -> OutputTree { try places()[0].tree }

  /// The output tree, and the folder for configs where there is one.
  private func places() throws -> [Place] {
    // A served tree can be verified where its recipes are not.
    let hasRecipes = try FileIdentity.of(site.recipes) != nil || site.outputFolder == nil
    let fromRecipes =
      hasRecipes
      ? try RecipeSet.load(folder: site.recipes.string, name: site.recipeFolder).site : nil
    let output = try site.output(or: fromRecipes?.output)
    let configs = try site.configs(or: fromRecipes?.configs, output: output)
    let tree = OutputTree(configs.path, option: "--config-output")
    var places = [
      Place(tree: OutputTree(output), name: site.outputFolder ?? output.string, noun: "target")
    ]
    if try FileIdentity.of(tree.manifestPath) != nil {
      places.append(Place(tree: tree, name: configs.name, noun: "config"))
    }
    let beside = site.records(output: output)
    let records = OutputTree(beside.path, option: "--output")
    if try FileIdentity.of(records.manifestPath) != nil {
      places.append(Place(tree: records, name: beside.name, noun: "record"))
    }
    return places
  }

  /// Nil where there is none: looking for it would make it.
  private func existingCache() throws -> CacheDirectory? {
    let path = try site.cache
    return try FileIdentity.of(path, followingLinks: true) == nil ? nil : CacheDirectory(path)
  }

  /// Shows one check like an action of a build.
  private func step<Result: Sendable>(
    _ index: Int, _ name: String,
    _ body: (@escaping @Sendable (Int64, Int64) -> Void) async throws -> Result
  ) async throws -> Result {
    let step = Step(id: ActionID(index: index), name: name) { console.receive($0) }
    step.begin()
    return try await body { step.progress(Progress(done: $0, total: $1, unit: .bytes)) }
  }

  /// A file whose bytes changed while its time stamps did not is right in the eyes of a build: this makes the
  /// next one look again.
  private func distrust(_ result: TreeVerification, in tree: OutputTree) throws {
    let changed = result.findings.filter {
      if case .changed = $0.problem { true } else { false }
    }
    guard !changed.isEmpty, let cache = try existingCache() else { return }
    do {
      let digests = try FileDigests(rememberedIn: cache.state("file-digests"))
      digests.forget(changed.map { tree.directory.pushing(FilePath($0.path)) })
      try digests.save()
      let state = cache.path.appending("state")
      for name in try FileSystem.list(state) where name.hasPrefix(UpToDateRecord.prefix) {
        try FileSystem.remove(state.appending(name))
      }
    } catch let error as BuildError where [.noPermission, .cannotWrite].contains(error.kind) {
      // Whoever may write the cache will have to say it again.
    }
  }
}
