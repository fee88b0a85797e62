import Foundation
import Synchronization

/// Reads every served file again and again, as a server does, and keeps what is none of the allowed contents.
final class ServedReader: Sendable {
  private let isDone = Atomic<Bool>(false)
  private let faults = Mutex<[String]>([])
  private let reads = Atomic<Int>(0)

  /// - Parameter allowed: By absolute path; a file that has nil among its contents may be missing.
  init(_ allowed: [String: Set<Data?>]) {
    Thread.detachNewThread { [self] in
      while !isDone.load(ordering: .relaxed) {
        for (path, contents) in allowed {
          let content = FileManager.default.contents(atPath: path)
          reads.add(1, ordering: .relaxed)
          guard !contents.contains(content) else { continue }
          faults.withLock {
            $0.append("\(path) " + (content.map { "had \($0.count) wrong bytes" } ?? "was missing"))
          }
        }
      }
    }
  }

  func end() -> (faults: [String], reads: Int) {
    isDone.store(true, ordering: .relaxed)
    return (faults.withLock { $0 }, reads.load(ordering: .relaxed))
  }
}
