import Glibc
import SystemPackage

extension ContentStore {
  /// Puts a `Directory` message into the store and returns it as an artifact.
  public func insert(_ directory: StoredDirectory) throws -> StoredArtifact {
    .directory(try insert(directory.encoded()))
  }

  /// One level of a directory. Throws `LostBlob`.
  public func directory(_ digest: Digest) throws -> StoredDirectory {
    try StoredDirectory(decoding: read(digest))
  }

  /// Moves what stands at `path` (a file, a link or a whole folder) into the store. Of a file's mode only
  /// the executable bit is kept. `inserted` collects the digests, for `settle`.
  public func insert(movingTree path: FilePath, inserted: inout Set<Digest>) throws
    -> StoredArtifact
  {
    try insertTree(path, inserted: &inserted) { file, _ in
      // An action may have left it so that not even its owner can read it.
      try FileSystem.setMode(file, 0o444)
      return try insert(moving: file)
    } folder: {
      try FileSystem.setMode($0, 0o755)
    }
  }

  /// The same with the caller's way of inserting a file, which several threads call at once; `folder` is told
  /// of every folder on the way.
  func insertTree(
    _ path: FilePath, inserted: inout Set<Digest>,
    file insertFile: @Sendable (FilePath, FileIdentity) throws -> Digest,
    folder visitFolder: (FilePath) throws -> Void
  ) throws -> StoredArtifact {
    var files: [(path: FilePath, identity: FileIdentity)] = []
    let tree = try findFiles(path, &files, folder: visitFolder)
    let digests = try files.mapInParallel { try insertFile($0.path, $0.identity) }
    inserted.formUnion(digests)
    return try insert(tree, files: digests, inserted: &inserted)
  }

  /// What stands at a path, before its files are read: a file is its index among them.
  private indirect enum FoundTree {
    case file(Int, executable: Bool)
    case symlink(target: String)
    case folder([String: FoundTree])
  }

  private func findFiles(
    _ path: FilePath, _ files: inout [(path: FilePath, identity: FileIdentity)],
    folder visitFolder: (FilePath) throws -> Void
  ) throws -> FoundTree {
    guard let identity = try FileIdentity.of(path) else {
      throw BuildError(errno: ENOENT, doing: "read", path: path)
    }
    switch identity.kind {
    case .regular:
      files.append((path, identity))
      return .file(files.count - 1, executable: identity.isExecutable)
    case .symlink:
      return .symlink(target: try FileSystem.readSymlink(path))
    case .directory:
      try visitFolder(path)
      var entries: [String: FoundTree] = [:]
      for name in try FileSystem.list(path) {
        let entry = try findFiles(path.appending(name), &files, folder: visitFolder)
        // Swift's strings, like many file systems, take two encodings of one letter for the same.
        guard entries.updateValue(entry, forKey: name) == nil else {
          throw BuildError(
            .failed,
            "\(path.printable) holds two names that read the same: \"\(name.printable)\"",
            reason: "they differ only in how accented letters are encoded, which many systems do "
              + "not tell apart", advice: "rename one of them")
        }
      }
      return .folder(entries)
    case .other:
      throw BuildError(
        .failed, "\(path.printable) is not a file, a folder or a link",
        reason: "devices, sockets and pipes cannot be served", advice: "leave it out")
    }
  }

  private func insert(
    _ tree: FoundTree, files: [Digest], inserted: inout Set<Digest>
  ) throws -> StoredArtifact {
    switch tree {
    case .file(let index, let executable): return .file(files[index], executable: executable)
    case .symlink(let target): return .symlink(target: target)
    case .folder(let entries):
      var directory = StoredDirectory()
      for (name, entry) in entries {
        directory.entries[name] = try insert(entry, files: files, inserted: &inserted)
      }
      let artifact = try insert(directory)
      if case .directory(let digest) = artifact { inserted.insert(digest) }
      return artifact
    }
  }

  /// Writes an artifact to a path where nothing stands yet, every byte verified. Folders get mode 0755,
  /// files 0644 or 0755. Throws `LostBlob` once it has found all that are lost.
  public func materialize(_ artifact: StoredArtifact, at path: FilePath) throws {
    switch artifact {
    case .file(let digest, let executable):
      try copyOut(digest, to: path)
      try FileSystem.setMode(path, executable ? 0o755 : 0o644)
    case .symlink(let target):
      try FileSystem.createSymlink(path, target: target)
    case .directory(let digest):
      try FileSystem.createDirectories(path)
      var firstLost: LostBlob?
      for (name, entry) in try directory(digest).entries {
        do { try materialize(entry, at: path.appending(name)) } catch let lost as LostBlob {
          firstLost = firstLost ?? lost
        }
      }
      if let firstLost { throw firstLost }
    }
  }

  /// True when every blob of the artifact stands in the store; bytes are not read, but for the
  /// `Directory` messages on the way.
  public func containsAll(of artifact: StoredArtifact) throws -> Bool {
    switch artifact {
    case .file(let digest, _): return try contains(digest)
    case .symlink: return true
    case .directory(let digest):
      guard try contains(digest) else { return false }
      let entries: [String: StoredArtifact]
      do { entries = try directory(digest).entries } catch is LostBlob { return false }
      for entry in entries.values {
        guard try containsAll(of: entry) else { return false }
      }
      return true
    }
  }

  /// The artifact at `path` inside another; nil when there is none. Links are not followed.
  public func artifact(at path: String, in artifact: StoredArtifact) throws -> StoredArtifact? {
    var current = artifact
    for component in path.split(separator: "/") {
      guard case .directory(let digest) = current else { return nil }
      guard let next = try directory(digest).entries[String(component)] else { return nil }
      current = next
    }
    return current
  }

  /// Every file, link and empty folder below an artifact, with its path ("" for the artifact itself), sorted
  /// by path.
  public func leaves(of artifact: StoredArtifact) throws -> [(
    path: String, artifact: StoredArtifact
  )] {
    var result: [(path: String, artifact: StoredArtifact)] = []
    func visit(_ artifact: StoredArtifact, _ path: String) throws {
      guard case .directory(let digest) = artifact else {
        result.append((path, artifact))
        return
      }
      let entries = try directory(digest).entries
      if entries.isEmpty { result.append((path, artifact)) }
      for (name, entry) in entries.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      ) {
        try visit(entry, path.isEmpty ? name : "\(path)/\(name)")
      }
    }
    try visit(artifact, "")
    return result
  }
}
