import CLinux
import Glibc
import SystemPackage

/// The cache folder: its layout, its format, and the lock that keeps a clean-up away from builds.
///
///     FORMAT      the number of the layout
///     blobs/      the content store
///     actions/    the action cache
///     state/      what speeds the next run up and can be lost: file digests, records of the last builds
///     logs/       the output of actions that ran, by action key
///     work/       one folder a running pxebuild
///     git/ downloads/ apt/ link-sets/   kept by the built-ins that use them
public struct CacheDirectory: Sendable {
  /// Raised when a pxebuild can no longer read what another version wrote.
  static let format = 1

  public let path: FilePath

  /// Creates the layout where it is missing and refuses a format that this version does not know.
  public init(_ path: FilePath) throws {
    self.path = path
    try FileSystem.createDirectories(path)
    for name in ["blobs", "actions", "state", "logs", "work"] {
      try FileSystem.createDirectories(path.appending(name))
    }
    try checkFormat()
  }

  /// - Parameter work: Where blobs are written before they are renamed into the store.
  public func store(work: WorkDirectory) -> ContentStore {
    ContentStore(directory: path.appending("blobs"), temporaryDirectory: work.path)
  }

  public var actionCache: ActionCache { ActionCache(directory: path.appending("actions")) }

  public func log(for key: Digest) -> FilePath {
    path.appending("logs").appending("\(key.hex).log")
  }

  public func state(_ name: String) -> FilePath { path.appending("state").appending(name) }

  private func checkFormat() throws {
    let file = path.appending("FORMAT")
    guard let bytes = try FileSystem.read(file) else {
      return try FileSystem.replace(file, with: "pxebuild cache \(Self.format)\n".utf8)
    }
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.hasPrefix("pxebuild cache "), let number = Int(text.dropFirst(15).dropLast()) else {
      throw BuildError(
        .cannotWrite, "the cache folder \(path.printable) has an unreadable FORMAT file",
        reason: "it should say \"pxebuild cache \(Self.format)\"",
        advice: "delete the folder, or choose another one with --cache")
    }
    guard number <= Self.format else {
      throw BuildError(
        .cannotWrite,
        "the cache folder \(path.printable) was written by a newer pxebuild",
        reason: "it has format \(number); this pxebuild knows formats up to \(Self.format)",
        advice: "use that newer pxebuild, or choose another folder with --cache")
    }
  }

  /// Held by every build (shared) and by a clean-up (exclusive). The kernel lets go of it when the
  /// process ends, however it ends.
  public final class Lock: Sendable {
    private let file: FileDescriptor

    init(file: FileDescriptor) { self.file = file }

    deinit { try? file.close() }  // closing is what unlocks

    /// Keeps the lock until here.
    public func release() { withExtendedLifetime(self) {} }
  }

  /// Waits for a clean-up that runs, if one does.
  public func lockForBuild() throws -> Lock { try lock(exclusive: false, wait: true) }

  /// Fails at once when a build uses this cache.
  public func lockForCleaning() throws -> Lock { try lock(exclusive: true, wait: false) }

  private func lock(exclusive: Bool, wait: Bool) throws -> Lock {
    let name = path.appending("state").appending("lock")
    let file = try FileSystem.open(
      name, .readWrite, options: [.create], permissions: .init(rawValue: 0o666), doing: "lock")
    if linux_lock_file(file.rawValue, exclusive ? 1 : 0, wait ? 1 : 0) == 0 {
      return Lock(file: file)
    }
    let code = errno
    try? file.close()  // nothing was locked or written through it
    if code == EAGAIN || code == EACCES {
      throw BuildError(
        .cannotWrite, "the cache \(path.printable) is in use by a build",
        advice: "wait until it has ended and run the same command again")
    }
    throw BuildError(errno: code, doing: "lock", path: name)
  }
}
