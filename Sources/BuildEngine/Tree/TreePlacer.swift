import Glibc
import SystemPackage

/// The single steps of an update of an output tree.
struct TreePlacer {
  let directory: FilePath
  let own: FilePath
  let store: ContentStore
  let digests: FileDigests

  // MARK: What a killed update was about to place

  private var pendingFile: FilePath { own.appending("pending") }

  /// Paths that an update which did not end had announced; they are ours even if no manifest says so.
  func pendingPaths() throws -> Set<String> {
    guard let bytes = try FileSystem.read(pendingFile) else { return [] }
    return Set(
      bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) })
  }

  func writePending(_ paths: Set<String>) throws {
    try FileSystem.replace(pendingFile, with: paths.sorted().map { $0 + "\0" }.joined().utf8)
  }

  func removePending() throws { try FileSystem.remove(pendingFile) }

  // MARK: Files that are not in place yet

  private var newFiles: FilePath { own.appending("new") }

  /// Removes what an update that did not end has written: on a full disk nothing else may fit beside it.
  func removeNewFiles() throws { try FileSystem.remove(newFiles) }

  // MARK: Conflicts

  /// Makes sure that every wanted path is free or ours, and returns the stale files of ours that stand in
  /// the way of a folder or where a folder of ours must become a file.
  func checkConflicts(_ files: [TreeLayout.File], owned: Set<String>, stale: Set<String>) throws
    -> [String]
  {
    var obstacles: Set<String> = []
    var foreign: [(path: String, what: String)] = []
    var checkedFolders: Set<String> = []
    for file in files {
      var folder = ""
      for component in file.path.split(separator: "/").dropLast() {
        folder += folder.isEmpty ? String(component) : "/\(component)"
        guard checkedFolders.insert(folder).inserted,
          let identity = try FileIdentity.of(directory.pushing(FilePath(folder)))
        else { continue }
        if identity.kind == .directory { continue }
        if stale.contains(folder) {
          obstacles.insert(folder)
        } else {
          foreign.append((folder, identity.kind == .symlink ? "a symbolic link" : "a file"))
        }
      }
      guard !owned.contains(file.path),
        let identity = try FileIdentity.of(directory.pushing(FilePath(file.path)))
      else {
        continue
      }
      if identity.kind == .directory {
        let inside = stale.filter { $0.hasPrefix(file.path + "/") }
        if !inside.isEmpty {
          obstacles.formUnion(inside)
          continue
        }
      }
      foreign.append((file.path, identity.kind == .directory ? "a folder" : "a file"))
    }
    if !foreign.isEmpty { throw foreignFiles(foreign) }
    return obstacles.sorted()
  }

  private func foreignFiles(_ files: [(path: String, what: String)]) -> BuildError {
    let shown = files.prefix(10).map { "\($0.path.printable) (\($0.what))" }
    let more = files.count > 10 ? "\nand \(files.count - 10) more" : ""
    return BuildError(
      .cannotWrite,
      "\(directory.printable) has \(files.count == 1 ? "something" : "things") that pxebuild did not "
        + "place, under a name that it needs",
      reason: shown.joined(separator: "\n") + more,
      advice: "move it away, rename the target, or choose another folder with --output")
  }

  // MARK: Placing and removing

  /// True when the file stands in the tree with the right bytes and mode.
  func isInPlace(_ file: TreeLayout.File) throws -> Bool {
    let path = directory.pushing(FilePath(file.path))
    guard let identity = try FileIdentity.of(path) else { return false }
    switch file.artifact {
    case .file(let digest, let executable):
      guard identity.kind == .regular, identity.size == digest.size,
        identity.mode & 0o7777 == (executable ? 0o755 : 0o644)
      else { return false }
      return try digests.digest(of: path) == digest
    case .symlink(let target):
      return try identity.kind == .symlink && FileSystem.readSymlink(path) == target
    case .directory: return true
    }
  }

  /// Writes the files under temporary names, waits until they are on the disk, renames them.
  func place(_ files: [TreeLayout.File]) throws {
    let new = newFiles
    try FileSystem.createDirectories(new)
    for (index, file) in files.enumerated() {
      let temporary = new.appending(String(index))
      try store.materialize(file.artifact, at: temporary)
      if files.count <= 32, case .file = file.artifact {
        let open = try FileSystem.open(temporary, .readOnly, doing: "write")
        defer { try? open.close() }  // opened for reading only
        try FileSystem.sync(open, path: temporary)
      }
    }
    if files.count > 32 { try FileSystem.syncWholeDisk(holding: directory) }
    for (index, file) in files.enumerated() {
      let path = directory.pushing(FilePath(file.path))
      try FileSystem.createDirectories(path.removingLastComponent())
      try FileSystem.rename(new.appending(String(index)), to: path)
      if case .file(let digest, _) = file.artifact, let identity = try FileIdentity.of(path) {
        digests.rememberPlaced(digest, at: path, identity: identity)
      }
    }
    if !files.isEmpty { try FileSystem.syncDirectory(directory) }
  }

  /// Removes a file of ours and the folders that become empty by it.
  func remove(_ path: String) throws {
    let file = directory.pushing(FilePath(path))
    guard let identity = try FileIdentity.of(file) else { return }
    // A folder where our file stood is not ours any more.
    if identity.kind == .directory { return }
    try FileSystem.remove(file)
    var folder = file.removingLastComponent()
    while folder != directory, folder.withPlatformString({ rmdir($0) }) == 0 {
      folder = folder.removingLastComponent()
    }
  }
}
