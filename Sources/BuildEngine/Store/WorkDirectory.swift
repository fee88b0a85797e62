import CLinux
import Glibc
import SystemPackage

/// A folder below the cache's `work/` that belongs to one running pxebuild: temporary files and the roots
/// of the actions it runs. A lock inside tells others that its owner lives; the kernel drops the lock
/// when the owner ends, however it ends, and the next build removes the folder.
public final class WorkDirectory: Sendable {
  public let path: FilePath
  private let lock: FileDescriptor

  /// Creates a folder of its own and removes those that killed builds left.
  public init(in cache: CacheDirectory) throws {
    let parent = cache.path.appending("work")
    path = parent.appending("\(getpid())-\(UInt64.random(in: 0...UInt64.max))")
    try FileSystem.createDirectories(path)
    let file = path.appending("lock")
    lock = try FileSystem.open(file, .readWrite, options: [.create], doing: "lock")
    guard linux_lock_file(lock.rawValue, 1, 0) == 0 else {
      throw BuildError(errno: errno, doing: "lock", path: file)
    }
    try Self.removeAbandoned(in: parent, but: path)
  }

  deinit { try? lock.close() }  // closing is what unlocks

  /// A name in this folder that nothing has yet.
  public func makeName(_ purpose: String) -> FilePath {
    path.appending("\(purpose)-\(UInt64.random(in: 0...UInt64.max))")
  }

  /// Removes the folder. Call it when the build has ended, well or badly.
  public func remove() throws { try FileSystem.remove(path) }

  private static func removeAbandoned(in parent: FilePath, but own: FilePath) throws {
    for name in try FileSystem.list(parent) {
      let folder = parent.appending(name)
      if folder == own { continue }
      guard
        let file = try? FileDescriptor.open(
          folder.appending("lock"), .readWrite, options: [.closeOnExec])
      else {
        // Either its owner is between creating the folder and locking it, or it was killed there: only a
        // folder that is a minute old can be the latter.
        if let identity = try FileIdentity.of(folder), identity.isOlder(thanSeconds: 60) {
          try FileSystem.remove(folder)
        }
        continue
      }
      defer { try? file.close() }  // closing is what unlocks
      if linux_lock_file(file.rawValue, 1, 0) == 0 { try FileSystem.remove(folder) }
    }
  }
}

extension FileIdentity {
  func isOlder(thanSeconds seconds: Int64) -> Bool {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return changed / 1_000_000_000 + seconds < Int64(now.tv_sec)
  }
}
