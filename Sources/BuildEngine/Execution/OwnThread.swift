import Glibc
import Synchronization

/// Runs `body` on a thread of its own and waits for it without holding a thread of the cooperative
/// pool: for C libraries that block.
package func onOwnThread<Result: Sendable>(
  _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    let work = Unmanaged.passRetained(
      ThreadWork {
        do {
          continuation.resume(returning: try body())
        } catch {
          continuation.resume(throwing: error)
        }
      })
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let result = pthread_create(&thread, &attributes, runThreadWork, work.toOpaque())
    pthread_attr_destroy(&attributes)
    if result != 0 {
      work.release()
      continuation.resume(
        throwing: BuildError(
          .failed, "cannot start a thread", reason: String(cString: strerror(result))))
    }
  }
}

/// The same for what can be stopped half-way: it has to look at the flag, which says when the task is cancelled.
package func onOwnThread<Result: Sendable>(
  _ body: @escaping @Sendable (StopFlag) throws -> Result
) async throws -> Result {
  let stop = StopFlag()
  return try await withTaskCancellationHandler {
    try await onOwnThread { try body(stop) }
  } onCancel: {
    stop.set()
  }
}

/// Tells threads of its own that an action was cancelled.
package final class StopFlag: Sendable {
  private let isStopped = Atomic(false)

  package var isSet: Bool { isStopped.load(ordering: .relaxed) }

  fileprivate func set() { isStopped.store(true, ordering: .relaxed) }

  /// Throws `CancellationError` once the task is cancelled.
  package func check() throws {
    if isSet { throw CancellationError() }
  }
}

private final class ThreadWork: Sendable {
  let run: @Sendable () -> Void
  init(run: @escaping @Sendable () -> Void) { self.run = run }
}

private func runThreadWork(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let context else { return nil }
  Unmanaged<ThreadWork>.fromOpaque(context).takeRetainedValue().run()
  return nil
}
