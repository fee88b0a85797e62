import CLinux
import Glibc
import SystemPackage

extension BuildError {
  /// What the operating system refused, in words: `doing` is a verb phrase ("write", "look at").
  public init(errno code: Int32, doing: String, path: FilePath) {
    let reason = String(cString: strerror(code))
    let name = path.printable
    switch code {
    case ENOSPC, EDQUOT:
      self.init(
        .cannotWrite, "cannot \(doing) \(name)", reason: reason,
        advice: "free some space on that disk and run the same command again; what is built is kept"
      )
    case EROFS:
      self.init(
        .cannotWrite, "cannot \(doing) \(name)", reason: reason,
        advice: "choose a folder on a disk that can be written")
    case EACCES, EPERM:
      self.init(
        .noPermission, "cannot \(doing) \(name)", reason: reason,
        advice: "give \(FileSystem.userName) access to it, or choose another folder")
    default:
      self.init(.failed, "cannot \(doing) \(name)", reason: reason)
    }
  }
}

extension FilePath {
  /// The path for a message: control characters, which could forge lines, are escaped.
  public var printable: String { string.printable }
}

extension FilePath.Component {
  /// The name's bytes, without a zero at the end.
  var bytes: [UInt8] {
    withPlatformString { name in
      UnsafeBufferPointer(start: name, count: strlen(name)).map { UInt8(bitPattern: $0) }
    }
  }

  /// Nil for a name that is not UTF-8.
  var validatedString: String? { String(validating: bytes, as: UTF8.self) }
}

extension String {
  /// The same text with control characters escaped as Swift would write them.
  public var printable: String {
    var result = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value):
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

/// The few things that the engine does to a disk, each failing with a `BuildError` that names the path.
public enum FileSystem {
  /// The name of the user this process runs as, or its number.
  static var userName: String {
    let number = geteuid()
    guard let entry = getpwuid(number), let name = entry.pointee.pw_name else {
      return "user \(number)"
    }
    return "user \(String(cString: name))"
  }

  /// Creates a folder and those above it, with mode 0755 whatever the umask; with 2775 in a folder that a group
  /// shares (its set-group-ID bit and its group's right to write).
  public static func createDirectories(_ path: FilePath) throws {
    var code = createDirectory(path)
    let parent = path.removingLastComponent()
    if code == ENOENT, !parent.isEmpty {
      try createDirectories(parent)
      code = createDirectory(path)
      // A folder of a kind that takes no folders (/proc) says again that there is none.
      guard code != ENOENT else {
        throw BuildError(
          .cannotWrite, "cannot create the folder \(path.printable)",
          reason: String(cString: strerror(code)), advice: "choose another folder")
      }
    }
    switch code {
    case 0: return
    case EEXIST:
      // Links are followed: a person may have put the folder elsewhere.
      var status = stat()
      let follows = path.withPlatformString { stat($0, &status) } == 0
      if follows, FileIdentity(status).kind == .directory { return }
      throw BuildError(
        .cannotWrite, "cannot create the folder \(path.printable)",
        reason: "something that is not a folder has that name",
        advice: "move it away or choose another folder")
    default:
      throw BuildError(errno: code, doing: "create the folder", path: path)
    }
  }

  /// Creates one folder; 0, or the error number.
  private static func createDirectory(_ path: FilePath) -> Int32 {
    guard path.withPlatformString({ mkdir($0, 0o755) }) == 0 else { return errno }
    let parent = path.removingLastComponent()
    let mode: mode_t = isShared(parent.isEmpty ? "." : parent) ? 0o2775 : 0o755
    _ = path.withPlatformString { chmod($0, mode) }
    return 0
  }

  /// True for a folder that a group shares: its set-group-ID bit and its group's right to write say so.
  public static func isShared(_ folder: FilePath) -> Bool {
    var status = stat()
    return folder.withPlatformString { stat($0, &status) } == 0
      && status.st_mode & 0o2020 == 0o2020
  }

  public static func open(
    _ path: FilePath, _ mode: FileDescriptor.AccessMode,
    options: FileDescriptor.OpenOptions = [], permissions: FilePermissions = [.ownerReadWrite],
    doing: String
  ) throws -> FileDescriptor {
    do {
      return try FileDescriptor.open(
        path, mode, options: options.union(.closeOnExec), permissions: permissions)
    } catch let error as Errno {
      throw BuildError(errno: error.rawValue, doing: doing, path: path)
    }
  }

  public static func rename(_ from: FilePath, to target: FilePath) throws {
    let result = from.withPlatformString { from in
      target.withPlatformString { Glibc.rename(from, $0) }
    }
    guard result == 0 else { throw BuildError(errno: errno, doing: "write", path: target) }
  }

  public static func setMode(_ path: FilePath, _ mode: UInt32) throws {
    guard path.withPlatformString({ chmod($0, mode_t(mode)) }) == 0 else {
      throw BuildError(errno: errno, doing: "set the mode of", path: path)
    }
  }

  public static func createSymlink(_ path: FilePath, target: String) throws {
    guard path.withPlatformString({ symlink(target, $0) }) == 0 else {
      throw BuildError(errno: errno, doing: "create the link", path: path)
    }
  }

