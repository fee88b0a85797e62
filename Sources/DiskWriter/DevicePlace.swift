import BuildEngine
import Glibc
import SystemPackage

/// What a person's path to a disk turned out to be.
public enum DevicePlace: Sendable, Equatable {
  /// A disk, and what is on it; nil when this user may not read it.
  case disk(BlockDevice, DiskContents?)
  case partition(String, of: String)
  case plainFile
  /// A folder, a character device, …; in words.
  case noDevice(String)
  case missing
  /// The kernel has it, its files say nothing of it.
  case unknown(DeviceNumber)

  /// Looks at what is at a path now; links are followed.
  ///
  /// - Throws: `BuildError` when the path may not be looked at, or the disk fails.
  public static func at(_ path: FilePath, _ reader: DeviceReader) throws -> DevicePlace {
    var status = stat()
    guard path.withPlatformString({ stat($0, &status) }) == 0 else {
      let code = errno
      if code == ENOENT || code == ENOTDIR { return .missing }
      throw BuildError(errno: code, doing: "look at", path: path)
    }
    switch status.st_mode & S_IFMT {
    case S_IFBLK: return try disk(DeviceNumber(status.st_rdev), path, reader)
    case S_IFREG: return .plainFile
    case S_IFDIR: return .noDevice("a folder")
    case S_IFCHR: return .noDevice("a character device")
    default: return .noDevice("no device")
    }
  }

  private static func disk(
    _ number: DeviceNumber, _ path: FilePath, _ reader: DeviceReader
  ) throws -> DevicePlace {
    guard let (disk, partition) = reader.disk(number) else { return .unknown(number) }
    if let partition { return .partition(partition, of: disk.path) }
    return .disk(disk, try contents(path))
  }

  /// What is on the disk at a path. Nothing changes on it: it may turn out to be the wrong one.
  private static func contents(_ path: FilePath) throws -> DiskContents? {
    let file: FileDescriptor
    do {
      file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
    } catch let error as Errno {
      if error == .noMedium { return DiskContents() }
      if error == .permissionDenied || error == .notPermitted { return nil }
      throw BuildError(errno: error.rawValue, doing: "open", path: path)
    }
    defer { try? file.close() }  // opened for reading only
    return DiskContents(of: file.rawValue)
  }
}

extension Errno {
  /// A reader for cards without a card, a drive without a disc (ENOMEDIUM).
  static let noMedium = Errno(rawValue: 123)
}
