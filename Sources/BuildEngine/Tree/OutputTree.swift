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

  public init() {}
}

/// The folder that is served. pxebuild replaces and removes only what its manifest lists; a file of
/// somebody else's under a name it needs is an error.
///
/// An update goes: check for conflicts; write down what will be placed (so that a killed update still
/// knows its own files); place content, then what names it; remove what is stale; write the manifest.
/// Every file is written under a temporary name, synced and renamed, so a server never sees half of one.
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
    let kept = old.targets.filter { keeping.contains($0.path) }
    let placer = TreePlacer(directory: directory, own: own, store: store, digests: digests)
    try placer.removeNewFiles()
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
      try placer.writePending(owned.union(outdated.map(\.path)))
      do {
        for path in obstacles { try placer.remove(path) }
        try placer.place(outdated.filter { !$0.isEntryPoint })
        try placer.place(outdated.filter(\.isEntryPoint))
      } catch {
        try? placer.removeNewFiles()  // the first error is the one to report
        throw error
      }
      for path in stale where !obstacles.contains(path) { try placer.remove(path) }
      changes.placed = outdated.map(\.path)
      changes.removed = stale
    }
    let new = Manifest(targets: (kept + wanted.entries).sorted { $0.path < $1.path })
    if new != old || !changes.placed.isEmpty || !changes.removed.isEmpty {
      try new.save(to: manifestPath)
    }
    try placer.removePending()
    try placer.removeNewFiles()
    return changes
  }
}

/// The files that a set of targets consists of.
struct TreeLayout {
  struct File {
    var path: String
    var artifact: StoredArtifact
    var isEntryPoint: Bool
  }

  private(set) var files: [File] = []
  private(set) var entries: [Manifest.Target] = []

  init(_ targets: [TreeTarget], store: ContentStore) throws {
    for target in targets {
      var entry = target.entry
      entry.files = []
      for leaf in try store.leaves(of: target.artifact) {
        let path = leaf.path.isEmpty ? target.path : "\(target.path)/\(leaf.path)"
        files.append(File(path: path, artifact: leaf.artifact, isEntryPoint: target.isEntryPoint))
        switch leaf.artifact {
        case .file(let digest, let executable):
          entry.files.append(
            .init(
              path: path, sha256: digest.hex, size: digest.size, executable: executable ? true : nil
            ))
        case .symlink(let link):
          try Self.check(link: link, at: path)
          entry.files.append(.init(path: path, link: link))
        case .directory: break
        }
      }
      entries.append(entry)
    }
  }

  /// A link must be relative and end inside the tree: a server that follows it must not leave.
  private static func check(link: String, at path: String) throws {
    var depth = path.split(separator: "/").count - 1
    var leaves = link.hasPrefix("/")
    for component in link.split(separator: "/") where component != "." {
      depth += component == ".." ? -1 : 1
      if depth < 0 { leaves = true }
    }
    guard !leaves else {
      throw BuildError(
        .cannotWrite, "\(path.printable) is a link that leaves the output tree",
        reason: "it points to \(link.printable)",
        advice: "leave it out, or put the file it means in its place")
    }
  }
}
