import Foundation
import Synchronization

/// Looks at how much memory a running program uses, fifty times a second, from its start to its end.
///
/// `ru_maxrss` does not tell: across posix_spawn it starts with what the process of the tests uses.
final class MemoryWatch: Sendable {
  private let state = Mutex((peak: 0, isOver: false))

  init(of id: pid_t) {
    Thread.detachNewThread { [self] in
      while !state.withLock({ $0.isOver }) {
        let peak = Self.peak(of: id)
        state.withLock { $0.peak = max($0.peak, peak) }
        Thread.sleep(forTimeInterval: 0.02)
      }
    }
  }

  /// Ends the watch. The most that was resident at a time, in bytes.
  func end() -> Int {
    state.withLock {
      $0.isOver = true
      return $0.peak
    }
  }

  /// proc_pid_status(5), "VmHWM: 155508 kB"; 0 for a process that has ended.
  private static func peak(of id: pid_t) -> Int {
    let text = String(
      decoding: FileManager.default.contents(atPath: "/proc/\(id)/status") ?? Data(), as: UTF8.self)
    let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return (line.flatMap { Int($0.filter(\.isNumber)) } ?? 0) * 1024
  }
}
