import Glibc
import SystemPackage
import Testing

@testable import BuildEngine

struct JobSlotsTests {
  @Test("gives out as many slots as there are and takes them back")
  func acquireAndRelease() async throws {
    try await LocalTest.with(.off, jobs: 3) { (test) async throws in
      let slots = test.slots
      #expect(try test.freeSlots() == 3)
      for _ in 0..<3 { try await slots.acquire() }
      #expect(try test.freeSlots() == 0)
      let fourth = Task { try await slots.acquire() }
      try await Task.sleep(for: .milliseconds(30))
      await slots.release()
      try await fourth.value
      #expect(try test.freeSlots() == 0)
      for left in 1...3 {
        await slots.release()
        #expect(try test.freeSlots() == left)
      }
    }
  }

  @Test("a slot that comes back through the FIFO serves who waits")
  func servedThroughFIFO() async throws {
    try await LocalTest.with(.off, jobs: 2) { (test) async throws in
      let slots = test.slots
      try await slots.acquire()
      // A make takes the other one…
      let fifo = try FileSystem.open(slots.path, .readWrite, doing: "open")
      defer { try? fifo.close() }  // what was read is written back
      var byte: UInt8 = 0
      #expect(read(fifo.rawValue, &byte, 1) == 1)
      let waiting = Task { try await slots.acquire() }
      try await Task.sleep(for: .milliseconds(30))
      // …and gives it back.
      #expect(write(fifo.rawValue, &byte, 1) == 1)
      try await waiting.value
      #expect(try test.freeSlots() == 0)
      await slots.release()
      await slots.release()
      #expect(try test.freeSlots() == 2)
    }
  }

  @Test("waiting can be interrupted, and takes no slot then")
  func cancellation() async throws {
    try await LocalTest.with(.off, jobs: 1) { (test) async throws in
      let slots = test.slots
      try await slots.acquire()
      let waiting = (0..<20).map { _ in Task { try await slots.acquire() } }
      let patient = Task { try await slots.acquire() }
      try await Task.sleep(for: .milliseconds(30))
      for task in waiting { task.cancel() }
      for task in waiting {
        await #expect(throws: CancellationError.self) { try await task.value }
      }
      await slots.release()
      try await patient.value
      await slots.release()
      #expect(try test.freeSlots() == 1)
      let late = Task { try await slots.acquire() }
      late.cancel()
      // Either it was quick enough to get the slot or it has none.
      do {
        try await late.value
        await slots.release()
      } catch is CancellationError {
      }
      #expect(try test.freeSlots() == 1)
    }
  }

  @Test("hundreds that come, wait and give up lose no slot")
  func manyWaiters() async throws {
    try await LocalTest.with(.off, jobs: 4) { (test) async throws in
      let slots = test.slots
      await withTaskGroup(of: Void.self) { group in
        for index in 0..<400 {
          group.addTask {
            let one = Task {
              try await slots.acquire()
              await Task.yield()
              await slots.release()
            }
            if index.isMultiple(of: 3) { one.cancel() }
            _ = await one.result
          }
        }
      }
      #expect(try test.freeSlots() == 4)
    }
  }

  @Test("what a killed make took is there again once nothing runs; what is too much goes")
  func refill() async throws {
    try await LocalTest.with(.off, jobs: 3) { (test) async throws in
      let fifo = try FileSystem.open(test.slots.path, .readWrite, doing: "open")
      defer { try? fifo.close() }  // what is in the FIFO is looked at through another
      var bytes: [UInt8] = [0, 0, 0, 0, 0]
      try await test.slots.acquire()
      #expect(read(fifo.rawValue, &bytes, 2) == 2)
      await test.slots.release()
      #expect(try test.freeSlots() == 3)
      try await test.slots.acquire()
      #expect(write(fifo.rawValue, &bytes, 5) == 5)
      await test.slots.release()
      #expect(try test.freeSlots() == 3)
    }
  }

  @Test(
    "two makes and the engine together never run more than there are slots",
    .enabled(if: Toolchain.find("make") != nil))
  func realMake() async throws {
    try await LocalTest.with(.off, jobs: 3) { (test) async throws in
      let counters = try test.folder.makeFolder("running").string
      let makefile = """
        all: \((1...6).map { "t\($0)" }.joined(separator: " "))
        t%:
        \t@mkdir \(counters)/$(NAME)$@; ls \(counters) | wc -l >> \(test.folder["counts"])
        \t@sleep 0.15; rmdir \(counters)/$(NAME)$@

        """
      let file = StoredArtifact.file(
        try test.cache.store.insert(Array(makefile.utf8)), executable: false)
      // GNU make 4.3 wants open descriptors, 4.4 would take the path.
      let script = """
        exec 3<>"$PXEBUILD_JOBSERVER"; export MAKEFLAGS=' -j --jobserver-auth=3,3'
        make -f mk NAME="$NAME" && : > out
        """
      try await withThrowingTaskGroup(of: Void.self) { group in
        for name in ["a", "b", "c", "d"] {
          group.addTask {
            let request = test.request(
              script, name: name, inputs: ["mk": file], environment: ["NAME": name])
            _ = try await test.run(request)
          }
        }
        try await group.waitForAll()
      }
      let counts = try #require(try test.folder.read("counts"))
        .split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
      #expect(counts.count == 24)
      #expect(counts.max() == 3)
      #expect(try test.freeSlots() == 3)
    }
  }
}
