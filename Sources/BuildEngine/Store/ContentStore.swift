import Crypto
import Glibc
import SystemPackage

/// A blob that is not in the store, or is there with other bytes than its digest says. Whoever meets it
/// has already dropped the wrong bytes; running the build once more makes the blob again.
public struct LostBlob: Error, Sendable, Equatable {
  public var digest: Digest
}

/// Blobs on disk, named by their SHA-256 and verified when they are read back.
///
/// Layout: `blobs/AB/REST` below the cache folder, `AB` being the first two hexadecimal digits. Files are
/// written elsewhere and renamed here, never changed; the executable bit is not the store's business.
public struct ContentStore: Sendable {
  public let directory: FilePath
  let temporaryDirectory: FilePath
  /// Blobs that this process has written itself, as they were then.
  let fresh = FreshBlobs()

  /// - Precondition: both folders exist, on one file system.
  public init(directory: FilePath, temporaryDirectory: FilePath) {
    self.directory = directory
    self.temporaryDirectory = temporaryDirectory
  }

  /// Where a blob's file is, or would be. Read-only for everyone.
  public func path(of digest: Digest) -> FilePath {
    let hex = digest.hex
    return directory.appending(String(hex.prefix(2))).appending(String(hex.dropFirst(2)))
  }

  /// True when a file of the right size stands under the digest's name. Its bytes are not read.
  public func contains(_ digest: Digest) throws -> Bool {
    guard let identity = try FileIdentity.of(path(of: digest)) else { return false }
    return identity.kind == .regular && identity.size == digest.size
  }

  /// The same for somebody who is about to need it: a clean-up beside a build takes nothing that was touched
  /// within the hour.
  func containsForUse(_ digest: Digest) throws -> Bool {
    let path = path(of: digest)
    var status = stat()
    guard path.withPlatformString({ lstat($0, &status) }) == 0 else { return false }
    let identity = FileIdentity(status)
    guard identity.kind == .regular, identity.size == digest.size else { return false }
    // A file of a tree that is the blob itself would look changed; and it is needed anyway.
    if status.st_nlink == 1, identity.isOlder(thanSeconds: 3600) {
      // Another user's blob cannot be touched; were it removed, it would be made again.
      _ = path.withPlatformString { utimensat(AT_FDCWD, $0, nil, 0) }
    }
    return true
  }

  /// An action key by its name, whose message says how large it is; nil when that is not stored.
  public func key(_ hex: String) throws -> Digest? {
    guard let name = Digest(hex: hex, size: 0), let identity = try FileIdentity.of(path(of: name))
    else { return nil }
    return Digest(hex: hex, size: identity.size)
  }

  /// The bytes of a small blob, verified. Throws `LostBlob`.
  public func read(_ digest: Digest) throws -> [UInt8] {
    guard let bytes = try FileSystem.read(path(of: digest)) else {
      throw LostBlob(digest: digest)
    }
    guard Digest(of: bytes) == digest else { throw try dropping(digest) }
    return bytes
  }

  /// Puts bytes into the store. Not synced: see `settle`.
  public func insert(_ bytes: some Collection<UInt8>) throws -> Digest {
    let digest = Digest(of: bytes)
    if try containsForUse(digest) { return digest }
    let temporary = try makeTemporaryName()
    let file = try FileSystem.open(
      temporary, .writeOnly, options: [.create, .exclusiveCreate], doing: "write")
    do {
      defer { try? file.close() }  // a lost write is found when the blob is verified
      try FileSystem.write(bytes, to: file, path: temporary)
    } catch {
      try? FileSystem.remove(temporary)  // the write error is the one to report
      throw error
    }
    try place(temporary, as: digest)
    return digest
  }

  /// Moves a finished file into the store; it must be on the store's disk and nobody may hold it open.
  public func insert(moving file: FilePath) throws -> Digest {
    let digest = try Self.digest(ofFile: file)
    if try containsForUse(digest) {
      try FileSystem.remove(file)
    } else {
      try place(file, as: digest)
    }
    return digest
  }

  /// Copies a file of the user's into the store (sharing blocks where the disk can) and returns the
  /// digest of what was copied, even if the file changed meanwhile.
  public func insert(copying file: FilePath) throws -> Digest {
    let temporary = try makeTemporaryName()
    do {
      try FileCopy.copy(from: file, to: temporary, verifying: nil)
      return try insert(moving: temporary)
    } catch {
      try? FileSystem.remove(temporary)  // the copy error is the one to report
      throw error
    }
  }

  /// SHA-256 and size of a file, read in pieces.
  public static func digest(ofFile path: FilePath) throws -> Digest {
    try digest(ofFile: path) { _ in }
  }

