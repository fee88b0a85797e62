import CCurl
import Synchronization

/// Lets a cancelled task wake the thread that waits inside libcurl for it.
final class Cancellation: Sendable {
  private struct State {
    var isCancelled = false
    /// The address of the multi handle while its thread uses it. An integer, because a pointer
    /// may not cross threads; `curl_multi_wakeup` is the one function that may be called so.
    var waiting: UInt?
  }

  private let state = Mutex(State())

  var isCancelled: Bool { state.withLock { $0.isCancelled } }

  func cancel() {
    state.withLock { state in
      state.isCancelled = true
      if let address = state.waiting {
        curl_multi_wakeup(UnsafeMutableRawPointer(bitPattern: address))
      }
    }
  }

  func setWaiting(_ multi: UnsafeMutableRawPointer?) {
    state.withLock { $0.waiting = multi.map { UInt(bitPattern: $0) } }
  }
}
