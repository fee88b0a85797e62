import Glibc
import SystemPackage
import Testing

@testable import BuildEngine

/// Actions that begin while the digests of the files that they read in place are being taken.
struct EarlyStartTests {
  private struct Setup {
    let folder: TemporaryFolder
    let cache: TestCache
    let image: FilePath

    init(_ folder: TemporaryFolder) async throws {
      self.folder = folder
      cache = try TestCache(folder)
      image = try folder.write("image.iso", "an image")
      try await settle()
    }

    /// A digest is remembered for a file that is a moment old.
    func settle() async throws {
      while try FileIdentity.of(image)?.isSettled != true {
        try await Task.sleep(for: .milliseconds(5))
      }
    }

    /// - Parameter digests: What is remembered of files; nothing when nil.
    func run(
      _ fake: FakeExecutor, startsEarly: Bool = true, digests: FileDigests? = nil
    ) async throws -> ActionOutputs {
      var request = ActionRequest(
        name: "unpack", rule: RuleVersion("test", 1),
        operation: .builtIn("fake", version: 1, parameters: [:]), outputs: ["out"])
      let identity = try #require(try FileIdentity.of(image))
      request.filesInPlace["image"] = FileInPlace(path: image, identity: identity)
      request.startsEarly = startsEarly
      let executor = CachingExecutor(
        store: cache.store, cache: cache.cache.actionCache,
        digests: try digests ?? FileDigests(rememberedIn: folder["none"]), next: fake)
      return try await executor.execute(
        request, step: Step(id: ActionID(index: 0), name: "unpack") { _ in })
    }

    func fake(_ behaviour: @escaping FakeExecutor.Behaviour = { _, _ in }) -> FakeExecutor {
      FakeExecutor(store: cache.store, behaviours: ["unpack": behaviour])
    }
  }

  @Test("it runs before its key is known, and its result is filed under the same key as without")
  func sameKey() async throws {
    try await TemporaryFolder.with { folder in
      let setup = try await Setup(folder)
      let fake = setup.fake()
      let early = try await setup.run(fake)
      #expect(!early.wasCached && early.key != nil)
      #expect(fake.seen.requests.map(\.inputs) == [[:]])
      let later = try await setup.run(fake, startsEarly: false)
      #expect(later.wasCached)
      #expect(later.key == early.key)
      #expect(fake.seen.started.count == 1)
    }
  }

  @Test("what the action cache has already is not waited for")
  func cached() async throws {
    try await TemporaryFolder.with { folder in
      let setup = try await Setup(folder)
      let first = try await setup.run(setup.fake())
      let slow = setup.fake { _, _ in try await Task.sleep(for: .seconds(600)) }
      let second = try await setup.run(slow)
      #expect(second.wasCached && second.artifacts == first.artifacts)
      #expect(slow.seen.running == 0)
    }
  }

  @Test("a file that was only touched is read first: its result is there")
  func touched() async throws {
    try await TemporaryFolder.with { folder in
      let setup = try await Setup(folder)
      let digests = try FileDigests(rememberedIn: folder["digests"])
      let fake = setup.fake()
      _ = try await setup.run(fake, digests: digests)
      #expect(setup.image.withPlatformString { utimensat(AT_FDCWD, $0, nil, 0) } == 0)
      try await setup.settle()
      #expect(try await setup.run(fake, digests: digests).wasCached)
      #expect(fake.seen.started.count == 1)
    }
  }

  @Test("a file that changes before its digest is known leaves no result")
  func changed() async throws {
    try await TemporaryFolder.with { folder in
      let setup = try await Setup(folder)
      let fake = setup.fake { _, _ in try folder.write("image.iso", "another") }
      #expect(
        await errorText { _ = try await setup.run(fake) } == """
          error: \(setup.image) changed while it was read
            fix: run the same command again when nothing writes to it
          """)
      #expect(try setup.cache.cache.actionCache.keys().isEmpty)
    }
  }

  @Test("its failure is the action's, and an interrupt ends it")
  func failures() async throws {
    try await TemporaryFolder.with { folder in
      let setup = try await Setup(folder)
      let error = BuildError(.failed, "it broke")
      let broken = setup.fake { _, _ in throw error }
      await #expect(throws: error) { _ = try await setup.run(broken) }
      #expect(try setup.cache.cache.actionCache.keys().isEmpty)
      let started = Gate()
      let endless = setup.fake { _, _ in
        started.open()
        try await Task.sleep(for: .seconds(600))
      }
      let running = Task { try await setup.run(endless) }
      await started.wait()
      running.cancel()
      await #expect(throws: CancellationError.self) { _ = try await running.value }
      #expect(endless.seen.running == 0)
    }
  }
}
