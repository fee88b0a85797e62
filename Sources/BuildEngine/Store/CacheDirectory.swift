import CLinux
import Glibc
import Synchronization
import SystemPackage

/// The cache folder: its layout, its format, and the lock by which builds and clean-ups know of each other.
///
///     FORMAT      the number of the layout
///     blobs/      the content store
///     actions/    the action cache
///     state/      what speeds the next run up and can be lost: file digests, records of the last builds
///     logs/       the output of actions that ran, by the action's name
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
    let isNew = try !hasKnownFormat()
    for name in ["blobs", "actions", "state", "logs", "work"] {
      try FileSystem.createDirectories(path.appending(name))
    }
    if isNew {
      try FileSystem.replace(formatFile, with: "pxebuild cache \(Self.format)\n".utf8)
    }
  }

  /// - Parameter work: Where blobs are written before they are renamed into the store.
  public func store(work: WorkDirectory) -> ContentStore {
    ContentStore(directory: path.appending("blobs"), temporaryDirectory: work.path)
  }

  public var actionCache: ActionCache { ActionCache(directory: path.appending("actions")) }

  public func state(_ name: String) -> FilePath { path.appending("state").appending(name) }

  private var formatFile: FilePath { path.appending("FORMAT") }

  /// False when nothing says which format it is: a new cache. Throws for one that cannot be used.
  private func hasKnownFormat() throws -> Bool {
    guard let bytes = try FileSystem.read(formatFile) else { return false }
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.hasPrefix("pxebuild cache "), text.hasSuffix("\n"),
      let number = Int(text.dropFirst(15).dropLast())
    else {
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
    return true
  }

  /// Held by every build (shared) and by a clean-up (exclusive). The kernel lets go of it when the
  /// process ends, however it ends.
  public final class Lock: Sendable {
    private let file: Mutex<FileDescriptor?>

    init(file: FileDescriptor?) { self.file = Mutex(file) }

    deinit { release() }

    /// Lets go of it. More than once is no error.
    public func release() {
      file.withLock {
        if let file = $0 { _ = linux_unlock_file(file.rawValue) }  // closing does it at last
        try? $0?.close()  // nothing was written through it
        $0 = nil
      }
    }
  }

  /// Waits for a clean-up that runs, if one does. Throws `CancellationError` when the build is interrupted
  /// meanwhile.
  public func lockForBuild() async throws -> Lock {
    while true {
      if let lock = try lock(exclusive: false) { return lock }
      // A wait inside the kernel would hold a thread and hear no interrupt.
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  /// The cache for a clean-up alone; nil when a build uses it.
  public func lockForCleaning() throws -> Lock? { try lock(exclusive: true) }

  /// Nil when somebody else holds a lock that excludes this one.
  private func lock(exclusive: Bool) throws -> Lock? {
    let name = path.appending("state").appending("lock")
    let file = try FileSystem.open(
      name, .readWrite, options: [.create], permissions: .init(rawValue: 0o666), doing: "lock")
    try? FileSystem.setMode(name, 0o666)  // it is another user's then, who has done it
    if linux_lock_file(file.rawValue, exclusive ? 1 : 0, 0) == 0 { return Lock(file: file) }
    let code = errno
    try? file.close()  // nothing was locked or written through it
    if code == EAGAIN || code == EACCES { return nil }
    // A network's file system without locks: nobody ever has such a cache to himself, and clean-ups keep what is
    // young.
    if code == ENOLCK || code == EOPNOTSUPP || code == ENOSYS {
      return exclusive ? nil : Lock(file: nil)
    }
    throw BuildError(errno: code, doing: "lock", path: name)
  }
}