  /// The same; `progress` is told after each piece how many bytes have been read, and what it throws ends
  /// the reading.
  static func digest(ofFile path: FilePath, progress: (Int64) throws -> Void) throws -> Digest {
    let file = try FileSystem.open(path, .readOnly, doing: "read")
    defer { try? file.close() }  // opened for reading only
    return try digest(of: file, path: path, progress: progress)
  }

  static func digest(
    of file: FileDescriptor, path: FilePath, progress: (Int64) throws -> Void = { _ in }
  ) throws -> Digest {
    var hasher = SHA256()
    var size: Int64 = 0
    try FileSystem.forEachChunk(of: file, path: path) { bytes in
      hasher.update(bufferPointer: bytes)
      size += Int64(bytes.count)
      try progress(size)
    }
    return Digest(sha256: hasher.finalize(), size: size)
  }

  /// Waits until what was inserted before is on the disk.
  ///
  /// One wait for a whole action: a cut of power before it leaves blobs without an action-cache entry,
  /// which nobody looks for. Throws `LostBlob` when another process has found one of them damaged and
  /// dropped it.
  public func settle(_ digests: some Collection<Digest>) throws {
    guard digests.count <= 16 else {
      try FileSystem.syncWholeDisk(holding: directory)
      return
    }
    for digest in digests {
      let path = path(of: digest)
      let file = try open(digest)
      defer { try? file.close() }  // opened for reading only
      try FileSystem.sync(file, path: path)
    }
  }

  /// Checks a blob's bytes, drops it when they are wrong. Throws `LostBlob`.
  public func verify(_ digest: Digest) throws {
    let path = path(of: digest)
    let file = try open(digest)
    defer { try? file.close() }  // opened for reading only
    guard try Self.digest(of: file, path: path) == digest else { throw try dropping(digest) }
  }

  /// Opens a blob for reading. Throws `LostBlob` when there is none.
  private func open(_ digest: Digest) throws -> FileDescriptor {
    do {
      return try FileDescriptor.open(path(of: digest), .readOnly, options: [.closeOnExec])
    } catch Errno.noSuchFileOrDirectory {
      throw LostBlob(digest: digest)
    } catch let error as Errno {
      throw BuildError(errno: error.rawValue, doing: "read", path: path(of: digest))
    }
  }

  /// Writes a blob to a new file, verified on the way. Throws `LostBlob`, leaving no file.
  public func copyOut(_ digest: Digest, to target: FilePath) throws {
    let source = path(of: digest)
    let file = try open(digest)
    defer { try? file.close() }  // opened for reading only
    do {
      try FileCopy.copy(from: file, at: source, to: target, verifying: digest)
    } catch is FileCopy.WrongBytes {
      try FileSystem.remove(target)
      throw try dropping(digest)
    }
  }

  private func dropping(_ digest: Digest) throws -> LostBlob {
    try FileSystem.remove(path(of: digest))
    return LostBlob(digest: digest)
  }

  /// Gives a blob one more name, as a file of the output tree, mode 0444 or 0555. False when it has to be
  /// copied: it has such a name already (a change made through one must not reach the other), the name is
  /// on another disk, or the disk has no hard links. Throws `LostBlob`.
  public func link(_ digest: Digest, to target: FilePath, executable: Bool) throws -> Bool {
    let source = path(of: digest)
    var status = stat()
    guard source.withPlatformString({ lstat($0, &status) }) == 0 else {
      throw LostBlob(digest: digest)
    }
    guard status.st_nlink == 1, status.st_size > 0 else { return false }
    // Bytes that leave the store are verified, but for those that were hashed when they were written.
    if !fresh.holds(digest, FileIdentity(status)) { try verify(digest) }
    let result = source.withPlatformString { source in
      target.withPlatformString { Glibc.link(source, $0) }
    }
    if result == 0 {
      try FileSystem.setMode(target, executable ? 0o555 : 0o444)
      return true
    }
    switch errno {
    case EXDEV, EPERM, EMLINK, EOPNOTSUPP, ENOSYS: return false
    case ENOENT: throw LostBlob(digest: digest)
    default: throw BuildError(errno: errno, doing: "write", path: target)
    }
  }

  func place(_ file: FilePath, as digest: Digest) throws {
    try FileSystem.setMode(file, 0o444)
    let target = path(of: digest)
    do { try FileSystem.rename(file, to: target) } catch {
      try FileSystem.createDirectories(target.removingLastComponent())
      try FileSystem.rename(file, to: target)
    }
  }

  /// A new name in one of 64 folders: ext4 looks for a free inode near those of the same folder, and in
  /// one folder of thousands of files that search took ten times as long as the rest (0.37 ms a file
  /// against 0.04 ms).
  func makeTemporaryName() throws -> FilePath {
    let random = UInt64.random(in: 0...UInt64.max)
    let folder = temporaryDirectory.appending("blobs-\(random % 64)")
    try FileSystem.createDirectories(folder)
    return folder.appending(String(random))
  }
}
