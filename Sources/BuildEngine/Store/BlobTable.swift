import Glibc
import SystemPackage

/// Every blob of a store, as a clean-up needs it: a few words each, so that a hundred thousand are no matter.
struct BlobTable {
  struct Blob {
    var digest: Digest
    /// Nanoseconds since 1970: when the file last changed in any way.
    var changed: Int64
    /// Needed: its bytes, and what a directory names.
    var isNeeded = false
    /// The content of this directory is needed; as a message behind a key it may be needed without.
    var isDescended = false
    /// The directories that this one names are needed, as the messages behind a key.
    var isMessageDescended = false
  }

  private(set) var blobs: [Blob] = []
  private var places: [Digest: Int32] = [:]

  /// Lists a store's folder.
  init(_ directory: FilePath) throws {
    for prefix in try FileSystem.list(directory) where prefix.utf8.count == 2 {
      try list(directory.appending(prefix), prefix)
    }
  }

  /// Straight from the kernel: names as values of ours would cost more than all the rest.
  private mutating func list(_ folder: FilePath, _ prefix: String) throws {
    guard let stream = folder.withPlatformString({ opendir($0) }) else {
      if errno == ENOENT { return }
      throw BuildError(errno: errno, doing: "read the folder", path: folder)
    }
    defer { closedir(stream) }
    let file = dirfd(stream)
    var status = stat()
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { name -> String? in
          guard strlen(name) == 62, fstatat(file, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            return nil
          }
          return String(cString: name)
        }
      }
      guard let name else { continue }
      let identity = FileIdentity(status)
      guard identity.kind == .regular, let digest = Digest(hex: prefix + name, size: identity.size)
      else { continue }
      places[digest] = Int32(blobs.count)
      blobs.append(Blob(digest: digest, changed: identity.changed))
    }
  }

  /// The place of a blob; nil for one that is not there, or has another size.
  func place(of digest: Digest) -> Int? { places[digest].map(Int.init) }

  subscript(place: Int) -> Blob {
    get { blobs[place] }
    set { blobs[place] = newValue }
  }
}
