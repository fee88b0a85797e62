import BuildEngine
import BuiltIns
import Recipes
import SystemPackage

/// A site whose recipes have been read and whose sources are pinned as far as they can be.
struct LoadedSite: Sendable {
  let recipes: RecipeSet
  let options: PlanOptions
  let site: SiteOptions

  /// Where the output tree goes. Throws `BuildError` when neither the recipes nor an option say so,
  /// which is no matter to a command that does not touch the tree.
  var output: FilePath {
    get throws { try site.output(or: recipes.site.output) }
  }

  func plan(_ targets: [String]?) throws(RecipeErrors) -> Plan {
    try recipes.plan(targets: targets, options: options)
  }
}

/// Reads a site: recipes, lock file, and what the lock file does not pin yet.
struct SiteLoader: Sendable {
  let site: SiteOptions
  let isLocked: Bool
  let isOffline: Bool
  let allowsPrebuilt: Bool
  /// False for a dry run, which writes nothing.
  var savesLock = true
  /// Told what was read before it is read, for the record that makes an unchanged build quick.
  var observe: @Sendable (FilePath) throws -> Void = { _ in }
  var note: @Sendable (String) -> Void

  /// For commands that look at what was built: nothing is asked of the network, nothing is written.
  static func looking(at site: SiteOptions, _ console: Console) -> SiteLoader {
    SiteLoader(
      site: site, isLocked: false, isOffline: true, allowsPrebuilt: false, savesLock: false,
      note: { console.printNotes([$0]) })
  }

  var lockPath: FilePath {
    get throws { try site.recipes.appending(LockFile.fileName) }
  }

  func load(_ targets: [String]? = nil, resolving: Bool = true) async throws -> LoadedSite {
    let folder = try site.recipes
    try observeRecipes(folder)
    let recipes = try RecipeSet.load(folder: folder.string, name: site.recipeFolder)
    for path in recipes.filesRead { try observe(FilePath(path)) }
    var lock = try LockFile.load(
      lockPath.string, name: "\(site.recipeFolder)/\(LockFile.fileName)")
    var unreachable: [SourceRequest: String] = [:]
    let unresolved = try recipes.unresolvedSources(
      lock: lock, for: targets?.filter { recipes.config($0) == nil })
    // Where nothing may be looked up, the plan says what the lock file lacks.
    if !resolving {
      for source in unresolved {
        unreachable[source.request] = "the lock file does not pin it yet"
      }
    } else if !unresolved.isEmpty, !isLocked {
      let pins = SourcePins(isOffline: isOffline, cache: try CacheDirectory(try site.cache))
      for source in unresolved {
        do {
          try await pins.pin(source, in: &lock)
        } catch let error as BuildError where error.kind == .unreachable {
          unreachable[source.request] = error.reason ?? error.message
        }
      }
      if savesLock, unreachable.count < unresolved.count { try save(lock) }
    }
    let options = PlanOptions(
      lock: lock, unreachable: unreachable, allowPrebuilt: allowsPrebuilt, isLocked: isLocked)
    return LoadedSite(recipes: recipes, options: options, site: site)
  }

  private func observeRecipes(_ folder: FilePath) throws {
    guard try FileIdentity.of(folder)?.kind == .directory else { return }
    try observe(folder)
    for name in try FileSystem.list(folder)
    where name.hasSuffix(".yaml") || name.hasSuffix(".yml") || name == LockFile.fileName {
      try observe(folder.appending(name))
    }
  }

  /// Recipes may lie where this user cannot write; then the pins hold for this run only.
  private func save(_ lock: LockFile) throws {
    let path = try lockPath
    do {
      try lock.write(to: path)
      note("pinned new sources in \(path.printable)")
    } catch let error as BuildError where [.noPermission, .cannotWrite].contains(error.kind) {
      note("new sources are not pinned: \(error.message): \(error.reason ?? "")")
    }
  }
}
