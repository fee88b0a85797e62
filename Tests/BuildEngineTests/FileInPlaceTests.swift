import SystemPackage
import Testing

@testable import BuildEngine

struct FileInPlaceTests {
  private static func place(_ path: FilePath) throws -> FileInPlace {
    FileInPlace(path: path, identity: try #require(try FileIdentity.of(path)))
  }

  @Test("a file of a folder is read and copied where it is")
  func folder() async throws {
    try await TemporaryFolder.with { folder in
      try folder.write("tools/a/b", "text")
      let tools = try Self.place(folder["tools"])
      let digest = Digest(of: Array("text".utf8))
      #expect(try tools.read("a/b", of: digest) == Array("text".utf8))
      try tools.copy("a/b", of: digest, to: folder["copy"])
      #expect(try FileSystem.read(folder["copy"]) == Array("text".utf8))
    }
  }

  @Test("a file that is not the one any more whose digest was taken is named")
  func change() async throws {
    try await TemporaryFolder.with { folder in
      let file = try folder.write("tools/a", "text")
      let tools = try Self.place(folder["tools"])
      let digest = Digest(of: Array("older".utf8))
      let expected = BuildError(
        .failed, "\(file) changed while it was read",
        advice: "run the same command again when nothing writes to it")
      #expect(throws: expected) { try tools.read("a", of: digest) }
      #expect(throws: expected) { try tools.copy("a", of: digest, to: folder["copy"]) }
    }
  }

  @Test("of a folder in place only what it consists of enters the content store")
  func store() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      try folder.write("tools/a", "text")
      let inputs = InputResolver(
        store: cache.store, digests: try FileDigests(rememberedIn: folder["none"]))
      let found = try inputs.resolve(
        .localInPlace(path: folder["tools"].string), known: [:], reader: "test")
      #expect(try !cache.store.contains(Digest(of: Array("text".utf8))))
      let copied = try inputs.resolve(
        .local(path: folder["tools"].string), known: [:], reader: "test")
      #expect(found == copied)
      #expect(try cache.store.contains(Digest(of: Array("text".utf8))))
    }
  }
}
