import Synchronization
import Testing

@testable import BuildEngine

struct MapInParallelTests {
  private struct Failure: Error, Equatable { let element: Int }

  @Test("results stand in the order of the elements", arguments: [0, 1, 2, 1000])
  func order(count: Int) throws {
    let elements = Array(0..<count)
    #expect(try elements.mapInParallel { $0 * 2 } == elements.map { $0 * 2 })
  }

  @Test("the error of the first element that failed is thrown, and not every element is begun")
  func error() {
    let begun = Atomic(0)
    #expect(throws: Failure(element: 3)) {
      try Array(0..<100_000).mapInParallel { element in
        begun.add(1, ordering: .relaxed)
        if element >= 3 { throw Failure(element: element) }
      }
    }
    #expect(begun.load(ordering: .relaxed) < 100)
  }
}
