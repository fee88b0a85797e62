import Glibc
import SystemPackage

/// One target as it should stand in the output tree.
public struct TreeTarget: Sendable {
  public var path: String
  public var artifact: StoredArtifact
  /// True for what names other files (menus, scripts): it is replaced after them.
  public var isEntryPoint: Bool
  public var entry: Manifest.Target

  public init(path: String, artifact: StoredArtifact, isEntryPoint: Bool, entry: Manifest.Target) {
    self.path = path
    self.artifact = artifact
    self.isEntryPoint = isEntryPoint
    self.entry = entry
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
}

/// The folder that is served. pxebuild replaces and removes only what its manifest lists; a file of
/// somebody else's under a name it needs is an error.
///
/// An update goes: check for conflicts; write every new file under a temporary name and wait until all are
/// on the disk, so that a full disk changes nothing; write down what will be placed, so that a killed update
/// still knows its own files; rename content, then what names it, to where they belong; remove what is
/// stale; write the manifest. A server never sees half a file.
public struct OutputTree: Sendable {
  public let directory: FilePath
  private let own: FilePath

  public init(_ directory: FilePath) {
    self.directory = directory
    own = directory.appending(".pxebuild")
  }

  public var manifestPath: FilePath { own.appending("manifest.json") }

  public func manifest() throws -> Manifest { try Manifest.load(manifestPath) }

  /// Creates the folder if it is missing and takes the right to write it.
  public func lock() throws -> TreeLock {
    guard directory.string != "/" else {
      throw BuildError(
        .cannotWrite, "the output folder cannot be /",
        advice: "name a folder of its own, for example --output /var/lib/tftpboot")
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
  public func update(
    to targets: [TreeTarget], keeping: Set<String>, store: ContentStore, digests: FileDigests
  ) throws -> TreeChanges {
    let old = try manifest()
    let wanted = try TreeLayout(targets, store: store)
    let replaced = Set(wanted.entries.map(\.path))
    let kept = old.targets.filter { keeping.contains($0.path) && !replaced.contains($0.path) }
    let placer = TreePlacer(directory: directory, own: own, store: store, digests: digests)
    var owned = Set(old.targets.flatMap { $0.files.map(\.path) })
    owned.formUnion(try placer.pendingPaths())
    var keptPaths = Set(kept.flatMap { $0.files.map(\.path) })
    keptPaths.subtract(wanted.files.map(\.path))

    var changes = TreeChanges()
    let stale = owned.subtracting(wanted.files.map(\.path)).subtracting(keptPaths).sorted()
    let obstacles = try placer.checkConflicts(wanted.files, owned: owned, stale: Set(stale))
    let outdated = try wanted.files.filter { try !placer.isInPlace($0) }
    changes.unchangedCount = wanted.files.count - outdated.count
    if !outdated.isEmpty || !stale.isEmpty {
      let staged = try placer.stage(outdated)
      try placer.writePending(owned.union(outdated.map(\.path)))
      try placer.clear(obstacles)
      try placer.commit(staged.filter { !$0.file.isEntryPoint })
      try placer.commit(staged.filter(\.file.isEntryPoint))
      for path in stale { try placer.remove(path) }
      changes.placed = outdated.map(\.path)
      changes.removed = stale
    }
    let new = Manifest(targets: (kept + wanted.entries).sorted { $0.path < $1.path })
    if new != old || !changes.placed.isEmpty || !changes.removed.isEmpty {
      try new.save(to: manifestPath)
    }
    try placer.removePending()
    return changes
  }
}
