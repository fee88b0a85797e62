import Testing

@testable import BuildEngine

struct CachingExecutorTests {
  private struct Setup {
    var cache: TestCache
    var fake: FakeExecutor
    var executor: CachingExecutor

    init(_ folder: TemporaryFolder, _ behaviours: [String: FakeExecutor.Behaviour] = [:]) throws {
      cache = try TestCache(folder)
      fake = FakeExecutor(store: cache.store, behaviours: behaviours)
      executor = CachingExecutor(
        store: cache.store, cache: cache.cache.actionCache,
        digests: try FileDigests(rememberedIn: folder["digests"]), next: fake)
    }

    func run(_ request: ActionRequest) async throws -> ActionOutputs {
      try await executor.execute(request, step: Step(id: ActionID(index: 0), name: "step") { _ in })
    }
  }

  private func request(
    _ name: String = "a", tools: [String] = [], isCacheable: Bool = true,
    inputs: [String: StoredArtifact] = [:]
  ) -> ActionRequest {
    ActionRequest(
      name: name, rule: RuleVersion("test", 1),
      operation: .builtIn("fake", version: 1, parameters: ["name": name]), inputs: inputs,
      outputs: ["out"], tools: tools, isCacheable: isCacheable)
  }

  @Test("the second time the action cache answers")
  func cached() async throws {
    try await TemporaryFolder.with { folder in
      let setup = try Setup(folder)
      let first = try await setup.run(request())
      let second = try await setup.run(request())
      #expect((first.wasCached, second.wasCached) == (false, true))
      #expect(first.artifacts == second.artifacts)
      #expect(first.key != nil)
      #expect(first.key == second.key)
      #expect(setup.fake.seen.started == ["a"])
      #expect(try await setup.run(request("b")).key != first.key)
    }
  }

  @Test("a result with a blob that is gone counts as none")
  func blobGone() async throws {
    try await TemporaryFolder.with { folder in
      let setup = try Setup(folder)
      let first = try await setup.run(request())
      guard case .file(let digest, _)? = first.artifacts["out"] else {
        Issue.record("no file was written")
        return
      }
      try FileSystem.remove(setup.cache.store.path(of: digest))
      #expect(try await setup.run(request()).wasCached == false)
      #expect(try setup.cache.store.contains(digest))
    }
  }

  @Test("what a key was made of is in the store again after a look-up, when it was lost")
  func messagesGone() async throws {
    try await TemporaryFolder.with { folder in
      let setup = try Setup(folder)
      let key = try #require(try await setup.run(request()).key)
      for digest in try ActionKey.messageDigests(behind: key, in: setup.cache.store) + [key] {
        try FileSystem.remove(setup.cache.store.path(of: digest))
      }
      #expect(throws: LostBlob.self) { try ActionKey.tools(behind: key, in: setup.cache.store) }
      #expect(try await setup.run(request()).wasCached)
      #expect(try ActionKey.tools(behind: key, in: setup.cache.store).isEmpty)
    }
  }

  @Test("an action that must look outside runs each time and leaves no result")
  func uncacheable() async throws {
    try await TemporaryFolder.with { folder in
      let setup = try Setup(folder)
      for _ in 0..<2 {
        let outputs = try await setup.run(request(isCacheable: false))
        #expect(!outputs.wasCached)
        #expect(outputs.key == nil)
      }
      #expect(setup.fake.seen.started == ["a", "a"])
      #expect(try setup.cache.cache.actionCache.keys().isEmpty)
    }
  }

  @Test("a failure is not remembered")
  func failure() async throws {
    try await TemporaryFolder.with { folder in
      let error = BuildError(.failed, "it broke")
      let setup = try Setup(folder, ["a": { _, _ in throw error }])
      for _ in 0..<2 {
        await #expect(throws: error) { _ = try await setup.run(request()) }
      }
      #expect(setup.fake.seen.started == ["a", "a"])
      #expect(try setup.cache.cache.actionCache.keys().isEmpty)
    }
  }

  @Test("one key asked for many times at once runs once")
  func sameKeyAtOnce() async throws {
    try await TemporaryFolder.with { folder in
      let setup = try Setup(
        folder, ["a": { _, _ in try await Task.sleep(for: .milliseconds(100)) }])
      let outputs = try await withThrowingTaskGroup(of: ActionOutputs.self) { group in
        for _ in 0..<50 { group.addTask { try await setup.run(request()) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(Set(outputs.map(\.key)).count == 1)
      #expect(setup.fake.seen.started == ["a"])
    }
  }

  @Test("an interrupt reaches what runs")
  func cancellation() async throws {
    try await TemporaryFolder.with { folder in
      let started = Gate()
      let setup = try Setup(
        folder,
        [
          "a": { _, _ in
            started.open()
            try await Task.sleep(for: .seconds(600))
          }
        ])
      let running = Task { try await setup.run(request()) }
      await started.wait()
      running.cancel()
      await #expect(throws: CancellationError.self) { _ = try await running.value }
      #expect(setup.fake.seen.running == 0)
    }
  }

  @Test("the messages behind a key are stored, so that it can be explained later")
  func explains() async throws {
    try await TemporaryFolder.with { folder in
      let setup = try Setup(folder)
      let store = setup.cache.store
      let input = StoredArtifact.file(try store.insert([1]), executable: false)
      let outputs = try await setup.run(request(inputs: ["deep/in": input]))
      let key = try #require(outputs.key)
      let description = try #require(try KeyDescription(of: key, in: store))
      #expect(
        description.facts == [
          "step": "pxebuild:built-in:fake@1", "parameter name": "a", "outputs": "out",
          "rule": "test@1", "input deep/in": "\(Digest(of: [1]).short), 1 bytes",
        ])
    }
  }

  @Test("tools are part of the key; one that is missing is named with the way to get it")
  func tools() async throws {
    try await TemporaryFolder.with { folder in
      let setup = try Setup(folder)
      let plain = try await setup.run(request())
      let withTool = try await setup.run(request(tools: ["cat"]))
      #expect(plain.key != withTool.key)
      #expect(
        await errorText {
          _ = try await setup.run(
            request("link", tools: ["cat", "no-such-tool", "nor-this"]))
        } == """
          error: link needs no-such-tool, nor-this
            why: not found in /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
            fix: run pxebuild doctor: it prints the one command that installs what is missing
          """)
    }
  }

  @Test(
    "a program is a name in the fixed path, never a path or a folder",
    arguments: ["", ".", "..", "/bin/cat", "../bin/cat", "bin/cat", "no-such-tool", "a\0b"])
  func findsPrograms(name: String) {
    #expect(Toolchain.find("cat") != nil)
    #expect(Toolchain.find(name) == nil)
  }

  @Test(
    "a compiler driver brings the compiler behind it", .enabled(if: Toolchain.find("gcc") != nil))
  func compiler() async throws {
    try await TemporaryFolder.with { folder in
      let toolchain = Toolchain(digests: try FileDigests(rememberedIn: folder["digests"]))
      let tools = try await toolchain.digest(["gcc", "cc", "ld"], for: "link")
      #expect(tools.keys.sorted() == ["cc", "cc:cc1", "gcc", "gcc:cc1", "ld"])
      #expect(tools["gcc:cc1"] != tools["gcc"])
      #expect(tools["gcc:cc1"] == tools["cc:cc1"])
    }
  }
}
