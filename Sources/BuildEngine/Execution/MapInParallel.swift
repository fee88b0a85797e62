import Dispatch
import Glibc
import Synchronization

extension Array where Element: Sendable {
  /// What `transform` makes of each element, in the order of the elements, by a thread for each processor but
  /// at most four. Blocks until all threads have ended.
  ///
  /// After an error no further element is begun; of several errors that of the first element is thrown.
  package func mapInParallel<Result: Sendable>(
    _ transform: @Sendable (Element) throws -> Result
  ) throws -> [Result] {
    let threads = Swift.min(4, sysconf(Int32(_SC_NPROCESSORS_ONLN)), count)
    guard threads > 1 else { return try map(transform) }
    let next = Atomic(0)
    let results = Mutex([Result?](repeating: nil, count: count))
    let failure = Mutex<(index: Int, error: any Error)?>(nil)
    // All threads have ended when this returns, and with them the use of `transform`.
    withoutActuallyEscaping(transform) { transform in
      DispatchQueue.concurrentPerform(iterations: threads) { _ in
        while failure.withLock({ $0 == nil }) {
          let index = next.add(1, ordering: .relaxed).oldValue
          guard index < count else { return }
          do {
            let result = try transform(self[index])
            results.withLock { $0[index] = result }
          } catch {
            failure.withLock { if $0.map({ index < $0.index }) ?? true { $0 = (index, error) } }
          }
        }
      }
    }
    if let failure = failure.withLock({ $0 }) { throw failure.error }
    return results.withLock { $0.compactMap(\.self) }
  }
}