  public static func readSymlink(_ path: FilePath) throws -> String {
    var characters = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = path.withPlatformString { readlink($0, &characters, characters.count) }
    guard length >= 0 else { throw BuildError(errno: errno, doing: "read the link", path: path) }
    let buffer = characters.prefix(max(0, length)).map { UInt8(bitPattern: $0) }
    guard let target = String(validating: buffer, as: UTF8.self) else {
      throw BuildError(
        .failed,
        "the link \(path.printable) points to a name that is not UTF-8: "
          + "\"\(printable(buffer))\"",
        advice: "rename what it points to")
    }
    return target
  }

  /// The names in a folder, sorted by bytes, without "." and "..". A name that is not UTF-8 is an error:
  /// as a `String` it would be another name.
  public static func list(_ path: FilePath) throws -> [String] {
    try entries(of: path).map { component in
      guard let name = component.validatedString else {
        throw BuildError(
          .failed,
          "\(path.printable) holds a name that is not UTF-8: \"\(printable(component.bytes))\"",
          advice: "rename it")
      }
      return name
    }
  }

  /// The names in a folder as the bytes that they are, sorted, without "." and "..".
  public static func entries(of path: FilePath) throws -> [FilePath.Component] {
    guard let directory = path.withPlatformString({ opendir($0) }) else {
      throw BuildError(errno: errno, doing: "read the folder", path: path)
    }
    defer { closedir(directory) }
    var names: [FilePath.Component] = []
    while true {
      errno = 0
      guard let entry = readdir(directory) else {
        guard errno == 0 else {
          throw BuildError(errno: errno, doing: "read the folder", path: path)
        }
        break
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) {
          FilePath.Component(platformString: $0)
        }
      }
      if let name, name.kind == .regular { names.append(name) }
    }
    return names.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
  }

  /// Bytes that are not UTF-8 for a message: what is not plain ASCII is shown as \xNN.
  private static func printable(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { byte in
      if (0x20..<0x7f).contains(byte) { return String(UnicodeScalar(byte)) }
      let hex = String(byte, radix: 16, uppercase: true)
      return "\\x" + (hex.count == 1 ? "0" : "") + hex
    }.joined()
  }

  /// Removes a file, a link or a whole folder, read-only folders included. Nothing there is no error,
  /// not even when another process removes the same at the same time.
  public static func remove(_ path: FilePath) throws {
    guard let identity = try FileIdentity.of(path) else { return }
    if identity.kind == .directory {
      if identity.mode & 0o700 != 0o700 { _ = path.withPlatformString { chmod($0, 0o700) } }
      do {
        for name in try entries(of: path) { try remove(path.appending(name)) }
      } catch {
        // Gone in the meantime is as good as removed.
        guard try FileIdentity.of(path) != nil else { return }
        throw error
      }
      guard path.withPlatformString({ rmdir($0) }) == 0 || errno == ENOENT else {
        throw BuildError(errno: errno, doing: "remove", path: path)
      }
      return
    }
    guard path.withPlatformString({ unlink($0) }) == 0 || errno == ENOENT else {
      throw BuildError(errno: errno, doing: "remove", path: path)
    }
  }

  public static func sync(_ file: FileDescriptor, path: FilePath) throws {
    guard fdatasync(file.rawValue) == 0 else {
      throw BuildError(errno: errno, doing: "write", path: path)
    }
  }

  /// Makes a rename or a removal in the folder last through a power cut.
  public static func syncDirectory(_ path: FilePath) throws {
    let file = try open(path, .readOnly, options: [.directory], doing: "write")
    defer { try? file.close() }  // a folder opened for reading has nothing left to lose
    guard fsync(file.rawValue) == 0 else {
      throw BuildError(errno: errno, doing: "write", path: path)
    }
  }

  /// Writes out everything dirty on the disk that holds `path`: one wait instead of thousands.
  public static func syncWholeDisk(holding path: FilePath) throws {
    let file = try open(path, .readOnly, doing: "write")
    defer { try? file.close() }  // opened for reading only
    guard linux_sync_file_system(file.rawValue) == 0 else {
      throw BuildError(errno: errno, doing: "write", path: path)
    }
  }

  public static func write(_ bytes: some Sequence<UInt8>, to file: FileDescriptor, path: FilePath)
    throws
  {
    do { try file.writeAll(bytes) } catch let error as Errno {
      throw BuildError(errno: error.rawValue, doing: "write", path: path)
    }
  }

  /// Reads a whole small file. Nil when it does not exist.
  public static func read(_ path: FilePath) throws -> [UInt8]? {
    let file: FileDescriptor
    do { file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec]) } catch let error
      as Errno
    {
      if error == .noSuchFileOrDirectory || error == .notDirectory { return nil }
      throw BuildError(errno: error.rawValue, doing: "read", path: path)
    }
    defer { try? file.close() }  // opened for reading only
    let size = try Int(FileIdentity.of(open: file, path: path).size)
    var bytes = [UInt8]()
    bytes.reserveCapacity(size)
    try forEachChunk(of: file, path: path) { bytes.append(contentsOf: $0) }
    return bytes
  }

  /// Size of the pieces in which files are read and hashed, in bytes.
  static let chunkSize = 256 * 1024

  /// Reads from the current offset to the end in pieces of `chunkSize`.
  public static func forEachChunk(
    of file: FileDescriptor, path: FilePath, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkSize, alignment: 4096)
    defer { buffer.deallocate() }
    while true {
      let count: Int
      do { count = try file.read(into: buffer) } catch let error as Errno {
        throw BuildError(errno: error.rawValue, doing: "read", path: path)
      }
      if count == 0 { return }
      try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }
}
