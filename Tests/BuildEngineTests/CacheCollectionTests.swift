import Glibc
import SystemPackage
import Testing

@testable import BuildEngine

@Suite("Cleaning a cache up")
struct CacheCollectionTests {
  /// A cache with results that were used on certain days.
  private struct TestStore {
    let cache: TestCache
    let folder: TemporaryFolder

    init(_ folder: TemporaryFolder) throws {
      self.folder = folder
      cache = try TestCache(folder)
    }

    func blob(_ text: String) throws -> Digest { try cache.store.insert(Array(text.utf8)) }

    /// A result of some files, last used so many days ago.
    @discardableResult
    func result(_ name: String, _ texts: [String], daysAgo: Int64) throws -> Digest {
      let key = Digest(of: Array("key of \(name)".utf8))
      var artifacts: [String: StoredArtifact] = [:]
      for (index, text) in texts.enumerated() {
        artifacts["\(index)"] = .file(try blob(text), executable: false)
      }
      try cache.cache.actionCache.record(artifacts, for: key)
      let path = cache.cache.actionCache.path(of: key)
      let seconds = FileIdentity.now / 1_000_000_000 - daysAgo * 86_400
      var times = [
        timespec(tv_sec: Int(seconds), tv_nsec: 0), timespec(tv_sec: Int(seconds), tv_nsec: 0),
      ]
      _ = path.withPlatformString { utimensat(AT_FDCWD, $0, &times, 0) }
      return key
    }

    func has(_ text: String) throws -> Bool {
      try cache.store.contains(Digest(of: Array(text.utf8)))
    }

    func collect(days: Int64? = nil, bytes: Int64? = nil) async throws -> CacheCollection.Report {
      try cache.work.remove()
      return try await CacheCollection(
        cache.cache, .init(maxAge: days.map { $0 * 86_400 }, maxBytes: bytes)
      ).run()
    }
  }

  @Test("old results go, with the blobs that only they needed")
  func age() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestStore(folder)
      try test.result("new", ["new", "shared"], daysAgo: 1)
      try test.result("old", ["old", "shared"], daysAgo: 40)
      _ = try test.blob("of nobody")
      let report = try await test.collect(days: 30)
      #expect(report.removedResults == 1 && report.removedBlobs == 2)
      #expect(report.removedBytes == 12 && report.keptBytes == 9 && report.keptResults == 1)
      #expect(
        try test.has("new") && test.has("shared") && !test.has("old") && !test.has("of nobody"))
      #expect(try await test.collect(days: 30).removedBlobs == 0)
    }
  }

  @Test("beyond a size the least recently used results go, and all that are older")
  func size() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestStore(folder)
      try test.result("1", ["aaaaaaaaaa", "shared"], daysAgo: 1)
      try test.result("2", ["bbbbbbbbbb", "shared"], daysAgo: 2)
      try test.result("3", ["cccccccccc"], daysAgo: 3)
      try test.result("4", ["d"], daysAgo: 4)
      // Room for what is shared once and two of ten bytes, but not for the third: the fourth would fit, but is older.
      let report = try await test.collect(bytes: 30)
      #expect(report.keptResults == 2 && report.keptBytes == 26)
      #expect(
        try test.has("bbbbbbbbbb") && test.has("shared") && !test.has("cccccccccc")
          && !test.has("d"))
    }
  }

  @Test("what the last build of a standing tree used stays, and the bytes of its files")
  func standingTree() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestStore(folder)
      let key = try test.result("of the tree", ["made"], daysAgo: 400)
      let tree = OutputTree(folder["out"])
      let lock = try tree.lock()
      defer { lock.release() }
      let script = try test.blob("script")
      _ = try tree.update(
        to: [
          TreeTarget(
            path: "a", artifact: .file(script, executable: false), isEntryPoint: false,
            entry: .init(path: "a", rule: "script", state: .made))
        ], keeping: [], store: test.cache.store,
        digests: try FileDigests(rememberedIn: folder["digests"]))
      try LastBuild(in: test.cache.cache, site: folder["out"].string).add(["a": key])
      let report = try await test.collect(days: 30, bytes: 0)
      #expect(report.removedResults == 0 && report.neededBytes == 10)
      #expect(try test.has("made") && test.has("script"))
      try FileSystem.remove(folder["out"])
      #expect(try await test.collect(days: 30).removedResults == 1, "the tree has gone")
    }
  }

  @Test("beside a running build what it may need stays, whatever the limits")
  func besideBuild() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestStore(folder)
      try test.result("used now", ["used"], daysAgo: 0)
      try test.result("old", ["old"], daysAgo: 3)
      let build = try await test.cache.cache.lockForBuild()
      defer { build.release() }
      let work = try WorkDirectory(in: test.cache.cache)
      _ = try test.blob("written now")
      let report = try await test.collect(days: 0, bytes: 0)
      #expect(report.runningBuilds >= 1 && report.removedResults == 1)
      #expect(try test.has("used") && test.has("written now") && test.has("old"), "blobs are young")
      withExtendedLifetime(work) {}
    }
  }

  @Test("a result with a hole, and one whose key says nothing, end no clean-up")
  func holes() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestStore(folder)
      let inner = try test.cache.store.insert(
        StoredDirectory(entries: ["x": .file(try test.blob("x"), executable: false)]))
      let key = Digest(of: Array("holey".utf8))
      try test.cache.cache.actionCache.record(["d": inner], for: key)
      guard case .directory(let digest) = inner else { return }
      try test.cache.damage(digest)
      try folder.write("cache/actions/ab/" + String(repeating: "z", count: 62), "")
      let report = try await test.collect(days: 30)
      #expect(report.removedBlobs == 1, "what only the lost directory named")
    }
  }

  /// How long a hundred thousand take is a row of Benchmarks.
  @Test("many blobs that nothing needs go at once")
  func many() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestStore(folder)
      let store = test.cache.store
      for prefix in 0..<256 {
        let name = (prefix < 16 ? "0" : "") + String(prefix, radix: 16)
        try FileSystem.createDirectories(store.directory.appending(name))
      }
      // Empty files will do: a clean-up reads no blob but those of directories.
      for index in 0..<5000 {
        let path = store.path(of: Digest(of: Array("\(index)".utf8))).string
        let file = open(path, O_WRONLY | O_CREAT, 0o444)
        #expect(file >= 0)
        close(file)
      }
      for index in 0..<60 { try test.result("r\(index)", ["t\(index)"], daysAgo: Int64(index)) }
      let report = try await test.collect(days: 30)
      #expect(report.removedBlobs > 5020 && report.removedResults >= 29)
      #expect(report.keptResults + report.removedResults == 60)
    }
  }
}
