import CLinux
import Glibc

/// The slots of a build, as GNU make counts them: a FIFO with one byte for each slot that is free.
///
/// The process itself owns one slot without a byte. Whoever takes a byte writes the same byte back.
struct Jobserver {
  /// Open for reading and writing, never blocking.
  let descriptor: Int32

  /// Opens the FIFO; nil without a path.
  init?(path: String?) throws {
    guard let path, !path.isEmpty else { return nil }
    descriptor = linux_open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC, 0)
    guard descriptor >= 0 else {
      throw WorkerFailure("cannot open the jobserver \(path): \(String(cString: strerror(errno)))")
    }
  }

  /// A byte if a slot is free right now.
  func take() -> UInt8? {
    var byte: UInt8 = 0
    while true {
      let count = read(descriptor, &byte, 1)
      if count == 1 { return byte }
      if count == -1, errno == EINTR { continue }
      return nil
    }
  }

  func giveBack(_ token: UInt8) {
    var byte = token
    while write(descriptor, &byte, 1) == -1, errno == EINTR {}
  }

  func close() { _ = Glibc.close(descriptor) }
}
