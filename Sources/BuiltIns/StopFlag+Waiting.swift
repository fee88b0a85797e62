import BuildEngine
import Dispatch
import Synchronization

extension StopFlag {
  /// Waits on such a thread for what runs elsewhere: a program. It is cancelled when the flag is set.
  func waiting<Value: Sendable>(
    for body: @escaping @Sendable () async throws -> Value
  ) throws -> Value {
    let outcome = Outcome<Value>()
    let task = Task {
      let value: Result<Value, any Error>
      do { value = .success(try await body()) } catch { value = .failure(error) }
      outcome.set(value)
    }
    while outcome.isDone.wait(timeout: .now() + .milliseconds(100)) == .timedOut {
      if isSet { task.cancel() }
    }
    return try outcome.value()
  }
}

/// What a task came to, for the thread that waits for it.
private final class Outcome<Value: Sendable>: Sendable {
  let isDone = DispatchSemaphore(value: 0)
  private let result = Mutex<Result<Value, any Error>?>(nil)

  func set(_ value: Result<Value, any Error>) {
    result.withLock { $0 = value }
    isDone.signal()
  }

  /// - Precondition: `isDone` was waited for.
  func value() throws -> Value {
    guard let result = result.withLock({ $0 }) else { throw CancellationError() }
    return try result.get()
  }
}
