import BuildEngine
import CLinux
import Crypto
import Glibc
import SystemPackage

/// What has arrived so far of a download, kept on disk so that the next try, or the next run, goes
/// on from there. Used by one thread.
final class PartialFile {
  let path: FilePath
  private let descriptor: CInt
  private var hasher = SHA256()
  private(set) var count: Int64 = 0
  /// True when bytes of an earlier request are in it, so that a wrong digest may be a bad joint.
  private(set) var isJoined = false
  /// Which server version the bytes belong to; nil when it gave nothing to tell.
  private(set) var validator: Validator?

  /// A strong ETag or a Last-Modified date, and whose it is (RFC 9110, 13.1.5).
  struct Validator: Equatable {
    var addressDigest: String
    var value: String
  }

  private var validatorPath: FilePath { FilePath(path.string + ".validator") }

  /// Opens what an earlier run left, and reads it once to continue its SHA-256.
  init(_ path: FilePath) throws {
    self.path = path
    descriptor = linux_open(path.string, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw BuildError(errno: errno, doing: "write", path: path) }
    validator = readValidator()
    try withUnsafeTemporaryAllocation(byteCount: 1 << 20, alignment: 16) { buffer in
      while true {
        let length = read(descriptor, buffer.baseAddress, buffer.count)
        if length == 0 { return }
        guard length > 0 else { throw BuildError(errno: errno, doing: "read", path: path) }
        hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<length]))
        count += Int64(length)
      }
    }
  }

  deinit { close(descriptor) }

  var digest: BuildEngine.Digest { BuildEngine.Digest(sha256: hasher.finalize(), size: count) }

  /// Says that the next bytes come from another request than those before.
  func joins() { isJoined = isJoined || count > 0 }

  /// The errno of a failed write, or nil.
  func append(_ bytes: UnsafeRawBufferPointer) -> CInt? {
    var rest = bytes
    while !rest.isEmpty {
      let written = pwrite(descriptor, rest.baseAddress, rest.count, off_t(count))
      if written < 0 {
        if errno == EINTR { continue }
        return errno
      }
      hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: rest[..<written]))
      count += Int64(written)
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
    return nil
  }

  /// Starts from zero.
  func reset() throws {
    guard ftruncate(descriptor, 0) == 0 else {
      throw BuildError(errno: errno, doing: "truncate", path: path)
    }
    hasher = SHA256()
    count = 0
    isJoined = false
    try setValidator(nil)
  }

  /// Notes which version of the file the bytes to come belong to.
  func setValidator(_ new: Validator?) throws {
    validator = new
    guard let new else {
      unlink(validatorPath.string)
      return
    }
    let file = linux_open(validatorPath.string, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw BuildError(errno: errno, doing: "write", path: validatorPath) }
    defer { close(file) }
    let text = Array("\(new.addressDigest)\n\(new.value)\n".utf8)
    guard write(file, text, text.count) == text.count else {
      throw BuildError(errno: errno, doing: "write", path: validatorPath)
    }
  }

  private func readValidator() -> Validator? {
    let file = linux_open(validatorPath.string, O_RDONLY | O_CLOEXEC, 0)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let length = read(file, &bytes, bytes.count)
    guard length > 0 else { return nil }
    let lines = String(decoding: bytes[..<length], as: UTF8.self).split(separator: "\n")
    guard lines.count == 2 else { return nil }
    return Validator(addressDigest: String(lines[0]), value: String(lines[1]))
  }

  /// Forgets the bytes, on disk too.
  func discard() {
    unlink(path.string)
    unlink(validatorPath.string)
  }

  /// Moves the finished file to its place, which may be on another disk.
  func finish(at destination: FilePath) throws {
    guard fchmod(descriptor, 0o644) == 0, fsync(descriptor) == 0 else {
      throw BuildError(errno: errno, doing: "write", path: path)
    }
    if rename(path.string, destination.string) != 0 {
      guard errno == EXDEV else {
        throw BuildError(errno: errno, doing: "write", path: destination)
      }
      try copy(to: destination)
      unlink(path.string)
    }
    unlink(validatorPath.string)
  }

  private func copy(to destination: FilePath) throws {
    let target = linux_open(destination.string, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard target >= 0 else { throw BuildError(errno: errno, doing: "write", path: destination) }
    defer { close(target) }
    guard lseek(descriptor, 0, SEEK_SET) == 0 else {
      throw BuildError(errno: errno, doing: "read", path: path)
    }
    try withUnsafeTemporaryAllocation(byteCount: 1 << 20, alignment: 16) { buffer in
      while true {
        let length = read(descriptor, buffer.baseAddress, buffer.count)
        if length == 0 { return }
        guard length > 0 else { throw BuildError(errno: errno, doing: "read", path: path) }
        var offset = 0
        while offset < length {
          let written = write(target, buffer.baseAddress?.advanced(by: offset), length - offset)
          guard written > 0 else {
            throw BuildError(errno: errno, doing: "write", path: destination)
          }
          offset += written
        }
      }
    }
  }
}
