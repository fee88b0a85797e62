import Glibc
import Synchronization

/// Does one thing for each element of a list, as many at a time as there are cores.
enum EveryCore {
  /// The results in the order of the elements, which are begun in that order. The first error ends it, once what
  /// runs has ended; a cancelled task ends it with `CancellationError`.
  static func map<Element: Sendable, Result: Sendable>(
    _ elements: [Element], _ body: @escaping @Sendable (Element) throws -> Result
  ) async throws -> [Result] {
    let turns = Turns()
    let workers = min(elements.count, max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
    // What a worker made, by place: one list a worker, so that none waits for another.
    let made = try await withThrowingTaskGroup(of: [(Int, Result)].self) { group in
      for _ in 0..<workers {
        group.addTask {
          var own: [(Int, Result)] = []
          while true {
            try Task.checkCancellation()
            let index = turns.next()
            guard index < elements.count else { return own }
            own.append((index, try body(elements[index])))
          }
        }
      }
      var all: [(Int, Result)] = []
      for try await own in group { all += own }
      return all
    }
    return made.sorted { $0.0 < $1.0 }.map(\.1)
  }

  /// Gives each worker another number.
  private final class Turns: Sendable {
    private let taken = Atomic(0)

    func next() -> Int { taken.add(1, ordering: .relaxed).oldValue }
  }
}
