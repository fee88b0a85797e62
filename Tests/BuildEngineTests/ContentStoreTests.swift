import Glibc
import SystemPackage
import Testing

@testable import BuildEngine

struct ContentStoreTests {
  @Test("keeps bytes under their digest, read-only for everyone")
  func inserts() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      let digest = try cache.store.insert(Array("hello".utf8))
      #expect(digest == Digest(of: Array("hello".utf8)))
      #expect(try cache.store.contains(digest))
      #expect(try cache.store.read(digest) == Array("hello".utf8))
      let path = "cache/blobs/\(digest.hex.prefix(2))/\(digest.hex.dropFirst(2))"
      #expect(try folder.mode(path) == "444")
      try cache.store.verify(digest)
      #expect(try cache.store.insert([UInt8]()).size == 0)
      #expect(try leftovers(cache.work.path) == ["lock"], "temporary files stay")
    }
  }

  @Test("drops a blob with other bytes and says that it is lost")
  func dropsDamaged() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      for find in [
        { try _ = cache.store.read($0) }, { try cache.store.verify($0) },
        { try cache.store.copyOut($0, to: folder["out"]) },
      ] as [(Digest) throws -> Void] {
        let digest = try cache.store.insert(Array("hello".utf8))
        try cache.damage(digest)
        #expect(try cache.store.contains(digest), "only the size is looked at")
        #expect(throws: LostBlob(digest: digest)) { try find(digest) }
        #expect(try !cache.store.contains(digest))
        #expect(try !folder.exists("out"))
        #expect(throws: LostBlob(digest: digest)) { try find(digest) }
      }
    }
  }

  @Test("a blob of the wrong size counts as absent and is replaced")
  func replacesCutOff() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      let digest = try cache.store.insert(Array("hello".utf8))
      let path = cache.store.path(of: digest)
      try FileSystem.setMode(path, 0o644)
      #expect(path.withPlatformString { truncate($0, 2) } == 0)
      #expect(try !cache.store.contains(digest))
      #expect(try cache.store.insert(Array("hello".utf8)) == digest)
      #expect(try cache.store.read(digest) == Array("hello".utf8))
    }
  }

  @Test("many can insert the same blob at once, from two processes' work folders")
  func concurrentInserts() async throws {
    try await TemporaryFolder.with { folder in
      let first = try TestCache(folder)
      let second = try TestCache(folder)
      let bytes = [UInt8](repeating: 7, count: 300_000)
      let digests = try await withThrowingTaskGroup(of: Digest.self) { group in
        for index in 0..<40 {
          let store = index.isMultiple(of: 2) ? first.store : second.store
          group.addTask { try store.insert(bytes) }
        }
        return try await group.reduce(into: Set()) { $0.insert($1) }
      }
      #expect(digests == [Digest(of: bytes)])
      try first.store.verify(Digest(of: bytes))
      #expect(try leftovers(first.work.path) == ["lock"])
      #expect(try leftovers(second.work.path) == ["lock"])
    }
  }

  @Test("a blob that somebody dropped before it was settled is lost, not an error")
  func settleFindsLost() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      let digest = try cache.store.insert(Array("hello".utf8))
      try cache.store.settle([digest])
      try FileSystem.remove(cache.store.path(of: digest))
      #expect(throws: LostBlob(digest: digest)) { try cache.store.settle([digest]) }
    }
  }

  @Test("moves a file in and removes it when the store has it already")
  func movesFile() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      for _ in 0..<2 {
        let file = try folder.write("file", "hello")
        #expect(try cache.store.insert(moving: file) == Digest(of: Array("hello".utf8)))
        #expect(try !folder.exists("file"))
      }
    }
  }

  @Test("copies a user's file and leaves it alone, holes and files of /proc included")
  func copiesFile() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      let file = try folder.write("file", "hello", mode: 0o600)
      let digest = try cache.store.insert(copying: file)
      #expect(try cache.store.read(digest) == Array("hello".utf8))
      #expect(try folder.read("file") == "hello")
      #expect(try folder.mode("file") == "600")

      #expect(folder["hole"].withPlatformString { creat($0, 0o644) } >= 0)
      #expect(folder["hole"].withPlatformString { truncate($0, 3_000_000) } == 0)
      let hole = try cache.store.insert(copying: folder["hole"])
      #expect(hole == Digest(of: [UInt8](repeating: 0, count: 3_000_000)))

      let version = try #require(try FileSystem.read("/proc/version"))
      #expect(try cache.store.read(cache.store.insert(copying: "/proc/version")) == version)
      #expect(try leftovers(cache.work.path) == ["lock"])
    }
  }

  @Test("a file that cannot be read leaves nothing behind")
  func copyFails() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      #expect(
        await errorText { _ = try cache.store.insert(copying: folder["absent"]) } == """
          error: cannot read \(folder["absent"])
            why: No such file or directory
          """)
      #expect(try leftovers(cache.work.path) == ["lock"])
    }
  }

  @Test("a copy that finds the blob gone when it opens it says lost")
  func blobIsAFolder() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      let digest = Digest(of: Array("hello".utf8))
      // Where a blob should be, the store's own folder is broken: a link to nowhere.
      try FileSystem.createDirectories(cache.store.path(of: digest).removingLastComponent())
      try FileSystem.createSymlink(cache.store.path(of: digest), target: "/nonexistent")
      #expect(throws: LostBlob(digest: digest)) {
        try cache.store.copyOut(digest, to: folder["out"])
      }
      #expect(try cache.store.insert(Array("hello".utf8)) == digest)
      #expect(try cache.store.read(digest) == Array("hello".utf8))
    }
  }
}
