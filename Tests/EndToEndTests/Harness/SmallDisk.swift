import Foundation
import Testing

/// Disks that get full. Only root may mount them.
extension Site {
  /// Mounts a small disk on a folder of the site while `body` runs.
  func withSmallDisk<Result>(
    at name: String, kilobytes: Int, _ body: () async throws -> Result
  ) async throws -> Result {
    try makeFolder(name)
    let place = "\(folder)/\(name)"
    guard mount("tmpfs", place, "tmpfs", 0, "size=\(kilobytes)k") == 0 else {
      throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EPERM)
    }
    defer { umount2(place, Int32(MNT_DETACH)) }
    return try await body()
  }

  /// Fills a disk with one file but for so many bytes.
  func fillDisk(with path: String, leaving rest: off_t) throws {
    try write(Data(), to: path)
    let file = try #require(FileHandle(forWritingAtPath: "\(folder)/\(path)"))
    defer { try? file.close() }  // nothing is read from it
    let block = [UInt8](repeating: 1, count: 4096)
    while Glibc.write(file.fileDescriptor, block, block.count) > 0 {}
    ftruncate(file.fileDescriptor, max(0, lseek(file.fileDescriptor, 0, SEEK_END) - rest))
  }
}
