import BuildEngine
import DiskImages
import Dispatch
import Glibc
import Synchronization

/// Copies the files of an image into the content store, several at a time, each in one pass.
struct ImageExtraction: Sendable {
  private let image: DiskImage
  private let store: ContentStore
  private let stop: StopFlag
  private let progress: @Sendable (Progress) -> Void

  init(
    _ image: DiskImage, store: ContentStore, stop: StopFlag,
    progress: @escaping @Sendable (Progress) -> Void
  ) {
    self.image = image
    self.store = store
    self.stop = stop
    self.progress = progress
  }

  /// - Returns: The folder, and every blob that it consists of.
  func run(_ tree: ImageTree) throws -> (StoredArtifact, Set<Digest>) {
    var places: [FileContent: Int] = [:]
    Self.gather(tree.root, &places)
    // Where they stand in the image, so that a disk reads forwards.
    let contents = places.keys.sorted { ($0.firstOffset, $0.size) < ($1.firstOffset, $1.size) }
    let digests = try copy(contents, total: tree.byteCount)
    let byContent = Dictionary(uniqueKeysWithValues: zip(contents, digests))
    var inserted = Set(digests)
    let root = try folder(tree.root, byContent, &inserted)
    return (root, inserted)
  }

  private static func gather(_ folder: ImageTree.Folder, _ places: inout [FileContent: Int]) {
    for entry in folder.entries {
      switch entry.kind {
      case .file(let content, _): places[content] = 0
      case .folder(let inner): gather(inner, &places)
      case .link: break
      }
    }
  }

  private func folder(
    _ folder: ImageTree.Folder, _ digests: [FileContent: Digest], _ inserted: inout Set<Digest>
  ) throws -> StoredArtifact {
    var directory = StoredDirectory()
    for entry in folder.entries {
      switch entry.kind {
      case .folder(let inner):
        directory.entries[entry.name] = try self.folder(inner, digests, &inserted)
      case .link(let target): directory.entries[entry.name] = .symlink(target: target)
      case .file(let content, let isExecutable):
        directory.entries[entry.name] = digests[content].map { .file($0, executable: isExecutable) }
      }
    }
    let stored = try store.insert(directory)
    if case .directory(let digest) = stored { inserted.insert(digest) }
    return stored
  }

  // MARK: bytes

  private func copy(_ contents: [FileContent], total: Int64) throws -> [Digest] {
    let done = DoneBytes()
    return try contents.mapInParallel { try copy($0, done, total: total) }
  }

  /// How much all threads have copied.
  private final class DoneBytes: Sendable {
    let count = Atomic(Int64(0))
  }

  private func copy(_ content: FileContent, _ done: DoneBytes, total: Int64) throws -> Digest {
    if content.size == 0 { return try store.insert([]) }
    return try store.insert(writing: { writer in
      for extent in content.extents {
        var position: Int64 = 0
        while position < extent.length {
          try stop.check()
          let count = Int(min(extent.length - position, Int64(BlobWriter.pieceSize)))
          if let offset = extent.offset {
            let place = offset + position
            try writer.append(count) { try image.file.read(at: place, into: $0) }
          } else {
            try writer.appendZeros(Int64(count))
          }
          position += Int64(count)
          let sum = done.count.add(Int64(count), ordering: .relaxed).newValue
          progress(Progress(done: sum, total: total, unit: .bytes))
        }
      }
    })
  }
}

extension FileContent {
  /// Of its first byte in the image; holes come first.
  fileprivate var firstOffset: Int64 { extents.first?.offset ?? -1 }
}
