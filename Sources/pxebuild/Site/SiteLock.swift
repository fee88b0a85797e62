import BuildEngine
import Recipes
import SystemPackage

/// `lock`: what the lock file says now against what the recipes ask for.
struct SiteLock: Sendable {
  let site: SiteOptions
  /// Names of sources to ask for anew; "all" for every one.
  let update: [String]
  let isCheckOnly: Bool
  let note: @Sendable (String) -> Void

  /// Brings the lock file up to date and returns what changed, for people.
  func run() async throws -> [String] {
    let recipes = try RecipeSet.load(
      folder: try site.recipes.string, name: site.recipeFolder)
    let name = "\(site.recipeFolder)/\(LockFile.fileName)"
    let path = try site.recipes.appending(LockFile.fileName)
    let old = try LockFile.load(path.string, name: name)
    let sources = try recipes.requestedSources()
    var lock = old
    lock.keepOnly(sources.map(\.request))
    for source in try chosen(from: sources) { lock.unpin(source.request) }
    let missing = sources.filter { !lock.resolves($0.request) }
    let standIns = Set(recipes.sources.compactMap(\.prebuiltPackage))
    func isStandIn(_ source: RequestedSource) -> Bool {
      if case .deb(let package) = source.request { standIns.contains(package) } else { false }
    }
    if isCheckOnly {
      if let first = missing.first(where: { !isStandIn($0) }) {
        throw SourcePins.notPinned(first, in: path, reason: "\(name) has no entry for it")
      }
      let free = missing.map { $0.names.joined(separator: ", ") }
      return ["\(name) pins every source"]
        + (free.isEmpty
          ? []
          : [
            "not pinned, each machine takes its own: the stand-ins of "
              + free.joined(separator: ", ")
          ])
    }
    let cache = try CacheDirectory(try site.cache)
    let pins = SourcePins(isOffline: false, cache: cache)
    var failure: BuildError?
    for source in missing {
      note("asking for \(source.names.joined(separator: ", "))")
      do { try await pins.pin(source, in: &lock) } catch let error as BuildError {
        if isStandIn(source), error.kind == .unreachable {
          note("its stand-in stays unpinned: \(error.message)")
        } else {
          failure = failure ?? error
        }
      }
    }
    // What was answered is kept even when something else was not.
    if lock != old { try FileSystem.replace(path, with: lock.serialised().utf8) }
    if let failure { throw failure }
    guard lock != old else { return ["\(name) pins every source; nothing changed"] }
    return changes(from: old, to: lock) + ["wrote \(name)"]
  }

  private func chosen(from sources: [RequestedSource]) throws -> [RequestedSource] {
    if update.contains("all") { return sources }
    return try update.flatMap { name in
      let found = sources.filter { $0.names.contains(name) }
      guard !found.isEmpty else {
        let known = Set(sources.flatMap(\.names)).sorted().joined(separator: ", ")
        throw BuildError(
          .recipe, "no source is named \(name.printable)", reason: "the recipes have: \(known)",
          advice: "name one of these with --update, or say --update all")
      }
      return found
    }
  }

  private func changes(from old: LockFile, to new: LockFile) -> [String] {
    let before = Set(old.serialised().split(separator: "\n"))
    let after = Set(new.serialised().split(separator: "\n"))
    return new.serialised().split(separator: "\n").filter { !before.contains($0) }.map { "+ \($0)" }
      + old.serialised().split(separator: "\n").filter { !after.contains($0) }.map { "- \($0)" }
  }
}
