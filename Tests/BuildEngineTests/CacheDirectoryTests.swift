import Glibc
import SystemPackage
import Testing

@testable import BuildEngine

struct CacheDirectoryTests {
  @Test("is laid out once and opened again")
  func layout() async throws {
    try await TemporaryFolder.with { folder in
      for _ in 0..<2 {
        let cache = try CacheDirectory(folder["deep/cache"])
        #expect(cache.path == folder["deep/cache"])
        #expect(
          try folder.listing("deep/cache") == [
            "FORMAT = pxebuild cache 1\n", "actions/", "blobs/", "logs/", "state/", "work/",
          ])
      }
    }
  }

  @Test("a cache of a newer pxebuild is refused and not touched")
  func newerFormat() async throws {
    try await TemporaryFolder.with { folder in
      try folder.write("cache/FORMAT", "pxebuild cache 7\n")
      #expect(
        await errorText { _ = try CacheDirectory(folder["cache"]) } == """
          error: the cache folder \(folder["cache"]) was written by a newer pxebuild
            why: it has format 7; this pxebuild knows formats up to 1
            fix: use that newer pxebuild, or choose another folder with --cache
          """)
      #expect(try folder.listing("cache") == ["FORMAT = pxebuild cache 7\n"])
    }
  }

  @Test(
    "a FORMAT that says nothing is refused",
    arguments: ["", "bazel\n", "pxebuild cache \n", "pxebuild cache x\n", "pxebuild cache 1"])
  func unreadableFormat(text: String) async throws {
    try await TemporaryFolder.with { folder in
      try folder.write("cache/FORMAT", text)
      #expect(
        await errorText { _ = try CacheDirectory(folder["cache"]) } == """
          error: the cache folder \(folder["cache"]) has an unreadable FORMAT file
            why: it should say "pxebuild cache 1"
            fix: delete the folder, or choose another one with --cache
          """)
    }
  }

  @Test("something that is no folder under the cache's name is an error that says so")
  func isAFile() async throws {
    try await TemporaryFolder.with { folder in
      try folder.write("cache", "a file")
      #expect(
        await errorText { _ = try CacheDirectory(folder["cache"]) } == """
          error: cannot create the folder \(folder["cache"])
            why: something that is not a folder has that name
            fix: move it away or choose another folder
          """)
    }
  }

  @Test("builds share the cache; a clean-up has it to itself only where there is none")
  func locks() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try CacheDirectory(folder["cache"])
      let first = try await cache.lockForBuild()
      let second = try await cache.lockForBuild()
      #expect(try cache.lockForCleaning() == nil)
      first.release()
      second.release()
    }
    try await TemporaryFolder.with { folder in
      let cache = try CacheDirectory(folder["cache"])
      do {
        let build = try await cache.lockForBuild()
        build.release()
      }
      let cleaning = try #require(try cache.lockForCleaning())
      // A build waits for the clean-up, and an interrupt ends its waiting.
      let waiting = Task { try await cache.lockForBuild() }
      try await Task.sleep(for: .milliseconds(50))
      waiting.cancel()
      await #expect(throws: CancellationError.self) { try await waiting.value }
      let patient = Task { try await cache.lockForBuild() }
      try await Task.sleep(for: .milliseconds(50))
      cleaning.release()
      _ = try await patient.value
    }
  }

  @Test("work folders of ended builds are removed, those of living ones stay")
  func workFolders() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try CacheDirectory(folder["cache"])
      let living = try WorkDirectory(in: cache)
      // As a killed process leaves it: the lock file is there, nobody holds it.
      try folder.write("cache/work/1-1/lock", "")
      try folder.write("cache/work/1-1/action-1/root/deep/file", "x")
      try FileSystem.setMode(folder["cache/work/1-1/action-1/root/deep"], 0o500)
      // As one leaves it that is just starting: no lock file yet.
      _ = try folder.makeFolder("cache/work/2-2")
      let own = try WorkDirectory(in: cache)
      let names = try FileSystem.list(folder["cache/work"])
      let expected = [living, own].compactMap { $0.path.lastComponent?.string } + ["2-2"]
      #expect(Set(names) == Set(expected))
      try own.remove()
      #expect(try FileIdentity.of(own.path) == nil)
      withExtendedLifetime(living) {}
    }
  }

  @Test(
    "a work folder that cannot be removed yet does not keep others from building",
    .enabled(if: SmallDisk.isPossible, "only root may mount a small disk"))
  func busyFolder() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try CacheDirectory(folder["cache"])
      try folder.write("cache/work/1-1/lock", "")
      try await SmallDisk.with(size: "64k", at: folder["cache/work/1-1/busy"]) {
        _ = try WorkDirectory(in: cache)
        #expect(try folder.exists("cache/work/1-1/busy"))
      }
      _ = try WorkDirectory(in: cache)
      #expect(try !folder.exists("cache/work/1-1"))
    }
  }

  @Test("many builds can start at once and each keeps its own work folder")
  func concurrentStarts() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try CacheDirectory(folder["cache"])
      for _ in 0..<10 {
        let folders = try await withThrowingTaskGroup(of: WorkDirectory.self) { group in
          for _ in 0..<16 { group.addTask { try WorkDirectory(in: cache) } }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        for work in folders {
          #expect(try FileIdentity.of(work.path.appending("lock")) != nil)
        }
      }
    }
  }

  @Test("a work folder that is no longer used is removed at the latest by the next build")
  func removesOwn() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try CacheDirectory(folder["cache"])
      do {
        let work = try WorkDirectory(in: cache)
        _ = work.makeName("x")
      }
      _ = try WorkDirectory(in: cache)
      #expect(try FileSystem.list(folder["cache/work"]).count == 1)
    }
  }
}
