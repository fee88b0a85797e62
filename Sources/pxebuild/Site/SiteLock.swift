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

  /// Brings the lock file up to date and returns what changed.
  func run() async throws -> LockReport {
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
      let unpinned = missing.filter { !isStandIn($0) }
      if !unpinned.isEmpty { throw SourcePins.notPinned(unpinned, in: name) }
      return LockReport(
        file: name, isCheck: true, unpinnedStandIns: missing.flatMap(\.names), added: [],
        removed: [])
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
    if lock != old { try lock.write(to: path) }
    if let failure { throw failure }
    let before = old.serialised().split(separator: "\n").map(String.init)
    let after = lock.serialised().split(separator: "\n").map(String.init)
    return LockReport(
      file: name, isCheck: false,
      unpinnedStandIns: missing.filter { !lock.resolves($0.request) }.flatMap(\.names),
      added: after.filter { !before.contains($0) }, removed: before.filter { !after.contains($0) })
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
}

/// What `lock` did, or with --check found.
struct LockReport: Sendable {
  /// The lock file as a person would write its path.
  let file: String
  let isCheck: Bool
  /// Sources whose stand-in nobody has pinned: each machine takes what its own release has.
  let unpinnedStandIns: [String]
  /// Lines of the lock file that came and went.
  let added: [String]
  let removed: [String]

  /// For people.
  var lines: [String] {
    let free =
      unpinnedStandIns.isEmpty
      ? []
      : [
        "not pinned, each machine takes its own: the stand-ins of "
          + unpinnedStandIns.joined(separator: ", ")
      ]
    if isCheck { return ["\(file) pins every source"] + free }
    if added.isEmpty, removed.isEmpty { return ["\(file) pins every source; nothing changed"] }
    return added.map { "+ \($0)" } + removed.map { "- \($0)" } + ["wrote \(file)"]
  }

  var json: JSON {
    .object([
      "lock": .string(file), "changed": .bool(!added.isEmpty || !removed.isEmpty),
      "added": .array(added.map(JSON.string)), "removed": .array(removed.map(JSON.string)),
      "unpinnedStandIns": .array(unpinnedStandIns.map(JSON.string)),
    ])
  }
}
