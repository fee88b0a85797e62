import Glibc
import SystemPackage

/// What `lstat` says of a file that changes whenever its content may have: enough to know, without
/// reading it, that a file is still the one that was hashed.
public struct FileIdentity: Hashable, Sendable {
  public enum Kind: UInt8, Sendable { case regular, directory, symlink, other }

  public var device: UInt64
  public var inode: UInt64
  public var size: Int64
  /// Nanoseconds since 1970.
  public var modified: Int64
  /// Nanoseconds since 1970. The kernel sets it, so a program cannot hide a change by setting
  /// `modified` back.
  public var changed: Int64
  public var mode: UInt32

  public init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    changed = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
    mode = UInt32(status.st_mode)
  }

  init(device: UInt64, inode: UInt64, size: Int64, modified: Int64, changed: Int64, mode: UInt32) {
    self.device = device
    self.inode = inode
    self.size = size
    self.modified = modified
    self.changed = changed
    self.mode = mode
  }

  public var kind: Kind {
    switch mode & UInt32(S_IFMT) {
    case UInt32(S_IFREG): .regular
    case UInt32(S_IFDIR): .directory
    case UInt32(S_IFLNK): .symlink
    default: .other
    }
  }

  /// False for a file that changed so recently that another change could leave the same time stamp; its
  /// identity says nothing about its content yet.
  public var isSettled: Bool {
    // The kernel stamps with its tick, 10 ms at the slowest.
    changed + 20_000_000 < Self.now
  }

  /// Nanoseconds since 1970, as time stamps are.
  static var now: Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
  }

  public var isExecutable: Bool { mode & 0o100 != 0 }

  /// Looks at `path`, by default without following a link. Nil when nothing is there.
  public static func of(_ path: FilePath, followingLinks: Bool = false) throws -> FileIdentity? {
    var status = stat()
    let look = followingLinks ? stat : lstat
    if path.withPlatformString({ look($0, &status) }) == 0 { return FileIdentity(status) }
    let code = errno
    if code == ENOENT || code == ENOTDIR { return nil }
    throw BuildError(errno: code, doing: "look at", path: path)
  }

  /// The same for an open file.
  public static func of(open file: FileDescriptor, path: FilePath) throws -> FileIdentity {
    var status = stat()
    guard fstat(file.rawValue, &status) == 0 else {
      throw BuildError(errno: errno, doing: "look at", path: path)
    }
    return FileIdentity(status)
  }
}

extension FileIdentity.Kind {
  /// For a message: "a file".
  public var words: String {
    switch self {
    case .regular: "a file"
    case .directory: "a folder"
    case .symlink: "a symbolic link"
    case .other: "a device, socket or pipe"
    }
  }
}
