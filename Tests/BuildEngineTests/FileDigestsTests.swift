import Glibc
import SystemPackage
import Testing

@testable import BuildEngine

struct FileDigestsTests {
  /// Waits until the time stamps of what was written before are old enough to be trusted.
  private func settle() async throws { try await Task.sleep(for: .milliseconds(40)) }

  private func digest(_ text: String) -> Digest { Digest(of: Array(text.utf8)) }

  @Test("a digest is remembered by the next run as long as the file is the same")
  func remembers() async throws {
    try await TemporaryFolder.with { folder in
      let file = try folder.write("file with\nnewline and  spaces", "one")
      try await settle()
      let first = try FileDigests(rememberedIn: folder["state"])
      #expect(try first.digest(of: file) == digest("one"))
      try first.save()
      let second = try FileDigests(rememberedIn: folder["state"])
      let identity = try #require(try FileIdentity.of(file))
      #expect(second.remembered(file, identity: identity) == digest("one"))
      #expect(try second.digest(of: file) == digest("one"))
      #expect(second.observations == [file.string: identity])
    }
  }

  @Test("a change that keeps the size and sets the time back is noticed")
  func noticesHiddenChange() async throws {
    try await TemporaryFolder.with { folder in
      let file = try folder.write("file", "one")
      try await settle()
      let digests = try FileDigests(rememberedIn: folder["state"])
      #expect(try digests.digest(of: file) == digest("one"))
      let before = try #require(try FileIdentity.of(file))
      let open = try FileSystem.open(file, .writeOnly, doing: "write")
      try FileSystem.write(Array("two".utf8), to: open, path: file)
      try open.close()
      let time = timespec(
        tv_sec: Int(before.modified / 1_000_000_000), tv_nsec: Int(before.modified % 1_000_000_000))
      #expect(file.withPlatformString { utimensat(AT_FDCWD, $0, [time, time], 0) } == 0)
      let after = try #require(try FileIdentity.of(file))
      #expect(
        (after.modified, after.size, after.inode) == (before.modified, before.size, before.inode))
      #expect(try digests.digest(of: file) == digest("two"))
    }
  }

  @Test("a file that changed a moment ago is not remembered: it can change again unseen")
  func youngFile() async throws {
    try await TemporaryFolder.with { folder in
      let digests = try FileDigests(rememberedIn: folder["state"])
      for _ in 0..<20 {
        let file = try folder.write("file", "one")
        _ = try digests.digest(of: file)
        let identity = try #require(try FileIdentity.of(file))
        if !identity.isSettled {
          #expect(digests.remembered(file, identity: identity) == nil)
          return
        }
      }
      Issue.record("this disk is too slow to leave a file young")
    }
  }

  @Test("the first look at a file is the one that counts")
  func firstLook() async throws {
    try await TemporaryFolder.with { folder in
      let file = try folder.write("file", "one")
      let digests = try FileDigests(rememberedIn: folder["state"])
      let first = try digests.observe(file)
      try folder.write("file", "three")
      #expect(try digests.observe(file) != first)
      #expect(digests.observations == [file.string: first])
    }
  }

  @Test(
    "a damaged state file counts as empty",
    arguments: [
      "", "something else\n", "pxebuild file digests 1\n1 2 3", "pxebuild file digests 2\n",
      "pxebuild file digests 1\n1 2 3 4 5 6 abc /x\0", "pxebuild file digests 1\n\0\0 \0",
      "pxebuild file digests 1\na b c d e f g /x\0",
    ])
  func damaged(text: String) async throws {
    try await TemporaryFolder.with { folder in
      try CheckedFile.write(text.utf8, to: folder["state"])
      let file = try folder.write("file", "one")
      let digests = try FileDigests(rememberedIn: folder["state"])
      #expect(try digests.digest(of: file) == digest("one"))
    }
  }

  @Test("a state file that is cut off loses no more than that")
  func cutOff() async throws {
    try await TemporaryFolder.with { folder in
      for name in ["a", "b", "c"] { try folder.write(name, name) }
      try await settle()
      let digests = try FileDigests(rememberedIn: folder["state"])
      for name in ["a", "b", "c"] { _ = try digests.digest(of: folder[name]) }
      try digests.save()
      let whole = try #require(try folder.read("state"))
      for length in stride(from: 0, to: whole.utf8.count, by: 7) {
        try folder.write("state", String(decoding: whole.utf8.prefix(length), as: UTF8.self))
        let loaded = try FileDigests(rememberedIn: folder["state"])
        for name in ["a", "b", "c"] {
          let identity = try #require(try FileIdentity.of(folder[name]))
          let known = loaded.remembered(folder[name], identity: identity)
          #expect(known == nil || known == digest(name))
        }
      }
    }
  }

  @Test("a file that does not exist is an error with its name")
  func absent() async throws {
    try await TemporaryFolder.with { folder in
      let digests = try FileDigests(rememberedIn: folder["state"])
      #expect(
        await errorText { _ = try digests.digest(of: folder["absent"]) } == """
          error: cannot read \(folder["absent"])
            why: No such file or directory
          """)
    }
  }

  @Test("a local input is copied once and known again; a link that leads to it is watched")
  func localInputs() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      try folder.write("one/file", "one")
      try folder.makeLink("one/inner", to: "file")
      try folder.write("two/file", "two")
      try folder.makeLink("link", to: "one")
      try await settle()
      let digests = try FileDigests(rememberedIn: folder["state"])
      let inputs = InputResolver(store: cache.store, digests: digests)
      let artifact = Artifact.local(path: folder["link"].string)
      let stored = try inputs.resolve(artifact, known: [:], reader: "t")
      #expect(
        try cache.store.leaves(of: stored).map(\.artifact) == [
          .file(digest("one"), executable: false), .symlink(target: "file"),
        ])
      #expect(
        digests.observations.keys.sorted() == [
          folder["link"].string, folder["one"].string, folder["one/file"].string,
        ])
      let record = UpToDateRecord(file: folder["record"], request: "r")
      try record.save(read: digests.observations, placed: [])
      #expect(try record.isCurrent())
      try FileSystem.remove(folder["link"])
      try folder.makeLink("link", to: "two")
      #expect(try !record.isCurrent())
    }
  }

  @Test("a path that an input does not have is told with what there is")
  func missingMember() async throws {
    try await TemporaryFolder.with { folder in
      let cache = try TestCache(folder)
      let file = StoredArtifact.file(try cache.store.insert([1]), executable: false)
      let inner = try cache.store.insert(StoredDirectory(entries: ["x": file, "y": file]))
      let outer = try cache.store.insert(StoredDirectory(entries: ["inner": inner]))
      let inputs = InputResolver(
        store: cache.store, digests: try FileDigests(rememberedIn: folder["state"]))
      let known = [
        ActionID(index: 0): ActionOutputs(
          artifacts: ["tree": outer, "file": file], wasCached: false, key: nil)
      ]
      func find(_ path: String) throws -> StoredArtifact {
        try inputs.resolve(.output(ActionID(index: 0), path: path), known: known, reader: "t")
      }
      #expect(try find("tree/inner/x") == file)
      #expect(try find("tree") == outer)
      for (path, text) in [
        (
          "tree/inner/z",
          "error: t: there is no \"inner/z\" in what it reads\n  why: inner holds: x, y"
        ),
        ("tree/z", "error: t: there is no \"z\" in what it reads\n  why: it holds: inner"),
        ("file/z", "error: t: there is no \"z\" in what it reads\n  why: it is a single file"),
        ("z", "error: t: there is no \"z\" in what it reads"),
      ] {
        #expect(await errorText { _ = try find(path) } == text)
      }
    }
  }
}
