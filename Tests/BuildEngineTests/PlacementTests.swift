import SystemPackage
import Testing

@testable import BuildEngine

/// How files stand in the output tree where a copy would be a waste, and what is no file.
@Suite struct PlacementTests {
  private func inode(_ path: FilePath) throws -> UInt64 {
    try #require(try FileIdentity.of(path)).inode
  }

  private func shared(_ path: String, _ artifact: StoredArtifact) -> TreeTarget {
    TreeTarget(
      path: path, artifact: artifact, isEntryPoint: false,
      placement: Placement(sharesBlobs: true),
      entry: Manifest.Target(path: path, rule: "test", state: .made))
  }

  @Test("a large file is a further name of its blob, and only the first of two is")
  func shares() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      let large = try test.file("large")
      guard case .file(let digest, _) = large else { return }
      let targets = [
        shared("iso", try test.directory(["a": large, "b": large])), test.target("copy", large),
      ]
      try test.update(targets)
      let blob = try inode(test.cache.store.path(of: digest))
      #expect(try inode(folder["out/iso/a"]) == blob)
      #expect(try inode(folder["out/iso/b"]) != blob && inode(folder["out/copy"]) != blob)
      #expect(try folder.mode("out/iso/a") == "444" && folder.mode("out/iso/b") == "644")
      #expect(try test.update(targets).isEmpty)
    }
  }

  @Test("a change made through the tree is found, and the blob is made again")
  func damage() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      let large = try test.file("large", executable: true)
      guard case .file(let digest, _) = large else { return }
      try test.update([shared("a", large)])
      #expect(try folder.mode("out/a") == "555")
      let file = try FileDescriptor.open(folder["out/a"], .writeOnly)
      try file.writeAll("WRONG".utf8)
      try file.close()
      #expect(throws: LostBlob(digest: digest)) { try test.update([shared("a", large)]) }
      #expect(try !test.cache.store.contains(digest))
      try test.update([shared("a", try test.file("large", executable: true))])
      #expect(try FileSystem.read(folder["out/a"]) == Array("large".utf8))
    }
  }

  @Test("an empty folder is placed, kept, and removed while it is empty")
  func emptyFolders() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      let empty = try test.directory([:])
      let target = test.target(
        "iso", try test.directory(["empty": empty, "file": try test.file("x")]))
      #expect(try test.update([target]).placed == ["iso/empty", "iso/file"])
      #expect(try FileIdentity.of(folder["out/iso/empty"])?.kind == .directory)
      #expect(try test.update([target]).isEmpty)
      // Something is mounted there, or somebody put a file: neither is a conflict.
      try folder.write("out/iso/empty/foreign", "y")
      #expect(try test.update([target]).isEmpty)
      try test.update(["other": "z"])
      #expect(try test.served == ["iso/", "iso/empty/", "iso/empty/foreign = y", "other = z"])
      try FileSystem.remove(folder["out/iso"])
      try test.update([target])
      try test.update(["other": "z"])
      #expect(try FileIdentity.of(folder["out/iso"]) == nil)
    }
  }

  @Test("a folder that becomes empty stays when it is wanted")
  func becomesEmpty() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try test.update(["a/b/c": "x"])
      try test.update([test.target("a", try test.directory(["b": test.directory([:])]))])
      #expect(try FileIdentity.of(folder["out/a/b"])?.kind == .directory)
      try test.update(["a/b": "a file now"])
      #expect(try FileIdentity.of(folder["out/a/b"])?.kind == .regular)
    }
  }

  @Test("a link that leaves the tree is placed when the recipe asks for it")
  func linkOutside() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      var target = test.target("image.iso", .symlink(target: "/srv/images/image.iso"))
      #expect(throws: BuildError.self) { try test.update([target]) }
      target.placement.mayLinkOutside = true
      try test.update([target])
      #expect(try FileSystem.readSymlink(folder["out/image.iso"]) == "/srv/images/image.iso")
    }
  }

  @Test("a blob that is written piece by piece has the digest of the whole, and holes stay holes")
  func pieces() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      let piece = (0..<BlobWriter.pieceSize).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 1) }
      let digest = try cache.store.insert(writing: { writer in
        for _ in 0..<6 { try writer.append(piece.count) { $0.copyBytes(from: piece) } }
        try writer.appendZeros(3_000_000)
        try writer.append(5) { $0.copyBytes(from: Array("end..".utf8)) }
        try writer.appendZeros(70_000)
      })
      let whole =
        Array(repeatElement(piece, count: 6).joined()) + [UInt8](repeating: 0, count: 3_000_000)
        + Array("end..".utf8) + [UInt8](repeating: 0, count: 70_000)
      #expect(digest == Digest(of: whole))
      try cache.store.verify(digest)
      #expect(
        try cache.store.insert(writing: {
          try $0.append(5) { $0.copyBytes(from: Array("small".utf8)) }
        }) == Digest(of: Array("small".utf8)))
      struct Stop: Error {}
      #expect(throws: Stop.self) {
        try cache.store.insert(writing: { writer in
          for _ in 0..<3 { try writer.append(piece.count) { $0.copyBytes(from: piece) } }
          throw Stop()
        })
      }
    }
  }

  @Test("pieces that become holes between others do not disturb those that are still being written")
  func holesBetweenPieces() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      let digest = try cache.store.insert(writing: { writer in
        for number in 1...60 {
          try writer.append(BlobWriter.pieceSize) {
            $0.initializeMemory(as: UInt8.self, repeating: UInt8(number))
          }
          if number % 3 == 0 { try writer.appendZeros(Int64(BlobWriter.pieceSize) * 2) }
        }
      })
      try cache.store.verify(digest)
    }
  }
}
