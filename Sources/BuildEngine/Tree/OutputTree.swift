import Glibc
import SystemPackage

/// One target as it should stand in the output tree.
public struct TreeTarget: Sendable {
  public enum Content: Sendable {
    case stored(StoredArtifact)
    /// Files that are written from memory and never enter the content store.
    case texts([TreeText])
  }

  public var path: String
  public var content: Content
  /// True for what names other files (menus, scripts): it is replaced after them.
  public var isEntryPoint: Bool
  public var placement = Placement()
  public var entry: Manifest.Target
  /// Of files that are signed, or signatures, by their paths below the target's own; empty for the target itself.
  public var signatures: [String: Manifest.Signature] = [:]

  public init(
    path: String, artifact: StoredArtifact, isEntryPoint: Bool, placement: Placement = Placement(),
    entry: Manifest.Target
  ) {
    self.path = path
    self.placement = placement
    content = .stored(artifact)
    self.isEntryPoint = isEntryPoint
    self.entry = entry
  }

  /// A target of texts that are known already.
  public init(path: String, texts: [TreeText], entry: Manifest.Target) {
    self.path = path
    content = .texts(texts)
    isEntryPoint = false
    self.entry = entry
  }
}

/// A file of an output tree whose bytes are at hand.
public struct TreeText: Equatable, Sendable {
  /// Below the target's own path; empty for the target itself.
  public var path: String
  public var bytes: [UInt8]
  /// True for a file with a secret: only its owner may read it (mode 0600), and its digest, by which a short
  /// secret could be guessed, is written down nowhere.
  public var isPrivate: Bool

  public init(path: String = "", bytes: [UInt8], isPrivate: Bool = false) {
    self.path = path
    self.bytes = bytes
    self.isPrivate = isPrivate
  }
}

/// What an update did.
public struct TreeChanges: Equatable, Sendable {
  public var placed: [String] = []
  public var removed: [String] = []
  public var unchangedCount = 0

  public init(placed: [String] = [], removed: [String] = [], unchangedCount: Int = 0) {
    self.placed = placed
    self.removed = removed
    self.unchangedCount = unchangedCount
  }

  public var isEmpty: Bool { placed.isEmpty && removed.isEmpty }
}

/// A folder that is served, or that servers read. pxebuild replaces and removes only what its manifest lists; a file of
/// somebody else's under a name it needs is an error.
///
/// An update goes: check for conflicts; write every new file under a temporary name and wait until all are
/// on the disk, the new manifest too, so that a full disk changes nothing; write down what will be placed, so that a
/// killed update still knows its own files; rename content, then what names it, to where they belong; remove what is
/// stale; rename the manifest. A server never sees half a file.
public struct OutputTree: Sendable {
  public let directory: FilePath
  /// The option of the command that names the folder, for advice.
  let option: String
  private let own: FilePath

  public init(_ directory: FilePath, option: String = "--output") {
    self.directory = directory
    self.option = option
    own = directory.appending(".pxebuild")
  }

  public var manifestPath: FilePath { own.appending("manifest.json") }

  public func manifest() throws -> Manifest { try Manifest.load(manifestPath, option: option) }

  /// Creates the folder if it is missing and takes the right to write it.
  public func lock() throws -> TreeLock {
    guard directory.string != "/" else {
      throw BuildError(
        .cannotWrite, "the output folder cannot be /",
        advice: "name a folder of its own, for example \(option) /var/lib/tftpboot")
    }
    try FileSystem.createDirectories(directory)
    try FileSystem.createDirectories(own)
    return try TreeLock.take(own.appending("lock"), tree: directory)
  }

