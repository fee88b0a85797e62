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
    (path, lock) = try Self.create(in: parent)
    do { try Self.removeAbandoned(in: parent, but: path) } catch {
      try? lock.close()  // closing is what unlocks
      throw error
    }
  }

  /// Another build may take the folder for an abandoned one between its creation and its lock. So it is
  /// ours only if, once locked, it still stands there; otherwise the next name is tried.
  private static func create(in parent: FilePath) throws -> (FilePath, FileDescriptor) {
    while true {
      let path = parent.appending("\(getpid())-\(UInt64.random(in: 0...UInt64.max))")
      try FileSystem.createDirectories(path)
      let name = path.appending("lock")
      let lock: FileDescriptor
      do {
        lock = try FileDescriptor.open(
          name, .readWrite, options: [.create, .closeOnExec], permissions: [.ownerReadWrite])
      } catch Errno.noSuchFileOrDirectory {
        continue
      } catch let error as Errno {
        throw BuildError(errno: error.rawValue, doing: "lock", path: name)
      }
      if linux_lock_file(lock.rawValue, 1, 0) == 0 {
        let own = try FileIdentity.of(open: lock, path: name)
        if let there = try FileIdentity.of(name), there.inode == own.inode { return (path, lock) }
      } else if errno != EAGAIN && errno != EACCES {
        let code = errno
        try? lock.close()  // nothing was locked
        throw BuildError(errno: code, doing: "lock", path: name)
      }
      try? lock.close()  // the folder is somebody else's to remove
    }
  }

  deinit { try? lock.close() }  // closing is what unlocks

  /// The pxebuilds that use a cache now. Where locks say nothing (another user's folder, a network's file system
  /// without them) whoever began within a day counts.
  ///
  /// - Returns: When each began, in nanoseconds since 1970; nil where that cannot be told.
  static func running(in cache: CacheDirectory) throws -> [(started: Int64?, path: FilePath)] {
    let parent = cache.path.appending("work")
    var running: [(started: Int64?, path: FilePath)] = []
    for name in try FileSystem.entries(of: parent) {
      let folder = parent.appending(name)
      let file = folder.appending("lock")
      guard let identity = try? FileIdentity.of(file) ?? FileIdentity.of(folder) else { continue }
      let isYoung = identity.modified + 86_400 * 1_000_000_000 > FileIdentity.now
      do {
        let lock = try FileDescriptor.open(file, .readWrite, options: [.closeOnExec])
        defer { try? lock.close() }  // closing is what unlocks
        if linux_lock_file(lock.rawValue, 1, 0) == 0 { continue }
        let isHeld = errno == EAGAIN || errno == EACCES
        if isHeld || isYoung { running.append((identity.modified, folder)) }
      } catch {
        if isYoung { running.append((identity.modified, folder)) }
      }
    }
    return running
  }

  /// A name in this folder that nothing has yet.
  public func makeName(_ purpose: String) -> FilePath {
    path.appending("\(purpose)-\(UInt64.random(in: 0...UInt64.max))")
  }

  /// Removes the folder. Call it when the build has ended, well or badly.
  public func remove() throws { try FileSystem.remove(path) }

  /// What cannot be removed (something that a killed build started still writes there, or it is another
  /// user's) is no reason not to build: a later build tries again.
  private static func removeAbandoned(in parent: FilePath, but own: FilePath) throws {
    for name in try FileSystem.entries(of: parent) {
      let folder = parent.appending(name)
      if folder == own { continue }
      let lock: FileDescriptor
      do {
        lock = try FileDescriptor.open(
          folder.appending("lock"), .readWrite, options: [.closeOnExec])
      } catch Errno.noSuchFileOrDirectory {
        // Either its owner is between creating the folder and locking it, or it was killed there: only a
        // folder that is a minute old can be the latter.
        if let identity = try FileIdentity.of(folder), identity.isOlder(thanSeconds: 60) {
          try? FileSystem.remove(folder)  // see above
        }
        continue
      } catch {
        continue  // Not to be opened is no sign of being abandoned: it may be another user's.
      }
      defer { try? lock.close() }  // closing is what unlocks
      if linux_lock_file(lock.rawValue, 1, 0) == 0 {
        try? FileSystem.remove(folder)  // see above
      }
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
