import Synchronization
import SystemPackage

/// Counts the bytes that many threads read, and tells of them.
final class ByteMeter: Sendable {
  private let total: Int64
  private let done = Atomic<Int64>(0)
  private let tell: @Sendable (Int64, Int64) -> Void

  /// - Parameter tell: Gets how many bytes of how many have been read. From any thread.
  init(total: Int64, _ tell: @escaping @Sendable (Int64, Int64) -> Void) {
    self.total = total
    self.tell = tell
  }

  var bytesRead: Int64 { done.load(ordering: .relaxed) }

  /// The digest of a file, read to its end. Throws `CancellationError` soon after the task was cancelled.
  func digest(of path: FilePath) throws -> Digest {
    var counted: Int64 = 0
    return try ContentStore.digest(ofFile: path) { size in
      try Task.checkCancellation()
      // A file that has grown is read to its new end, and then there is more than the total.
      let sum = done.add(size - counted, ordering: .relaxed).newValue
      counted = size
      tell(min(sum, total), total)
    }
  }
}
