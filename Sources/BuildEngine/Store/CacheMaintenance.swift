import Glibc
import SystemPackage

/// Looking after the cache: how much it holds, and whether it is sound.
public struct CacheMaintenance: Sendable {
  let cache: CacheDirectory

  public init(_ cache: CacheDirectory) { self.cache = cache }

  private var blobs: FilePath { cache.path.appending("blobs") }

  /// Of all blobs, in bytes.
  public func blobBytes() throws -> Int64 {
    var bytes: Int64 = 0
    try forEachBlob { _, _, identity in bytes += identity.size }
    return bytes
  }

  func forEachBlob(_ body: (String, FilePath, FileIdentity) throws -> Void) throws {
    for prefix in try FileSystem.list(blobs) where prefix.utf8.count == 2 {
      let folder = blobs.appending(prefix)
      for rest in try FileSystem.list(folder) where rest.utf8.count == 62 {
        let path = folder.appending(rest)
        guard let identity = try FileIdentity.of(path) else { continue }
        try body(prefix + rest, path, identity)
      }
    }
  }

  func bytes(below path: FilePath) throws -> Int64 {
    guard let identity = try FileIdentity.of(path) else { return 0 }
    guard identity.kind == .directory else { return identity.size }
    return try FileSystem.list(path).reduce(0) { try $0 + bytes(below: path.appending($1)) }
  }
}
