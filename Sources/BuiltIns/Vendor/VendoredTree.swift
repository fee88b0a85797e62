import BuildEngine
import SystemPackage

/// Plain files, put into the content store, and the name that git gives them as a tree (gitformat of tree objects:
/// "MODE NAME", a zero, 20 bytes, for each entry).
struct VendoredTree {
  let artifact: StoredArtifact
  /// 40 hexadecimal digits.
  let id: String
  /// All blobs that the artifact consists of.
  let inserted: Set<Digest>

  /// - Throws: `BuildError`, also for what git cannot hold.
  init(_ folder: FilePath, store: ContentStore) throws {
    var reader = Reader(store: store)
    guard let (artifact, hash) = try reader.folder(folder, "") else {
      throw BuildError(.failed, "there are no files in \(folder.printable)")
    }
    self.artifact = artifact
    id = GitObject.hex(hash)
    inserted = reader.inserted
  }

  private struct Reader {
    let store: ContentStore
    var inserted: Set<Digest> = []

    private struct Entry {
      var mode: String
      var name: String
      var hash: [UInt8]

      /// Git sorts a folder as if its name ended in a slash.
      var sortedAs: [UInt8] { Array(name.utf8) + (mode == "40000" ? [UInt8(ascii: "/")] : []) }
    }

    /// Nil for a folder with nothing in it, which git does not keep.
    mutating func folder(_ path: FilePath, _ name: String) throws -> (StoredArtifact, [UInt8])? {
      var directory = StoredDirectory()
      var entries: [Entry] = []
      for child in try FileSystem.list(path) {
        let below = name.isEmpty ? child : "\(name)/\(child)"
        let place = path.appending(child)
        guard let identity = try FileIdentity.of(place) else { continue }
        switch identity.kind {
        case .regular:
          let digest = try store.insert(copying: place)
          inserted.insert(digest)
          directory.entries[child] = .file(digest, executable: identity.isExecutable)
          let mode = identity.isExecutable ? "100755" : "100644"
          entries.append(Entry(mode: mode, name: child, hash: try blob(digest)))
        case .symlink:
          let target = try FileSystem.readSymlink(place)
          directory.entries[child] = .symlink(target: target)
          let bytes = Array(target.utf8)
          let hash = GitObject.hash("blob", size: bytes.count) { $0.update(data: bytes) }
          entries.append(Entry(mode: "120000", name: child, hash: hash))
        case .directory:
          if let (artifact, hash) = try self.folder(place, below) {
            directory.entries[child] = artifact
            entries.append(Entry(mode: "40000", name: child, hash: hash))
          }
        case .other:
          throw BuildError(.failed, "\(place.printable) is not a file, a folder or a link")
        }
      }
      if entries.isEmpty, !name.isEmpty { return nil }
      let artifact = try store.insert(directory)
      if case .directory(let digest) = artifact { inserted.insert(digest) }
      return (artifact, Self.tree(entries))
    }

    private static func tree(_ entries: [Entry]) -> [UInt8] {
      var content: [UInt8] = []
      for entry in entries.sorted(by: { $0.sortedAs.lexicographicallyPrecedes($1.sortedAs) }) {
        content += Array("\(entry.mode) \(entry.name)\0".utf8) + entry.hash
      }
      return GitObject.hash("tree", size: content.count) { $0.update(data: content) }
    }

    /// Of the bytes that are in the store, whatever becomes of the file.
    private func blob(_ digest: Digest) throws -> [UInt8] {
      let path = store.path(of: digest)
      let file = try FileSystem.open(path, .readOnly, doing: "read")
      defer { try? file.close() }  // opened for reading only
      return try GitObject.hash("blob", size: Int(digest.size)) { hasher in
        try FileSystem.forEachChunk(of: file, path: path) { hasher.update(bufferPointer: $0) }
      }
    }
  }
}
