import Glibc
import SystemPackage

/// Looking after the cache: how much it holds, whether it is sound, and what can go.
public struct CacheMaintenance: Sendable {
  public struct Status: Sendable, Equatable {
    public var blobCount = 0
    /// In bytes, as is all here.
    public var blobBytes: Int64 = 0
    public var resultCount = 0
    /// Everything that is neither a blob nor a result.
    public var otherBytes: Int64 = 0
  }

  let cache: CacheDirectory

  public init(_ cache: CacheDirectory) { self.cache = cache }

  private var blobs: FilePath { cache.path.appending("blobs") }

  public func status() throws -> Status {
    var status = Status()
    try forEachBlob { _, _, identity in
      status.blobCount += 1
      status.blobBytes += identity.size
    }
    status.resultCount = try cache.actionCache.keys().count
    for name in try FileSystem.list(cache.path) where name != "blobs" && name != "actions" {
      status.otherBytes += try bytes(below: cache.path.appending(name))
    }
    return status
  }

  /// Removes results that nobody has used for so many days, and then every blob that no result needs.
  ///
  /// Throws a `BuildError` at once when a build is using the cache.
  public func collect(unusedForDays days: Int) throws -> Status {
    let lock = try cache.lockForCleaning()
    defer { lock.release() }
    var removed = Status()
    var needed: Set<String> = []
    var descended: Set<Digest> = []
    let work = try WorkDirectory(in: cache)
    defer { try? work.remove() }  // the next build removes what is left
    let store = cache.store(work: work)
    for (hex, path) in try cache.actionCache.keys() {
      guard let identity = try FileIdentity.of(path) else { continue }
      let key = Digest(hex: hex, size: 0)
      if identity.isOlder(thanSeconds: Int64(days) * 86_400) || key == nil {
        try FileSystem.remove(path)
        removed.resultCount += 1
      } else if let key, let artifacts = try cache.actionCache.peek(key) {
        needed.insert(hex)
        for artifact in artifacts.values { try mark(artifact, in: store, &needed, &descended) }
        try markMessages(hex, in: store, &needed)
      }
    }
    try forEachBlob { hex, path, identity in
      guard !needed.contains(hex) else { return }
      try FileSystem.remove(path)
      removed.blobCount += 1
      removed.blobBytes += identity.size
    }
    let digests = try FileDigests(rememberedIn: cache.state("file-digests"))
    try digests.forgetOutdated()
    try digests.save()
    return removed
  }

  /// - Parameter descended: Directories whose content is marked. That one is needed does not say so: as
  ///   the message behind a key it is needed without its content.
  private func mark(
    _ artifact: StoredArtifact, in store: ContentStore, _ needed: inout Set<String>,
    _ descended: inout Set<Digest>
  ) throws {
    switch artifact {
    case .symlink: break
    case .file(let digest, _): needed.insert(digest.hex)
    case .directory(let digest):
      needed.insert(digest.hex)
      guard descended.insert(digest).inserted, try store.contains(digest) else { return }
      for entry in try store.directory(digest).entries.values {
        try mark(entry, in: store, &needed, &descended)
      }
    }
  }

  /// The messages behind a key stay with its result: `why` reads them.
  private func markMessages(_ hex: String, in store: ContentStore, _ needed: inout Set<String>)
    throws
  {
    guard
      let identity = try FileIdentity.of(
        blobs.appending(String(hex.prefix(2))).appending(
          String(hex.dropFirst(2)))),
      let key = Digest(hex: hex, size: identity.size)
    else { return }
    do {
      for digest in try ActionKey.messageDigests(behind: key, in: store) {
        needed.insert(digest.hex)
      }
    } catch is LostBlob {
      // Then there is nothing to keep.
    }
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

  private func bytes(below path: FilePath) throws -> Int64 {
    guard let identity = try FileIdentity.of(path) else { return 0 }
    guard identity.kind == .directory else { return identity.size }
    return try FileSystem.list(path).reduce(0) { try $0 + bytes(below: path.appending($1)) }
  }
}
