import BuildEngine
import Recipes
import SystemPackage

/// What a build says about itself: checksums, a manifest, provenance and a bill of materials, in the served tree or in a
/// folder beside it.
struct SiteRecords: Sendable {
  /// Their names.
  static let names = ["SHA256SUMS", "manifest.json", "provenance.intoto.json", "sbom.cdx.json"]
  /// What the manifest calls the rule of a record.
  static let rule = "record"

  /// The folder that they go to: the served tree, or one of their own.
  let tree: OutputTree
  /// The folder as a person would write it.
  let folder: String
  let isInTree: Bool
  private let served: OutputTree
  private let recipes: RecipeSet

  /// Nil when nobody wants any. Throws `RecipeErrors` when a target has the name of a record.
  ///
  /// - Parameter option: What the command says; the recipes decide where it says nothing.
  init?(_ loaded: LoadedSite, option: RecordPlace?) throws {
    let place = option ?? loaded.recipes.site.records ?? .none
    guard place != .none else { return nil }
    let output = try loaded.output
    served = OutputTree(output)
    recipes = loaded.recipes
    isInTree = place == .inTree
    if isInTree {
      (tree, folder) = (served, loaded.site.outputFolder ?? output.string)
      let clashes = recipes.targets.filter { target in
        Self.names.contains { target.path == $0 || target.path.hasPrefix("\($0)/") }
      }
      if !clashes.isEmpty { throw RecipeErrors(clashes.map(Self.clash)) }
    } else {
      let beside = loaded.site.records(output: output)
      (tree, folder) = (OutputTree(beside.path), beside.name)
    }
  }

  private static func clash(_ target: Target) -> Diagnostic {
    Diagnostic(
      "target \"\(target.path)\" has the name of a record that pxebuild writes into the tree",
      at: target.location,
      help: "rename it, or write records: beside in site: (or --records beside)")
  }

  /// Takes the right to write their folder, where it is one of its own.
  func lock() throws -> TreeLock? { isInTree ? nil : try tree.lock() }

  /// Writes them, once the served tree is what it shall be. Returns what was placed.
  func write(_ session: BuildSession) throws -> TreeChanges {
    let manifest = try served.manifest().withoutRecords
    let wanted = try texts(of: manifest, session).map { name, bytes in
      // In the store, so that a generation can be brought back with them.
      TreeTarget(
        path: name, artifact: .file(try session.store.insert(bytes), executable: false),
        isEntryPoint: false, entry: .init(path: name, rule: Self.rule, state: .made))
    }
    let others = isInTree ? Set(manifest.targets.map(\.path)) : []
    return try tree.update(
      to: wanted, keeping: others, store: session.store, digests: session.digests)
  }

  private func texts(of manifest: Manifest, _ session: BuildSession) throws
    -> [(path: String, bytes: [UInt8])]
  {
    let title = recipes.site.http ?? "network-boot site"
    let documents = [
      ("manifest.json", PublishedManifest(manifest).json),
      ("provenance.intoto.json", Provenance(manifest, recipes: try recipeFiles(session)).json),
      ("sbom.cdx.json", BillOfMaterials(manifest, site: title).json),
    ].map { (path: $0.0, bytes: Array(($0.1.prettyText + "\n").utf8)) }
    // Those in the tree are checked with it.
    let sums = ChecksumList(manifest, others: isInTree ? documents : [])
    return [("SHA256SUMS", Array(sums.text.utf8))] + documents
  }

  /// The recipes and the lock file, by their names in the recipes' folder.
  private func recipeFiles(_ session: BuildSession) throws -> [(name: String, sha256: String)] {
    let folder = FilePath(recipes.folder)
    return try FileSystem.list(folder).filter {
      $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") || $0 == LockFile.fileName
    }.map { ($0, try session.digests.digest(of: folder.appending($0)).hex) }
  }
}

extension SiteOptions {
  /// The folder for records that do not go into the tree.
  func records(output: FilePath) -> (path: FilePath, name: String) {
    let path = FilePath(output.string + "-records")
    guard let outputFolder, let end = FilePath(outputFolder).lastComponent, end.kind == .regular
    else { return (path, path.string) }
    return (path, FilePath(outputFolder).string + "-records")
  }
}

extension Manifest {
  /// What recipes make, without what a build says of it.
  var withoutRecords: Manifest {
    Manifest(targets: targets.filter { $0.rule != SiteRecords.rule }, facts: facts)
  }
}
