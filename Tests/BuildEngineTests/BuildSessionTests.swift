import Synchronization
import SystemPackage
import Testing

@testable import BuildEngine

/// Writes the text of its parameter, and counts how often.
private final class Counter: BuiltIn {
  let name = "fake"
  let version = 1
  private let runs = Mutex<[String: Int]>([:])

  func count(_ name: String) -> Int { runs.withLock { $0[name, default: 0] } }

  func run(_ invocation: BuiltInInvocation) async throws {
    let text = invocation.parameters["name"] ?? ""
    runs.withLock { $0[text, default: 0] += 1 }
    try FileSystem.replace(
      invocation.outputDirectory.appending("out"), with: "made by \(text)".utf8)
  }
}

/// Lets another action do its work.
private struct Delegating: BuiltIn {
  let name = "delegating"
  let version = 1

  func run(_ invocation: BuiltInInvocation) async throws {
    let inner = ActionRequest(
      name: "inner", rule: RuleVersion("test", 1),
      operation: .builtIn("fake", version: 1, parameters: ["name": "inner"]), outputs: ["out"])
    let outputs = try await invocation.context.perform(inner)
    let artifact = try #require(outputs.artifacts["out"])
    try invocation.context.store.materialize(
      artifact, at: invocation.outputDirectory.appending("out"))
  }
}

struct BuildSessionTests {
  private static func session(
    _ folder: TemporaryFolder, _ builtIns: [any BuiltIn], events: EventLog = EventLog()
  ) throws -> BuildSession {
    try BuildSession(
      cache: CacheDirectory(folder["cache"]), builtIns: builtIns,
      options: .init(jobs: 2, keepsGoing: false, isOffline: true, sandbox: .off), sink: events.sink)
  }

  private static func plan(_ count: Int) -> Plan {
    var plan = PlanBuilder()
    for index in 0..<count {
      plan.action("a\(index)")
      plan.target("t\(index)", from: "a\(index)")
    }
    return plan.plan
  }

  /// Writes every target to a folder, verified on the way, as placing them does.
  private static func place(
    _ result: BuildResult, _ session: BuildSession, in folder: FilePath
  ) throws {
    try FileSystem.remove(folder)
    try FileSystem.createDirectories(folder)
    var firstLost: LostBlob?
    for outcome in result.outcomes {
      guard case .built(let artifact) = outcome.state else { continue }
      do {
        try session.store.materialize(artifact, at: folder.appending(outcome.path))
      } catch let lost as LostBlob {
        firstLost = firstLost ?? lost
      }
    }
    if let firstLost { throw firstLost }
  }

  private static func build(
    _ plan: Plan, _ folder: TemporaryFolder, _ builtIns: [any BuiltIn], into out: String = "out"
  ) async throws -> BuildResult {
    let session = try session(folder, builtIns)
    defer { session.close() }
    return try await session.build(plan) { try place($0, session, in: folder[out]) }.0
  }