  /// Brings the tree to the given targets.
  ///
  /// - Parameters:
  ///   - keeping: Targets whose files stay as they are: not asked for, failed or skipped this time.
  ///   - digests: Tells, without reading a file again, that it still has the bytes that were placed.
  ///   - facts: What the targets name as their sources and tools.
  public func update(
    to targets: [TreeTarget], keeping: Set<String>, store: ContentStore, digests: FileDigests,
    facts: ManifestFacts = ManifestFacts()
  ) throws -> TreeChanges {
    let placer = placer(store, digests)
    let update = try difference(to: targets, keeping: keeping, placer, facts)
    let changes = update.changes
    if !changes.isEmpty {
      let staged = try placer.stage(update.outdated.filter { !$0.isFolder })
      try placer.preparing {
        try placer.stageManifest(update.new)
        try placer.writePending(update.owned.union(changes.placed))
        try placer.clear(update.obstacles)
        try placer.makeFolders(for: staged)
      }
      try placer.commit(staged.filter { !$0.file.isEntryPoint })
      try placer.commit(staged.filter(\.file.isEntryPoint))
      for path in update.stale {
        try placer.remove(path, isFolder: update.oldFolders.contains(path))
      }
      // Last, because a folder that becomes empty by a removal goes with it.
      for folder in update.folders { try placer.makeFolder(folder) }
      try placer.commitManifest(to: manifestPath)
    } else if update.new != update.old {
      try update.new.save(to: manifestPath)
    }
    try placer.removePending()
    return changes
  }

  /// What `update` would do, found out without writing anything in the tree.
  public func preview(
    of targets: [TreeTarget], keeping: Set<String>, store: ContentStore, digests: FileDigests
  ) throws -> TreeChanges {
    try difference(to: targets, keeping: keeping, placer(store, digests)).changes
  }

  private func placer(_ store: ContentStore, _ digests: FileDigests) -> TreePlacer {
    TreePlacer(directory: directory, own: own, store: store, digests: digests, option: option)
  }

  /// How the tree differs from what is wanted.
  private struct Difference {
    var old: Manifest
    var new: Manifest
    /// Every path that is ours so far.
    var owned: Set<String>
    var outdated: [TreeLayout.File]
    var stale: [String]
    /// Empty folders that are ours so far, and those that are wanted.
    var oldFolders: Set<String>
    var folders: [String]
    var obstacles: TreePlacer.Obstacles
    var unchangedCount: Int

    var changes: TreeChanges {
      TreeChanges(placed: outdated.map(\.path), removed: stale, unchangedCount: unchangedCount)
    }
  }

  private func difference(
    to targets: [TreeTarget], keeping: Set<String>, _ placer: TreePlacer,
    _ facts: ManifestFacts = ManifestFacts()
  ) throws -> Difference {
    let old = try manifest()
    let wanted = try TreeLayout(targets, store: placer.store)
    let replaced = Set(wanted.entries.map(\.path))
    let kept = old.targets.filter { keeping.contains($0.path) && !replaced.contains($0.path) }
    var owned = Set(old.targets.flatMap { $0.files.map(\.path) })
    owned.formUnion(try placer.pendingPaths())
    let wantedPaths = Set(wanted.files.map(\.path))
    let keptPaths = Set(kept.flatMap { $0.files.map(\.path) }).subtracting(wantedPaths)
    let stale = owned.subtracting(wantedPaths).subtracting(keptPaths).sorted()
    let obstacles = try placer.checkConflicts(wanted.files, owned: owned, stale: Set(stale))
    let outdated = try wanted.files.filter { try !placer.isInPlace($0) }
    let known = ManifestFacts(
      sources: old.facts.sources.merging(facts.sources) { $1 },
      tools: old.facts.tools.merging(facts.tools) { $1 })
    return Difference(
      old: old,
      new: Manifest(
        targets: (kept + wanted.entries).sorted { $0.path < $1.path }, facts: known),
      owned: owned, outdated: outdated, stale: stale,
      oldFolders: Set(
        old.targets.flatMap { $0.files.filter { $0.isFolder == true }.map(\.path) }),
      folders: wanted.files.filter(\.isFolder).map(\.path), obstacles: obstacles,
      unchangedCount: wanted.files.count - outdated.count)
  }
}
