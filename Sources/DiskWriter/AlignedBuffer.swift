import Glibc

/// Memory for I/O past the page cache, which wants buffers that start at a page.
///
/// Unchecked: whoever hands it to another thread does not touch it until it is handed back.
final class AlignedBuffer: @unchecked Sendable {
  let bytes: UnsafeMutableRawBufferPointer

  init(_ count: Int) {
    bytes = .allocate(byteCount: count, alignment: 4096)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { bytes.deallocate() }

  /// True when so many first bytes of both are equal.
  func isSame(as other: AlignedBuffer, count: Int) -> Bool {
    guard let left = bytes.baseAddress, let right = other.bytes.baseAddress else { return true }
    return memcmp(left, right, count) == 0
  }

  /// The first bytes.
  func prefix(_ count: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[..<count])
  }
}