  @Test("the second build finds everything in the cache")
  func cached() async throws {
    try await TemporaryFolder.with { folder in
      let counter = Counter()
      let first = try await Self.build(Self.plan(3), folder, [counter])
      #expect((first.actionCount, first.cachedCount) == (3, 0))
      let second = try await Self.build(Self.plan(3), folder, [counter])
      #expect((second.actionCount, second.cachedCount) == (3, 3))
      #expect(first.keys == second.keys)
      #expect(first.keys.keys.sorted() == ["a0", "a1", "a2"])
      #expect(counter.count("a0") == 1)
      #expect(
        try folder.listing("out") == ["t0 = made by a0", "t1 = made by a1", "t2 = made by a2"])
      #expect(try FileSystem.list(folder["cache/work"]) == [])
    }
  }

  @Test("blobs whose bytes went wrong are found, dropped and made again, however many")
  func heals() async throws {
    try await TemporaryFolder.with { folder in
      let counter = Counter()
      let plan = Self.plan(30)
      _ = try await Self.build(plan, folder, [counter])
      let cache = try TestCache(folder)
      for index in 0..<25 { try cache.damage(Digest(of: Array("made by a\(index)".utf8))) }
      let healed = try await Self.build(plan, folder, [counter])
      #expect(healed.outcomes.count { if case .built = $0.state { true } else { false } } == 30)
      #expect(counter.count("a0") == 2)
      #expect(counter.count("a29") == 1)
      #expect(try folder.read("out/t7") == "made by a7")
    }
  }

  @Test("an input that went wrong is made again in the middle of a build")
  func healsInput() async throws {
    try await TemporaryFolder.with { folder in
      var plan = PlanBuilder()
      plan.action("a")
      plan.target("t", from: "a")
      let counter = Counter()
      _ = try await Self.build(plan.plan, folder, [counter])
      try TestCache(folder).damage(Digest(of: Array("made by a".utf8)))
      let program = plan.output(of: "a")
      var longer = plan.plan
      let copy = longer.add(
        PlannedAction(
          name: "copy", rule: RuleVersion("test", 1),
          operation: .builtIn("copy", version: 1, parameters: [:]), inputs: ["in": program],
          outputs: ["out"], origin: "r:1:1"))
      longer.add(
        PlannedTarget(
          path: "copy", artifact: .output(copy, path: "out"), rule: RuleVersion("test", 1),
          origin: "r:1:1"))
      struct Copy: BuiltIn {
        let name = "copy"
        let version = 1
        func run(_ invocation: BuiltInInvocation) async throws {
          let input = try #require(invocation.request.inputs["in"])
          try invocation.context.store.materialize(
            input, at: invocation.outputDirectory.appending("out"))
        }
      }
      let result = try await Self.build(longer, folder, [counter, Copy()])
      #expect(result.outcomes.map(\.state.words) == ["built", "built"])
      #expect(try folder.read("out/copy") == "made by a")
      #expect(counter.count("a") == 2)
    }
  }

  @Test("a disk that loses the same blob again and again is reported")
  func losesBlobs() async throws {
    try await TemporaryFolder.with { folder in
      let session = try Self.session(folder, [Counter()])
      defer { session.close() }
      let digest = Digest(of: [1])
      let text = await errorText {
        _ = try await session.build(Self.plan(1)) { _ in throw LostBlob(digest: digest) }
      }
      #expect(
        text == """
          error: the content store in \(folder["cache"]) loses a blob as often as it is made
            why: its sha256 is \(digest.hex)
            fix: check the disk, or choose another cache folder with --cache
          """)
    }
  }

  @Test("a step that lets others work has each of them cached by its own key")
  func delegates() async throws {
    try await TemporaryFolder.with { folder in
      let counter = Counter()
      let events = EventLog()
      for parameter in ["1", "2"] {
        var plan = Plan()
        let id = plan.add(
          PlannedAction(
            name: "outer", rule: RuleVersion("test", 1),
            operation: .builtIn("delegating", version: 1, parameters: ["p": parameter]),
            outputs: ["out"], origin: "r:1:1"))
        plan.add(
          PlannedTarget(
            path: "t", artifact: .output(id, path: "out"), rule: RuleVersion("test", 1),
            origin: "r:1:1"))
        let session = try Self.session(folder, [counter, Delegating()], events: events)
        _ = try await session.build(plan) { try Self.place($0, session, in: folder["out"]) }
        session.close()
      }
      #expect(try folder.read("out/t") == "made by inner")
      #expect(counter.count("inner") == 1)
      let ended = events.all.compactMap { event -> String? in
        guard case .actionFinished(let id, let name, let outcome, _) = event else { return nil }
        return "\(id.index) \(name) \(outcome)"
      }
      #expect(
        ended == ["2 inner executed", "0 outer executed", "2 inner cached", "0 outer executed"])
    }
  }

  @Test("two builds at once share one cache")
  func twoAtOnce() async throws {
    try await TemporaryFolder.with { folder in
      let counter = Counter()
      let plan = Self.plan(20)
      try await withThrowingTaskGroup(of: BuildResult.self) { group in
        for index in 0..<4 {
          group.addTask { try await Self.build(plan, folder, [counter], into: "out\(index)") }
        }
        for try await result in group {
          #expect(result.outcomes.allSatisfy { $0.state.words == "built" })
        }
      }
      for index in 0..<4 { #expect(try folder.listing("out\(index)").count == 20) }
      let cache = try CacheDirectory(folder["cache"])
      #expect(try await CacheMaintenance(cache).verify(dropsFaults: false).faults == [])
      #expect(try FileSystem.list(folder["cache/work"]) == [])
    }
  }

  @Test("an interrupted build says so, leaves no work folder and no open file")
  func interrupted() async throws {
    try await TemporaryFolder.with { folder in
      struct Slow: BuiltIn {
        let name = "fake"
        let version = 1
        let started: Gate
        func run(_ invocation: BuiltInInvocation) async throws {
          started.open()
          try await Task.sleep(for: .seconds(600))
        }
      }
      let started = Gate()
      let running = Task { try await Self.build(Self.plan(100), folder, [Slow(started: started)]) }
      await started.wait()
      running.cancel()
      await #expect(throws: CancellationError.self) { _ = try await running.value }
      #expect(try FileSystem.list(folder["cache/work"]) == [])
      let open = try FileSystem.list("/proc/self/fd").compactMap { name in
        try? FileSystem.readSymlink(FilePath("/proc/self/fd").appending(name))
      }
      #expect(open.filter { $0.hasPrefix(folder.path.string) } == [])
    }
  }

  @Test(
    "a clean-up keeps what results need and drops the rest; beside a build it keeps what is young")
  func cleaning() async throws {
    try await TemporaryFolder.with { folder in
      let counter = Counter()
      _ = try await Self.build(Self.plan(2), folder, [counter])
      let cache = try CacheDirectory(folder["cache"])
      let collection = CacheCollection(cache, .init(maxAge: 30 * 86_400))
      let stray = try TestCache(folder).store.insert(Array("stray".utf8))
      let removed = try await collection.run()
      #expect(removed.removedBlobs == 1)
      #expect(removed.removedBytes == stray.size)
      #expect(removed.removedResults == 0)
      let again = try await Self.build(Self.plan(2), folder, [counter])
      #expect(again.cachedCount == 2)
      let key = try #require(again.keys["a0"])
      #expect(try KeyDescription(of: key, in: TestCache(folder).store) != nil)
      let lock = try await cache.lockForBuild()
      _ = try TestCache(folder).store.insert(Array("young".utf8))
      #expect(try await collection.run().removedBlobs == 0)
      lock.release()
      #expect(try await collection.run().removedBlobs == 1)
    }
  }
}
