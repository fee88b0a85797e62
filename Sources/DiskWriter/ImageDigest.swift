import BuildEngine
import Dispatch
import Synchronization
import SystemPackage

import struct Crypto.SHA256

/// Takes the digest of an image on a thread of its own, beside the writing.
///
/// It stays behind those who read the image for the disk: what they have read it finds in memory, and a slow stick does
/// not make it read ahead of them what memory has no room for.
final class ImageDigest: Sendable {
  /// What a processor's own cache holds, in bytes.
  private static let step: Int64 = 256 << 10

  private let file: FileDescriptor
  private let size: Int64
  private let goal: Atomic<Int64> = Atomic(0)
  private let isOver = Atomic(false)
  private let news = DispatchSemaphore(value: 0)

  /// - Parameter size: Of the image, in bytes.
  init(of file: FileDescriptor, size: Int64) {
    self.file = file
    self.size = size
  }

  /// Lets it go on up to an offset.
  func advance(to offset: Int64) {
    goal.store(offset, ordering: .releasing)
    news.signal()
  }

  /// Makes `take` return: nobody wants the digest any more.
  func end() {
    isOver.store(true, ordering: .relaxed)
    news.signal()
  }

  /// Waits for `advance`, until all is read. Call it once.
  ///
  /// - Throws: `Errno` when the image cannot be read, `CancellationError` after `end`.
  func take() throws -> Digest {
    let buffer = AlignedBuffer(Int(Self.step))
    var hasher = SHA256()
    var done: Int64 = 0
    while done < size {
      if isOver.load(ordering: .relaxed) { throw CancellationError() }
      let goal = goal.load(ordering: .acquiring)
      guard done < goal else {
        news.wait()
        continue
      }
      let count = Int(min(Self.step, goal - done))
      if let error = buffer.read(count, atLeast: count, of: file, at: done) { throw error }
      buffer.withBytes {
        hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count]))
      }
      done += Int64(count)
    }
    return Digest(sha256: hasher.finalize(), size: size)
  }
}
