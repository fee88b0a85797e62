import BuildEngine
import Glibc
import Recipes
import SystemPackage

/// The configs of a site, and the folder that servers read them from: an output tree of its own, which no
/// server hands out.
struct SiteConfigs: Sendable {
  let tree: OutputTree
  /// The folder as a person would write it.
  let folder: String
  /// What is suspicious of configs for this very tree.
  let warnings: [Diagnostic]
  private let recipes: RecipeSet
  /// The tree that is served, which configs name.
  private let served: OutputTree

  /// Throws `BuildError` when one of the two folders is inside the other, `RecipeErrors` when a config cannot
  /// be written.
  init(_ loaded: LoadedSite) throws {
    let output = try loaded.output
    let place = try loaded.site.configs(or: loaded.recipes.site.configs, output: output)
    (tree, folder) = (OutputTree(place.path, option: "--config-output"), place.name)
    recipes = loaded.recipes
    served = OutputTree(output)
    // Also when there are no configs any more: what was written before is removed.
    if try recipes.configs.isEmpty && tree.manifest().targets.isEmpty {
      warnings = []
      return
    }
    try Self.checkApart(place.path, output)
    warnings = try recipes.writtenConfigs(output: output.string).warnings
  }

  /// True when there is nothing to write and nothing to remove.
  private var isEmpty: Bool {
    get throws { try recipes.configs.isEmpty && tree.manifest().targets.isEmpty }
  }

  /// Takes the right to write the folder, where there is anything to do in it.
  func lock() throws -> TreeLock? { try isEmpty ? nil : tree.lock() }

  /// Brings the folder up to date. The served tree comes first: a config names what is there.
  ///
  /// - Parameter plan: Of all targets.
  /// - Returns: Nil when there is nothing to do.
  func write(_ plan: Plan, _ session: BuildSession) throws -> ConfigSummary? {
    if try isEmpty { return nil }
    let placed = try served.manifest().targets.map(\.path)
    let wanted = try files(absent: Set(plan.targets.map(\.path)).subtracting(placed))
    let changes = try tree.update(
      to: wanted, keeping: [], store: session.store, digests: session.digests)
    return ConfigSummary(wanted, changes, folder: folder)
  }

  /// What `write` would do, as far as it is known before the targets are made.
  func preview(_ plan: Plan, _ session: BuildSession) throws -> DryRun.Configs {
    let wanted = try files(absent: absentTargets(of: plan))
    return DryRun.Configs(
      folder: folder,
      changes: try tree.preview(
        of: wanted, keeping: [], store: session.store, digests: session.digests))
  }

  /// What the configs consist of.
  ///
  /// - Parameter absent: Targets that the served tree lacks, because their sources could not be reached.
  func files(absent: Set<String> = []) throws -> [TreeTarget] {
    let links = try served.manifest().targets.flatMap(\.files).filter { $0.link != nil }
    let written = try recipes.writtenConfigs(
      output: served.directory.string, absent: absent, links: Set(links.map(\.path)))
    return written.entries.map { entry in
      let path = entry.config.path
      return TreeTarget(
        path: path,
        texts: entry.files.map {
          TreeText(path: $0.path, bytes: $0.bytes, isPrivate: $0.isPrivate)
        },
        entry: .init(path: path, rule: entry.config.kindName, state: .made))
    }
  }

  /// The targets that the last build of all left out, as far as the tree shows: those that may be left out
  /// and are not there.
  func absentTargets(of plan: Plan) throws -> Set<String> {
    let placed = Set(try served.manifest().targets.map(\.path))
    guard !placed.isEmpty else { return [] }
    let optional = plan.targets.filter {
      switch $0.whenUnreachable {
      case .fail: false
      case .skip, .standIn: true
      }
    }
    return Set(optional.map(\.path)).subtracting(placed)
  }

  // MARK: Two folders apart

  private static func checkApart(_ configs: FilePath, _ output: FilePath) throws {
    let (configs, output) = (try resolved(configs), try resolved(output))
    let isInside = configs.starts(with: output)
    guard isInside || output.starts(with: configs) else { return }
    throw BuildError(
      .recipe,
      isInside
        ? "the folder for configs is inside the tree that is served"
        : "the tree that is served is inside the folder for configs",
      reason: "configs go to \(configs.printable), the tree to \(output.printable)",
      advice: "choose a folder apart with --config-output DIR, or configs: in site:")
  }

  /// A path without links, as far as it exists.
  static func resolved(_ path: FilePath) throws -> FilePath {
    if let real = path.withPlatformString({ realpath($0, nil) }) {
      defer { free(real) }
      return FilePath(String(cString: real))
    }
    guard let name = path.lastComponent else { return path }
    return try resolved(path.removingLastComponent()).appending(name)
  }
}

extension SiteOptions {
  /// Where configs go: what the option says, then the recipes, then the output folder's name with "-conf"
  /// added.
  func configs(or fromRecipes: String?, output: FilePath) throws -> (path: FilePath, name: String) {
    if let configFolder { return (try absolute(configFolder), configFolder) }
    if let fromRecipes { return (try absolute(fromRecipes), fromRecipes) }
    let path = FilePath(output.string + "-conf")
    // As short as the output folder was named, where that name has an end to add to.
    guard let outputFolder, let end = FilePath(outputFolder).lastComponent, end.kind == .regular
    else { return (path, path.string) }
    return (path, FilePath(outputFolder).string + "-conf")
  }
}
