import CLinux
import Glibc
import SystemPackage
import Testing

@testable import BuildEngine

struct StoredTreeTests {
  private func makeTree(_ folder: TemporaryFolder) throws {
    try folder.write("tree/a.txt", "A", mode: 0o600)
    try folder.write("tree/bin/run", "#!/bin/sh", mode: 0o4711)
    try folder.write("tree/bin/name with\nnewline", "N")
    try folder.write("tree/bin/é ü", "U")
    try folder.makeLink("tree/link", to: "bin/../nowhere")
    _ = try folder.makeFolder("tree/empty")
  }

  private let expected = [
    "a.txt = A", "bin/", "bin/name with\nnewline = N", "bin/run = #!/bin/sh", "bin/é ü = U",
    "empty/", "link -> bin/../nowhere",
  ]

  @Test("a folder goes in and comes out with links, executable bits and odd names")
  func roundTrip() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      try makeTree(folder)
      #expect(try folder.listing("tree") == expected)
      var inserted: Set<Digest> = []
      let artifact = try cache.store.insert(movingTree: folder["tree"], inserted: &inserted)
      #expect(inserted.count == 7, "four files and three folders")
      try cache.store.settle(inserted)
      #expect(try cache.store.containsAll(of: artifact))

      try cache.store.materialize(artifact, at: folder["out"])
      #expect(try folder.listing("out") == expected)
      #expect(try folder.mode("out") == "755")
      #expect(try folder.mode("out/bin") == "755")
      #expect(try folder.mode("out/bin/run") == "755")
      #expect(try folder.mode("out/a.txt") == "644")
    }
  }

  @Test("finds an artifact by its path, without following links")
  func findsByPath() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      try makeTree(folder)
      var inserted: Set<Digest> = []
      let artifact = try cache.store.insert(movingTree: folder["tree"], inserted: &inserted)
      func find(_ path: String) throws -> StoredArtifact? {
        try cache.store.artifact(at: path, in: artifact)
      }
      #expect(try find("") == artifact)
      #expect(try cache.text(find("a.txt")) == "A")
      #expect(try find("bin/run") == .file(Digest(of: Array("#!/bin/sh".utf8)), executable: true))
      #expect(try find("bin//run/") != nil)
      #expect(try find("link") == .symlink(target: "bin/../nowhere"))
      #expect(try find("link/run") == nil)
      #expect(try find("a.txt/x") == nil)
      #expect(try find("absent") == nil)
      #expect(try find("../tree") == nil)
      #expect(
        try cache.store.leaves(of: artifact).map(\.path) == [
          "a.txt", "bin/name with\nnewline", "bin/run", "bin/é ü", "empty", "link",
        ])
      #expect(try cache.store.leaves(of: .symlink(target: "x")).map(\.path) == [""])
    }
  }

  @Test("a device, a socket or a pipe is refused")
  func refusesSpecialFiles() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      _ = try folder.makeFolder("tree/sub")
      #expect(folder["tree/sub/pipe"].withPlatformString { linux_make_fifo($0, 0o600) } == 0)
      var inserted: Set<Digest> = []
      #expect(
        await errorText {
          _ = try cache.store.insert(movingTree: folder["tree"], inserted: &inserted)
        } == """
          error: \(folder["tree/sub/pipe"]) is not a file, a folder or a link
            why: devices, sockets and pipes cannot be served
            fix: leave it out
          """)
    }
  }

  @Test("a name that is not UTF-8 is refused, and the folder can still be removed")
  func refusesOtherEncodings() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      _ = try folder.makeFolder("tree")
      let name: [CChar] = [0x66, CChar(bitPattern: 0xe9), 0]
      let file = folder["tree"].appending(try #require(FilePath.Component(platformString: name)))
      #expect(file.withPlatformString { creat($0, 0o644) } >= 0)
      var inserted: Set<Digest> = []
      #expect(
        await errorText {
          _ = try cache.store.insert(movingTree: folder["tree"], inserted: &inserted)
        } == """
          error: \(folder["tree"]) holds a name that is not UTF-8: "f\\xE9"
            fix: rename it
          """)
      try FileSystem.remove(folder["tree"])
      #expect(try !folder.exists("tree"))
    }
  }

  @Test("a link whose target is not UTF-8 is refused")
  func refusesLinkTarget() async throws {
    try await TemporaryFolder.with { folder in
      let target: [CChar] = [CChar(bitPattern: 0xff), 0]
      #expect(folder["link"].withPlatformString { symlink(target, $0) } == 0)
      #expect(
        await errorText { _ = try FileSystem.readSymlink(folder["link"]) } == """
          error: the link \(folder["link"]) points to a name that is not UTF-8: "\\xFF"
            fix: rename what it points to
          """)
    }
  }

  @Test("two names that differ only in how they write the same letters are refused, not merged")
  func refusesEquivalentNames() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      try folder.write("tree/\u{e9}", "composed")
      try folder.write("tree/e\u{301}", "decomposed")
      var inserted: Set<Digest> = []
      #expect(
        await errorText {
          _ = try cache.store.insert(movingTree: folder["tree"], inserted: &inserted)
        } == """
          error: \(folder["tree"]) holds two names that read the same: "\u{e9}"
            why: they differ only in how accented letters are encoded, which many systems do not tell apart
            fix: rename one of them
          """)
    }
  }

  @Test("modes do not depend on the umask, and a folder nobody may write is moved all the same")
  func modes() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      try makeTree(folder)
      try FileSystem.setMode(folder["tree/bin"], 0o500)
      try FileSystem.setMode(folder["tree/a.txt"], 0)
      var inserted: Set<Digest> = []
      let artifact = try cache.store.insert(movingTree: folder["tree"], inserted: &inserted)
      try cache.store.materialize(artifact, at: folder["out"])
      #expect(try folder.listing("out") == expected)
      #expect(try folder.mode("out/a.txt") == "644")
      #expect(try folder.mode("out/bin") == "755")
    }
  }

  @Test("all lost blobs of a tree are found in one go")
  func findsAllLost() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      for index in 0..<5 { try folder.write("tree/\(index)/file", "content \(index)") }
      var inserted: Set<Digest> = []
      let artifact = try cache.store.insert(movingTree: folder["tree"], inserted: &inserted)
      let digests = (0..<5).map { Digest(of: Array("content \($0)".utf8)) }
      for digest in digests { try cache.damage(digest) }
      #expect(throws: LostBlob.self) {
        try cache.store.materialize(artifact, at: folder["out"])
      }
      #expect(try digests.filter { try cache.store.contains($0) } == [])
      #expect(try !cache.store.containsAll(of: artifact))
    }
  }
}
