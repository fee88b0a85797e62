import Testing

@testable import BuildEngine

struct BuildLoopTests {
  private struct Run {
    var result: BuildResult
    var seen: FakeExecutor.Record
    var events: EventLog

    var states: [String] { result.outcomes.map { "\($0.path) \($0.state.words)" } }
  }

  private func run(
    _ plan: Plan, keepsGoing: Bool = false, _ behaviours: [String: FakeExecutor.Behaviour] = [:]
  ) async throws -> Run {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      let fake = FakeExecutor(
        store: cache.store, storesOutputs: false, behaviours: behaviours)
      let events = EventLog()
      let build = Build(
        plan: plan, executor: ReportingExecutor(fake, sink: events.sink),
        inputs: InputResolver(
          store: cache.store, digests: try FileDigests(rememberedIn: folder["digests"])),
        keepsGoing: keepsGoing, sink: events.sink)
      return Run(result: try await build.run(), seen: fake.seen, events: events)
    }
  }

  private static let broken = BuildError(.failed, "it broke")
  private static let offline = BuildError(.unreachable, "no such host", reason: "offline")

  private func fails(_ error: BuildError) -> FakeExecutor.Behaviour { { _, _ in throw error } }

  @Test("an action runs after everything that it reads, and only what is wanted runs")
  func order() async throws {
    var plan = PlanBuilder()
    plan.action("a")
    plan.action("unwanted")
    plan.action("b", reads: ["a"])
    plan.action("c", reads: ["a"])
    plan.action("d", reads: ["b", "c", "a"])
    plan.target("t", from: "d")
    let run = try await run(plan.plan)
    #expect(run.states == ["t built"])
    #expect(run.seen.started.first == "a")
    #expect(run.seen.started.last == "d")
    #expect(run.seen.started.sorted() == ["a", "b", "c", "d"])
    #expect(run.events.wanted == [4])
    #expect(run.result.actionCount == 4)
    let inputs = try #require(run.seen.requests.last).inputs
    #expect(inputs["in0"] == .file(Digest(of: Array("b".utf8)), executable: false))
    #expect(inputs["in2"] == .file(Digest(of: Array("a".utf8)), executable: false))
  }

  @Test("independent actions run at the same time")
  func parallel() async throws {
    var plan = PlanBuilder()
    let gates = [Gate(), Gate()]
    for name in ["a", "b"] {
      plan.action(name)
      plan.target(name, from: name)
    }
    // Each waits for the other: one after the other they would wait for ever.
    let run = try await run(
      plan.plan,
      [
        "a": { _, _ in
          gates[0].open()
          await gates[1].wait()
        },
        "b": { _, _ in
          gates[1].open()
          await gates[0].wait()
        },
      ])
    #expect(run.seen.mostRunning == 2)
  }

  @Test("what could start goes in the order of the plan")
  func planOrder() async throws {
    var plan = PlanBuilder()
    let names = (0..<300).map { "a\($0)" }
    for name in names { plan.action(name) }
    for name in names.shuffled() { plan.target(name, from: name) }
    let run = try await run(plan.plan)
    // At most 64 are in flight, so an action can overtake that many.
    for (place, name) in run.seen.started.enumerated() {
      #expect(abs(place - (names.firstIndex(of: name) ?? 0)) < 64)
    }
    #expect(run.seen.mostRunning <= 64)
  }

  @Test("a failure stops the start of others and lets what runs finish")
  func stopsAtFailure() async throws {
    var plan = PlanBuilder()
    let (failed, running) = (Gate(), Gate())
    plan.action("slow")
    plan.action("bad")
    plan.action("after", reads: ["slow"])
    plan.action("needs bad", reads: ["bad"])
    plan.target("slow", from: "slow")
    plan.target("after", from: "after")
    plan.target("needs bad", from: "needs bad")
    let run = try await run(
      plan.plan,
      [
        "slow": { _, _ in
          running.open()
          await failed.wait()
          try await Task.sleep(for: .milliseconds(50))
        },
        "bad": { _, _ in
          await running.wait()
          failed.open()
          throw Self.broken
        },
      ])
    #expect(
      run.states == [
        "slow built", "after not reached",
        "needs bad failed: error: it broke\n  at: recipes/test.yaml:1:1",
      ])
    #expect(run.seen.started.sorted() == ["bad", "slow"])
  }

  @Test("with keepsGoing everything that does not need the failed action is built")
  func keepsGoing() async throws {
    var plan = PlanBuilder()
    plan.action("bad")
    plan.action("good")
    plan.action("needs both", reads: ["bad", "good"])
    plan.action("needs that", reads: ["needs both"])
    plan.action("after", reads: ["good"])
    for name in ["good", "needs that", "after"] { plan.target(name, from: name) }
    let run = try await run(plan.plan, keepsGoing: true, ["bad": fails(Self.broken)])
    #expect(
      run.states == [
        "good built", "needs that failed: error: it broke\n  at: recipes/test.yaml:1:1",
        "after built",
      ])
    #expect(run.seen.started.sorted() == ["after", "bad", "good"])
  }

  @Test("an unreachable source wants the stand-in and says why and what it cannot do")
  func standIn() async throws {
    var plan = PlanBuilder()
    plan.action("fetch")
    plan.action("compile", reads: ["fetch"])
    plan.action("deb")
    plan.target(
      "t", from: "compile",
      whenUnreachable: .standIn(
        plan.output(of: "deb"), version: .bytes(Array("1.21\nmore".utf8)),
        limitation: "no menu"))
    let run = try await run(plan.plan, ["fetch": fails(Self.offline)])
    #expect(run.states == ["t prebuilt 1.21, because no such host, but no menu"])
    #expect(run.seen.started == ["fetch", "deb"])
    #expect(run.events.wanted == [2, 3])
  }

  @Test("a stand-in is not wanted when the source can be reached, nor for another kind of failure")
  func noStandIn() async throws {
    var plan = PlanBuilder()
    plan.action("compile")
    plan.action("deb")
    plan.target(
      "t", from: "compile",
      whenUnreachable: .standIn(
        plan.output(of: "deb"), version: .bytes([]), limitation: nil))
    #expect(try await run(plan.plan).seen.started == ["compile"])
    let failed = try await run(plan.plan, ["compile": fails(Self.broken)])
    #expect(failed.states == ["t failed: error: it broke\n  at: recipes/test.yaml:1:1"])
    #expect(failed.seen.started == ["compile"])
  }

  @Test("a stand-in that fails too is told beside the first failure, and stops the build")
  func standInFails() async throws {
    var plan = PlanBuilder()
    plan.action("fetch")
    plan.action("deb")
    plan.action("other", reads: ["fetch"])
    for name in ["t", "u"] {
      plan.target(
        name, from: "fetch",
        whenUnreachable: .standIn(
          plan.output(of: "deb"), version: .bytes([]), limitation: nil))
    }
    let deb = BuildError(
      .unreachable, "apt cannot fetch ipxe", reason: "no mirror", advice: "connect to a network")
    let run = try await run(plan.plan, ["fetch": fails(Self.offline), "deb": fails(deb)])
    let text = """
      failed: error: no such host
        at: recipes/test.yaml:1:1
        why: offline
             and its stand-in: apt cannot fetch ipxe: no mirror
        fix: connect to a network
      """
    #expect(run.states == ["t \(text)", "u \(text)"])
  }

  @Test("a failing stand-in stops the start of others unless asked to keep going")
  func standInFailureStops() async throws {
    var plan = PlanBuilder()
    let deb = Gate()
    plan.action("fetch")
    plan.action("slow")
    plan.action("deb")
    plan.action("after", reads: ["slow"])
    plan.target(
      "t", from: "fetch",
      whenUnreachable: .standIn(
        plan.output(of: "deb"), version: .bytes([]), limitation: nil))
    plan.target("after", from: "after")
    let behaviours: [String: FakeExecutor.Behaviour] = [
      "fetch": fails(Self.offline),
      "deb": { _, _ in
        deb.open()
        throw Self.broken
      },
      "slow": { _, _ in
        await deb.wait()
        try await Task.sleep(for: .milliseconds(50))
      },
    ]
    #expect(try await run(plan.plan, behaviours).seen.started.contains("after") == false)
    let going = try await run(plan.plan, keepsGoing: true, behaviours)
    #expect(going.seen.started.contains("after"))
  }

  @Test("an unreachable source of an optional target skips it and goes on")
  func skip() async throws {
    var plan = PlanBuilder()
    plan.action("fetch")
    plan.action("other")
    plan.target("t", from: "fetch", whenUnreachable: .skip(reason: "it is optional"))
    plan.target("u", from: "fetch", whenUnreachable: .skip(reason: nil))
    plan.target("other", from: "other")
    let run = try await run(plan.plan, ["fetch": fails(Self.offline)])
    #expect(
      run.states == [
        "t skipped, because no such host; it is optional",
        "u skipped, because no such host", "other built",
      ])
  }

  @Test("an action runs without what it can do without, when a source cannot be reached")
  func dispensable() async throws {
    var plan = PlanBuilder()
    plan.action("fetch")
    plan.action("extract", reads: ["fetch"])
    plan.action("other")
    plan.action("menu", reads: ["other"], optionally: ["extract", "fetch"])
    plan.action("both", reads: ["fetch"], optionally: ["extract"])
    plan.target("image", from: "extract", whenUnreachable: .skip(reason: nil))
    plan.target("menu", from: "menu")
    let there = try await run(plan.plan)
    #expect(there.states == ["image built", "menu built"])
    #expect(there.seen.requests.last?.inputs.keys.sorted() == ["extract", "fetch", "in0"])
    #expect(!there.result.askedOutside)
    let run = try await run(plan.plan, ["fetch": fails(Self.offline)])
    #expect(run.states == ["image skipped, because no such host", "menu built"])
    #expect(run.seen.requests.first { $0.name == "menu" }?.inputs.keys.sorted() == ["in0"])
    #expect(run.result.askedOutside, "the next run has to try again")
    plan.target("both", from: "both")
    let needy = try await self.run(plan.plan, keepsGoing: true, ["fetch": fails(Self.offline)])
    #expect(needy.states.last?.hasPrefix("both failed: error: no such host") == true)
    let broken = try await self.run(plan.plan, ["fetch": fails(Self.broken)])
    #expect(broken.states[1].hasPrefix("menu failed: error: it broke"))
  }

  @Test("an unreachable source of a target that needs it fails with the advice")
  func failWithAdvice() async throws {
    var plan = PlanBuilder()
    plan.action("fetch")
    plan.target("t", from: "fetch", whenUnreachable: .fail(advice: "pass --allow-prebuilt"))
    plan.target("u", from: "fetch")
    var error = Self.offline
    let run = try await run(plan.plan, ["fetch": fails(error)])
    #expect(
      run.states == [
        """
        t failed: error: no such host
          at: recipes/test.yaml:1:1
          why: offline
          fix: pass --allow-prebuilt
        """,
        """
        u failed: error: no such host
          at: recipes/test.yaml:1:1
          why: offline
        """,
      ])
    error.advice = "check the network"
    let advised = try await self.run(plan.plan, ["fetch": fails(error)])
    #expect(
      advised.states.first == """
        t failed: error: no such host
          at: recipes/test.yaml:1:1
          why: offline
          fix: check the network; or pass --allow-prebuilt
        """)
  }

  @Test("targets of bytes and local files need no action; a missing file is named")
  func withoutActions() async throws {
    try await TemporaryFolder.with { folder in
      let file = try folder.write("file", "x", mode: 0o755)
      var plan = Plan()
      for (path, artifact) in [
        ("bytes", .bytes([1, 2], executable: true)), ("local", .local(path: file.string)),
        ("absent", .local(path: folder["absent"].string)),
      ] as [(String, Artifact)] {
        plan.add(
          PlannedTarget(
            path: path, artifact: artifact, rule: RuleVersion("file", 1), origin: "r:1:1"))
      }
      let run = try await run(plan)
      #expect(
        run.result.outcomes.prefix(2).map(\.state) == [
          .built(.file(Digest(of: [1, 2]), executable: true)),
          .built(.file(Digest(of: Array("x".utf8)), executable: true)),
        ])
      #expect(
        run.states.last == """
          absent failed: error: absent: \(folder["absent"]) does not exist
            at: r:1:1
            fix: paths in a recipe are relative to the recipe's own folder
          """)
    }
  }

  @Test("a lost blob ends the loop as such")
  func lostBlob() async throws {
    var plan = PlanBuilder()
    plan.action("a")
    plan.target("t", from: "a")
    let lost = LostBlob(digest: Digest(of: [1]))
    await #expect(throws: lost) { _ = try await self.run(plan.plan, ["a": { _, _ in throw lost }]) }
  }

  @Test("an error of any kind fails its action in words")
  func otherErrors() async throws {
    struct Odd: Error, CustomStringConvertible { var description: String { "odd" } }
    var plan = PlanBuilder()
    plan.action("a")
    plan.target("t", from: "a")
    let run = try await run(plan.plan, ["a": { _, _ in throw Odd() }])
    #expect(run.states == ["t failed: error: a: odd"])
  }

  @Test("a cancelled build starts nothing more, whatever its actions throw on the way")
  func cancellation() async throws {
    var plan = PlanBuilder()
    let started = Gate()
    plan.action("a")
    plan.action("b")
    plan.target("a", from: "a")
    plan.target("b", from: "b")
    for index in 0..<200 {
      plan.action("more \(index)")
      plan.target("more \(index)", from: "more \(index)")
    }
    let finished = plan.plan
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      let wait: FakeExecutor.Behaviour = { _, _ in
        started.open()
        // As a step that turns its interruption into an error of its own.
        do { try await Task.sleep(for: .seconds(600)) } catch { throw Self.broken }
      }
      var behaviours = ["a": wait]
      for name in finished.actions.map(\.name) { behaviours[name] = wait }
      let fake = FakeExecutor(store: cache.store, behaviours: behaviours)
      let build = Build(
        plan: finished, executor: ReportingExecutor(fake) { _ in },
        inputs: InputResolver(
          store: cache.store, digests: try FileDigests(rememberedIn: folder["digests"])),
        keepsGoing: true
      ) { _ in }
      let running = Task { try await build.run() }
      await started.wait()
      running.cancel()
      await #expect(throws: CancellationError.self) { try await running.value }
      #expect(fake.seen.running == 0)
      #expect(fake.seen.started.count <= 64)
    }
  }

  @Test("ten thousand independent actions, and a chain of ten thousand, come to an end")
  func manyActions() async throws {
    var wide = PlanBuilder()
    var long = PlanBuilder()
    for index in 0..<10_000 {
      wide.action("a\(index)")
      wide.target("a\(index)", from: "a\(index)")
      long.action("a\(index)", reads: index == 0 ? [] : ["a\(index - 1)"])
    }
    long.target("last", from: "a9999")
    #expect(try await run(wide.plan).result.actionCount == 10_000)
    #expect(try await run(long.plan).result.actionCount == 10_000)
  }

  @Test("ten thousand failures, and one that ten thousand need, come to an end")
  func manyFailures() async throws {
    var wide = PlanBuilder()
    var long = PlanBuilder()
    var behaviours: [String: FakeExecutor.Behaviour] = [:]
    for index in 0..<10_000 {
      wide.action("a\(index)")
      wide.target("a\(index)", from: "a\(index)", whenUnreachable: .skip(reason: nil))
      long.action("a\(index)", reads: index == 0 ? [] : ["a\(index - 1)"])
      behaviours["a\(index)"] = fails(Self.offline)
    }
    long.target("last", from: "a9999", whenUnreachable: .skip(reason: nil))
    let skipped = try await run(wide.plan, behaviours).result.outcomes
    #expect(skipped.count { $0.state == .skipped(because: "no such host") } == 10_000)
    let last = try await run(long.plan, behaviours)
    #expect(last.states == ["last skipped, because no such host"])
    #expect(last.seen.started == ["a0"])
  }
}
