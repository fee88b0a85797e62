import Glibc
import SystemPackage

/// The single steps of an update of an output tree.
struct TreePlacer {
  let directory: FilePath
  let own: FilePath
  let store: ContentStore
  let digests: FileDigests
  /// The option of the command that names the folder, for advice.
  var option = "--output"

  // MARK: What a killed update was about to place

  private var pendingFile: FilePath { own.appending("pending") }

  /// Paths that an update which did not end had announced; they are ours even if no manifest says so.
  func pendingPaths() throws -> Set<String> {
    guard let bytes = try FileSystem.read(pendingFile) else { return [] }
    return Set(
      bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.filter(\.isTreePath))
  }

  /// Waits until it is on the disk: what follows must not be seen there without it.
  func writePending(_ paths: Set<String>) throws {
    try FileSystem.replace(pendingFile, with: paths.sorted().map { $0 + "\0" }.joined().utf8)
    try FileSystem.syncDirectory(own)
  }

  /// Ends an update, and clears away what killed ones have left.
  func removePending() throws {
    try FileSystem.remove(pendingFile)
    try removeStaged()
    // The tree is locked: nobody is about to rename one of these.
    for folder in [own, own.appending("generations")] {
      try FileSystem.removeTemporaries(in: folder, age: 0)
    }
  }

  func removeStaged() throws { try FileSystem.remove(staging) }

  /// Runs the steps before the first file is replaced. When one fails all is as it was; a list that an update before
  /// left stays.
  func preparing(_ steps: () throws -> Void) throws {
    let wasPending = try FileIdentity.of(pendingFile) != nil
    do { try steps() } catch {
      // The first error is the one to report.
      try? removeStaged()
      if !wasPending { try? FileSystem.remove(pendingFile) }
      throw error
    }
  }

  private var staging: FilePath { own.appending("new") }

  // MARK: The manifest

  /// Writes it beside the staged files, so that in the end it needs no more room.
  func stageManifest(_ manifest: Manifest) throws {
    try FileSystem.createDirectories(staging)
    try manifest.save(to: staging.appending("manifest.json"))
  }

  func commitManifest(to path: FilePath) throws {
    try FileSystem.rename(staging.appending("manifest.json"), to: path)
    // The list of what was pending goes next, and must not go first.
    try FileSystem.syncDirectory(own)
  }

  // MARK: Placing and removing

  /// True when the file stands in the tree with the right bytes and mode.
  func isInPlace(_ file: TreeLayout.File) throws -> Bool {
    let path = directory.pushing(FilePath(file.path))
    guard let identity = try FileIdentity.of(path) else { return false }
    switch file.content {
    case .stored(.file(let digest, let executable)):
      let mode = identity.mode & 0o7777
      guard identity.kind == .regular, identity.size == digest.size,
        mode == (executable ? 0o755 : 0o644)
          || file.sharesBlobs && mode == (executable ? 0o555 : 0o444)
      else { return false }
      return try digests.digest(ofPlaced: path, identity: identity) == digest
    case .stored(.symlink(let target)):
      return try identity.kind == .symlink && FileSystem.readSymlink(path) == target
    case .stored(.directory): return identity.kind == .directory
    case .text(let bytes, let isPrivate):
      // Small, and a digest of a secret must not be remembered: read anew each time.
      return try identity.kind == .regular && identity.size == Int64(bytes.count)
        && identity.mode & 0o7777 == Self.mode(isPrivate: isPrivate)
        && FileSystem.read(path) == bytes
    }
  }

  private static func mode(isPrivate: Bool) -> UInt32 { isPrivate ? 0o600 : 0o644 }

  /// A file that is written and waits to be renamed.
  struct Staged {
    var file: TreeLayout.File
    var temporary: FilePath
  }

  /// Writes the files under temporary names and waits until they are on the disk. Leaves nothing behind
  /// when it fails. Throws `LostBlob` once it has found all that are lost.
  func stage(_ files: [TreeLayout.File]) throws -> [Staged] {
    try removeStaged()
    try FileSystem.createDirectories(staging)
    do { return try stage(files, in: staging) } catch {
      try? removeStaged()  // the first error is the one to report
      throw error
    }
  }

  private func stage(_ files: [TreeLayout.File], in new: FilePath) throws -> [Staged] {
    var staged: [Staged] = []
    var firstLost: LostBlob?
    for (index, file) in files.enumerated() {
      // Few files a folder, for the reason given at `ContentStore.makeTemporaryName`.
      let folder = new.appending(String(index / 32))
      if index % 32 == 0 { try FileSystem.createDirectories(folder) }
      let temporary = folder.appending(String(index % 32))
      do { try write(file, at: temporary) } catch let lost as LostBlob {
        firstLost = firstLost ?? lost
        continue
      }
      staged.append(Staged(file: file, temporary: temporary))
      if files.count <= Self.fewFiles, file.content.isFile {
        let open = try FileSystem.open(temporary, .readOnly, doing: "write")
        defer { try? open.close() }  // opened for reading only
        try FileSystem.sync(open, path: temporary)
      }
    }
    if let firstLost { throw firstLost }
    if files.count > Self.fewFiles { try FileSystem.syncWholeDisk(holding: directory) }
    return staged
  }

