import Glibc
import SystemPackage
import Testing

@testable import BuildEngine

struct ActionCacheTests {
  private static let key = Digest(of: Array("key".utf8))

  private func artifacts(_ store: ContentStore) throws -> [String: StoredArtifact] {
    let file = try store.insert(Array("content".utf8))
    return [
      "b/file": .file(file, executable: true),
      "a folder": try store.insert(
        StoredDirectory(entries: ["x": .file(file, executable: false)])),
      "link": .symlink(target: "b/file"),
    ]
  }

  @Test("a result comes back as it was recorded")
  func roundTrip() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      let actions = cache.cache.actionCache
      let recorded = try artifacts(cache.store)
      #expect(try actions.lookUp(Self.key) == nil)
      try actions.record(recorded, for: Self.key)
      #expect(try actions.lookUp(Self.key) == recorded)
      #expect(try actions.keys().map(\.hex) == [Self.key.hex])
      try actions.record([:], for: Self.key)
      #expect(try actions.lookUp(Self.key) == [:])
    }
  }

  @Test("an entry that is cut off anywhere counts as absent and is removed")
  func truncated() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      let actions = cache.cache.actionCache
      let recorded = try artifacts(cache.store)
      try actions.record(recorded, for: Self.key)
      let path = actions.path(of: Self.key)
      let whole = try #require(try FileSystem.read(path))
      for length in stride(from: 0, to: whole.count, by: 5) {
        try FileSystem.replace(path, with: whole.prefix(length))
        #expect(try actions.lookUp(Self.key) == nil, "cut off after \(length) bytes")
        #expect(try FileIdentity.of(path) == nil, "cut off after \(length) bytes")
      }
    }
  }

  @Test("an entry with one flipped bit counts as absent and is removed")
  func flippedBit() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      let actions = cache.cache.actionCache
      try actions.record(artifacts(cache.store), for: Self.key)
      let path = actions.path(of: Self.key)
      let whole = try #require(try FileSystem.read(path))
      for index in stride(from: 0, to: whole.count, by: 5) {
        var bytes = whole
        bytes[index] ^= 1 << UInt8(index % 8)
        try FileSystem.replace(path, with: bytes)
        #expect(try actions.lookUp(Self.key) == nil, "byte \(index)")
        #expect(try FileIdentity.of(path) == nil, "byte \(index)")
      }
    }
  }

  @Test("many can record and read one key at once")
  func concurrent() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      let actions = cache.cache.actionCache
      let recorded = try artifacts(cache.store)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<60 {
          group.addTask { try actions.record(recorded, for: Self.key) }
          group.addTask {
            let found = try actions.lookUp(Self.key)
            #expect(found == nil || found == recorded)
          }
        }
        try await group.waitForAll()
      }
      #expect(try actions.lookUp(Self.key) == recorded)
      let entry = actions.path(of: Self.key)
      #expect(try FileSystem.list(entry.removingLastComponent()).count == 1)
    }
  }
}
