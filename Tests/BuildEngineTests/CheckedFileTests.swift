import SystemPackage
import Testing

@testable import BuildEngine

/// Small files of the cache whose bytes have changed since, and what a killed pxebuild leaves beside them.
struct CheckedFileTests {
  /// Every bit of a file in turn is another one while `body` runs; then all is as it was.
  private func forEachFlip(of file: FilePath, _ body: (Int) throws -> Void) throws {
    let whole = try #require(try FileSystem.read(file))
    for bit in 0..<whole.count * 8 {
      var bytes = whole
      bytes[bit / 8] ^= 1 << (bit % 8)
      try FileSystem.replace(file, with: bytes)
      try body(bit)
    }
    try FileSystem.replace(file, with: whole)
  }

  @Test("whichever bit flips, the file counts as absent")
  func flips() async throws {
    try await TemporaryFolder.with { folder in
      let file = folder["file"]
      try CheckedFile.write("hello\n".utf8, to: file)
      #expect(try CheckedFile.read(file).map(Array.init) == Array("hello\n".utf8))
      try forEachFlip(of: file) { bit in
        let content = try CheckedFile.read(file)
        #expect(content == nil, "bit \(bit)")
      }
      for length in 0..<71 {
        try FileSystem.replace(
          folder["short"], with: try FileSystem.read(file)?.prefix(length) ?? [])
        #expect(try CheckedFile.read(folder["short"]) == nil)
      }
      #expect(try CheckedFile.read(folder["none"]) == nil)
    }
  }

  @Test("whichever bit flips in what is remembered of a file, no wrong digest is believed")
  func digests() async throws {
    try await TemporaryFolder.with { folder in
      let file = try folder.write("file", "one")
      let identity = try #require(try FileIdentity.of(file))
      let right = Digest(of: Array("one".utf8))
      let first = try FileDigests(rememberedIn: folder["state"])
      first.rememberPlaced(right, at: file, identity: identity)
      try first.save()
      try forEachFlip(of: folder["state"]) { bit in
        let digests = try FileDigests(rememberedIn: folder["state"])
        #expect(try digests.digest(of: file) == right, "bit \(bit)")
        #expect(digests.remembered(file, identity: identity) ?? right == right, "bit \(bit)")
      }
    }
  }

  @Test("whichever bit flips in a manifest, it is refused or says the same as before")
  func manifest() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try test.update(["a": "1", "b/c": "2"])
      let right = try test.tree.manifest()
      var accepted = 0
      try forEachFlip(of: test.tree.manifestPath) { bit in
        guard let read = try? test.tree.manifest() else { return }
        accepted += 1
        #expect(read == right, "bit \(bit)")
      }
      // Those in the seal's own name, without which it is a manifest of an older pxebuild.
      #expect(accepted < 200)
      #expect(try test.update(["a": "1", "b/c": "2"]).isEmpty)
    }
  }

  @Test("a manifest without a seal is read as before")
  func unsealed() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try test.update(["a": "1"])
      let text = String(
        decoding: try #require(try FileSystem.read(test.tree.manifestPath)), as: UTF8.self)
      let old = text.replacing(#/,\n  "seal" : "[0-9a-f]{64}"/#, with: "")
      #expect(old != text)
      try FileSystem.replace(test.tree.manifestPath, with: old.utf8)
      #expect(try test.tree.manifest().targets.map(\.path) == ["a"])
      #expect(try test.update(["b": "1"]).removed == ["a"])
    }
  }

  @Test(
    "what a killed pxebuild left of a replacement goes: at once in a tree, when it is old in a cache"
  )
  func temporaries() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try test.update(["a": "1"])
      try test.tree.keepGeneration()
      let own = ["out/.pxebuild/.manifest.json.x1.tmp", "out/.pxebuild/generations/.2.json.x1.tmp"]
      for path in own { try folder.write(path, "half") }
      try test.update(["a": "2"])
      for path in own { #expect(try FileIdentity.of(folder[path]) == nil, "\(path)") }
      for name in [".lock.x1.tmp", ".other.x1.tmp", "lock", "x.tmp"] {
        try folder.write("recipes/\(name)", "")
      }
      try FileSystem.removeTemporaries(in: folder["recipes"], of: "lock")
      #expect(try FileSystem.list(folder["recipes"]).count == 4, "they are young")
      try FileSystem.removeTemporaries(in: folder["recipes"], of: "lock", age: 0)
      #expect(try FileSystem.list(folder["recipes"]) == [".other.x1.tmp", "lock", "x.tmp"])
      try FileSystem.removeTemporaries(in: folder["nowhere"])
    }
  }
}
