import BuildEngine
import CLinux
import Glibc
import SystemPackage

/// What an image is written to, open for nobody else: a disk, or a plain file.
public struct Destination: Sendable {
  let file: FileDescriptor
  public let path: FilePath
  /// Of the disk, in bytes; nil for a file.
  let size: Int64?
  /// Offsets and lengths have to be multiples of it.
  let blockSize: Int

  var isDisk: Bool { size != nil }

  /// Takes a disk for this process alone (O_EXCL: the kernel gives it to no mount, no RAID and no other
  /// such program meanwhile), and makes sure on the open handle that it is the disk that was judged.
  public init(_ disk: BlockDevice, at path: FilePath) throws {
    self.path = path
    let file: FileDescriptor
    do throws(Errno) {
      file = try Self.open(path, O_EXCL)
    } catch {
      guard error == .resourceBusy else {
        throw BuildError(errno: error.rawValue, doing: "open", path: path)
      }
      throw BuildError(
        .cannotWrite, "\(path.printable) is in use", reason: error.description,
        advice: "a mount in another container, a RAID or another program that writes it has it: "
          + "end that first")
    }
    do {
      try Self.check(file, disk, path)
    } catch {
      try? file.close()  // nothing was written
      throw error
    }
    self.file = file
    size = disk.size
    blockSize = max(512, disk.blockSize)
  }

  /// Opens or creates a plain file. What it held stays until it is written over.
  public init(file path: FilePath) throws {
    self.path = path
    let file: FileDescriptor
    do throws(Errno) {
      file = try Self.open(path, O_CREAT)
    } catch {
      // Some file systems know no way past the page cache.
      guard error == .invalidArgument else {
        throw BuildError(errno: error.rawValue, doing: "write", path: path)
      }
      file = try FileSystem.open(
        path, .readWrite, options: [.create],
        permissions: [.ownerReadWrite, .groupRead, .otherRead],
        doing: "write")
    }
    var status = stat()
    guard fstat(file.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      try? file.close()  // nothing was written
      throw BuildError(
        .cannotWrite, "\(path.printable) is no plain file",
        advice: "leave --to-file out to write to a disk")
    }
    self.file = file
    size = nil
    blockSize = 4096
  }

  public func close() {
    // What could not be written was reported by the sync before.
    try? file.close()
  }

  private static func open(_ path: FilePath, _ flags: Int32) throws(Errno) -> FileDescriptor {
    let file = path.withPlatformString { linux_open_direct($0, flags, 0o644) }
    guard file >= 0 else { throw Errno(rawValue: errno) }
    return FileDescriptor(rawValue: file)
  }

  // MARK: Identity

  private static func check(_ file: FileDescriptor, _ disk: BlockDevice, _ path: FilePath) throws {
    var status = stat()
    guard fstat(file.rawValue, &status) == 0 else {
      throw BuildError(errno: errno, doing: "look at", path: path)
    }
    let now = DeviceReader().disk(disk.name)
    if let what = difference(file, status, disk, now) {
      throw BuildError(
        .cannotWrite, "\(path.printable) is no longer the disk that was looked at", reason: what,
        advice: "nothing was written; see pxebuild usb --list, and start again")
    }
  }

  private static func difference(
    _ file: FileDescriptor, _ status: stat, _ disk: BlockDevice, _ now: BlockDevice?
  ) -> String? {
    guard status.st_mode & S_IFMT == S_IFBLK else { return "it is no device any more" }
    let number = DeviceNumber(status.st_rdev)
    if number != disk.number { return "it was device \(disk.number) and is \(number)" }
    let size = linux_disk_size(file.rawValue)
    if size != disk.size { return "it had \(disk.size) bytes and has \(size)" }
    let sequence = linux_disk_sequence(file.rawValue)
    if let before = disk.sequence, sequence != 0, sequence != before {
      return "another medium has been put in since"
    }
    guard let now, now.isSame(as: disk) else { return "its model or its serial number is another" }
    return nil
  }

  // MARK: Reading and writing

  /// Waits until everything is on the medium.
  func sync() -> Errno? { fsync(file.rawValue) == 0 ? nil : Errno(rawValue: errno) }

  /// Makes the next reads come from the medium and not from memory.
  func dropCache() {
    // Where it is not possible reads go past the cache all the same, by O_DIRECT.
    if isDisk {
      _ = linux_drop_disk_cache(file.rawValue)
    } else {
      posix_fadvise(file.rawValue, 0, 0, POSIX_FADV_DONTNEED)
    }
  }

  /// Tells the kernel of the new partitions. False when it still has the old ones.
  public func readPartitions() -> Bool {
    guard isDisk else { return true }
    for _ in 0..<10 {
      if linux_read_partitions(file.rawValue) == 0 { return true }
      // Others (udev) look at a new partition at once and let go of it again.
      guard errno == EBUSY else { return errno == EINVAL || errno == ENOTTY }
      usleep(100_000)
    }
    return false
  }
}