  /// Writes one file under a name that is free.
  private func write(_ file: TreeLayout.File, at path: FilePath) throws {
    switch file.content {
    case .stored(.file(let digest, let executable)) where file.sharesBlobs:
      if try store.link(digest, to: path, executable: executable) { return }
      try store.materialize(.file(digest, executable: executable), at: path)
    case .stored(let artifact): try store.materialize(artifact, at: path)
    case .text(let bytes, let isPrivate):
      let file = try FileSystem.open(
        path, .writeOnly, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite,
        doing: "write")
      defer { try? file.close() }  // it is synced before it is renamed
      try FileSystem.write(bytes, to: file, path: path)
      try FileSystem.setMode(path, Self.mode(isPrivate: isPrivate))
    }
  }

  /// Up to so many files are synced one by one; beyond, one wait for the whole disk is quicker.
  private static let fewFiles = 32

  /// Makes the folders that staged files belong in, while nothing was replaced yet: a disk can be too full for one.
  func makeFolders(for staged: [Staged]) throws {
    let folders = Set(
      staged.map { directory.pushing(FilePath($0.file.path)).removingLastComponent() })
    do { for folder in folders { try FileSystem.createDirectories(folder) } } catch {
      for folder in folders { removeEmptied(folder) }
      throw error
    }
  }

  /// Renames staged files to where they belong, and waits until that is on the disk.
  func commit(_ staged: [Staged]) throws {
    var folders: Set<FilePath> = []
    for one in staged {
      let path = directory.pushing(FilePath(one.file.path))
      let folder = path.removingLastComponent()
      if folders.insert(folder).inserted { try FileSystem.createDirectories(folder) }
      try FileSystem.rename(one.temporary, to: path)
      if case .stored(.file(let digest, _)) = one.file.content,
        let identity = try FileIdentity.of(path)
      {
        digests.rememberPlaced(digest, at: path, identity: identity)
      }
    }
    if folders.count > Self.fewFiles { return try FileSystem.syncWholeDisk(holding: directory) }
    for folder in folders { try FileSystem.syncDirectory(folder) }
  }

  func clear(_ obstacles: Obstacles) throws {
    for path in obstacles.files.sorted() { try remove(path) }
    for folder in obstacles.folders { try removeEmptyFolders(directory.pushing(FilePath(folder))) }
  }

  private func removeEmptyFolders(_ folder: FilePath) throws {
    guard try FileIdentity.of(folder) != nil else { return }
    for name in try FileSystem.entries(of: folder) {
      try removeEmptyFolders(folder.appending(name))
    }
    guard folder.withPlatformString({ rmdir($0) }) == 0 else {
      throw BuildError(errno: errno, doing: "remove", path: folder)
    }
  }

  func makeFolder(_ path: String) throws {
    try FileSystem.createDirectories(directory.pushing(FilePath(path)))
  }

  /// Removes a file of ours, or a folder of ours that is still empty, and the folders that become empty by
  /// it.
  func remove(_ path: String, isFolder: Bool = false) throws {
    let file = directory.pushing(FilePath(path))
    guard try !leadsThroughLink(path) else { return }
    // An update that was killed may have come no further than the folders.
    guard let identity = try FileIdentity.of(file) else {
      return removeEmptied(file.removingLastComponent())
    }
    if isFolder {
      // What holds something, or is mounted on, is somebody's.
      guard identity.kind == .directory, file.withPlatformString({ rmdir($0) }) == 0 else { return }
    } else {
      // A folder where our file stood is not ours any more.
      if identity.kind == .directory { return }
      try FileSystem.remove(file)
    }
    removeEmptied(file.removingLastComponent())
  }

  /// Removes a folder that is empty, and then those above it.
  private func removeEmptied(_ folder: FilePath) {
    var folder = folder
    while folder != directory, folder.withPlatformString({ rmdir($0) }) == 0 || errno == ENOENT {
      folder = folder.removingLastComponent()
    }
  }

  /// True when somebody put a link where a folder of ours was: what lies behind it is not ours.
  private func leadsThroughLink(_ path: String) throws -> Bool {
    var folder = directory
    for component in path.split(separator: "/").dropLast() {
      folder.append(String(component))
      if try FileIdentity.of(folder)?.kind == .symlink { return true }
    }
    return false
  }
}

extension TreeLayout.File.Content {
  fileprivate var isFile: Bool {
    switch self {
    case .stored(.file), .text: true
    case .stored(.symlink), .stored(.directory): false
    }
  }
}
