import Glibc
import SystemPackage

extension FileDescriptor {
  /// Fills the buffer from an offset; nil, or why not. A file that ends before `least` bytes is an I/O error.
  func readFully(
    into buffer: UnsafeMutableRawBufferPointer, atLeast least: Int, at offset: Int64
  ) -> Errno? {
    var done = 0
    while done < least {
      let count = Glibc.pread(
        rawValue, buffer.baseAddress?.advanced(by: done), buffer.count - done,
        off_t(offset) + off_t(done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return Errno(rawValue: count < 0 ? errno : EIO) }
      done += count
    }
    return nil
  }

  /// Writes all bytes at an offset; nil, or why not.
  func writeFully(_ bytes: UnsafeRawBufferPointer, at offset: Int64) -> Errno? {
    var done = 0
    while done < bytes.count {
      let count = Glibc.pwrite(
        rawValue, bytes.baseAddress?.advanced(by: done), bytes.count - done,
        off_t(offset) + off_t(done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return Errno(rawValue: count < 0 ? errno : ENOSPC) }
      done += count
    }
    return nil
  }
}
