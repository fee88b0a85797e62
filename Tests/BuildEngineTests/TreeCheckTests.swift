import Glibc
import SystemPackage
import Testing

@testable import BuildEngine

@Suite("Checking an output tree")
struct TreeCheckTests {
  private static func digest(_ text: String) -> Digest { Digest(of: Array(text.utf8)) }

  @Test("a tree as it was placed has no findings, whatever is in it")
  func clean() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      let tree = try test.directory([
        "run": test.file("#!", executable: true), "link": .symlink(target: "../menu"),
        "deep": test.directory(["x y\n": test.file("X")]), "empty": test.directory([:]),
      ])
      try test.update([
        test.target("menu", test.file("menu")), test.target("dir", tree),
        TreeTarget(
          path: "secret", texts: [TreeText(bytes: [1], isPrivate: true)],
          entry: .init(path: "secret", rule: "test", state: .made)),
      ])
      let result = try await test.tree.verify()
      #expect(result.findings == [])
      #expect(result.targetCount == 3 && result.fileCount == 6 && result.bytesRead == 7)
      #expect(try await test.tree.verify() == result, "it left nothing behind")
    }
  }

  @Test("names what is missing, changed, of another kind or mode, and what is foreign")
  func findings() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      let files = [
        "a/b/1", "a/b/2", "changed", "gone", "kind", "mode", "short", "through/x", "z/y",
      ]
      try test.update(
        [test.target("link", .symlink(target: "gone"))]
          + files.map { test.target($0, try test.file("text of \($0)")) })
      try folder.write("out/changed", "text of chamged")
      try folder.write("out/short", "")
      try FileSystem.remove(folder["out/gone"])
      try FileSystem.remove(folder["out/kind"])
      try FileSystem.createDirectories(folder["out/kind"])
      try FileSystem.setMode(folder["out/mode"], 0o640)
      try FileSystem.remove(folder["out/link"])
      try folder.makeLink("out/link", to: "mode")
      try FileSystem.remove(folder["out/through"])
      try folder.makeLink("out/through", to: "/tmp")
      try FileSystem.remove(folder["out/z"])
      try FileSystem.setMode(folder["out/a"], 0o700)
      try folder.write("out/a/notes", "mine")
      try folder.write("out/of others/many/1", "mine")
      let findings = try await test.tree.verify().findings
      #expect(
        findings == [
          TreeFinding("a", .wrongMode(expected: 0o755, found: 0o700)),
          TreeFinding("a/notes", .foreign(.regular)),
          TreeFinding(
            "changed",
            .changed(
              expected: Self.digest("text of changed"), found: Self.digest("text of chamged"))),
          TreeFinding("gone", .missing),
          TreeFinding("kind", .wrongKind(expected: .regular, found: .directory)),
          TreeFinding("link", .changedLink(expected: "gone", found: "mode")),
          TreeFinding("mode", .wrongMode(expected: 0o644, found: 0o640)),
          TreeFinding("of others", .foreign(.directory)),
          TreeFinding(
            "short", .changed(expected: Self.digest("text of short"), found: Self.digest(""))),
          TreeFinding("through", .wrongKind(expected: .directory, found: .symlink)),
          TreeFinding("z", .missing),
        ])
    }
  }

  @Test("a changed byte is found behind equal size and time stamps")
  func silentChange() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try test.update(["a": "text"])
      let path = folder["out/a"]
      try folder.write("out/a", "tixt")
      // As if the disk had changed it: the digests believe that these bytes were placed.
      let identity = try #require(try FileIdentity.of(path))
      test.digests.rememberPlaced(Self.digest("text"), at: path, identity: identity)
      #expect(try await test.tree.verify().findings.count == 1)
      #expect(try test.update(["a": "text"]).placed == [], "a build does not look")
      test.digests.forget([path])
      #expect(try test.update(["a": "text"]).placed == ["a"])
      #expect(try await test.tree.verify().findings == [])
    }
  }

  @Test("a folder without a manifest is no output tree")
  func noManifest() async throws {
    try await TemporaryFolder.with { folder in
      let tree = OutputTree(try folder.makeFolder("out"))
      let text = await errorText { _ = try await tree.verify() }
      #expect(
        text == """
          error: \(folder["out"]) is no output tree
            why: there is no manifest \(folder["out/.pxebuild/manifest.json"])
            fix: run pxebuild all first, or name the folder with --output
          """)
      #expect(try folder.listing() == ["out/"])
    }
  }

  @Test("a tree that is being updated is waited for or said to be, never called damaged")
  func beingWritten() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try test.update(["a": "1", "b": "2"])
      // As in the middle of an update: a file is placed, the manifest is not.
      let lock = try test.tree.lock()
      try test.placer.writePending(["a", "b"])
      try folder.write("out/a", "new")
      let text = await errorText { _ = try await test.tree.verify() }
      #expect(
        text == """
          error: the output tree \(folder["out"]) is being written by another pxebuild
            fix: wait until it has ended and run the same command again
          """)
      lock.release()
      #expect(try await test.tree.verify().findings.map(\.path) == ["a"], "it was killed")
    }
  }
}

@Suite("Checking a cache")
struct CacheVerificationTests {
  @Test("names damaged blobs and results, and drops them only when asked to")
  func faults() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestCache(folder)
      let good = try test.store.insert(Array("good".utf8))
      let bad = try test.store.insert(Array("bad".utf8))
      try test.damage(bad)
      let keys = ["one", "two"].map { Digest(of: Array($0.utf8)) }
      for key in keys {
        try test.cache.actionCache.record(["x": .file(good, executable: false)], for: key)
      }
      let entry = test.cache.actionCache.path(of: keys[1])
      try FileSystem.replace(entry, with: "cut".utf8)
      let maintenance = CacheMaintenance(test.cache)
      let found = try await maintenance.verify(dropsFaults: false)
      #expect(found.blobCount == 1 && found.resultCount == 1)
      #expect(found.bytesRead == 7)
      #expect(
        Set(found.faults.map(\.name)) == [bad.hex, keys[1].hex]
          && found.faults.first { $0.kind == .result }?.name == keys[1].hex)
      #expect(try await maintenance.verify(dropsFaults: false) == found, "all is where it was")
      #expect(try await maintenance.verify(dropsFaults: true) == found)
      #expect(try await maintenance.verify(dropsFaults: true).faults == [])
      #expect(try test.store.contains(good) && !test.store.contains(bad))
    }
  }

  @Test("a thousand blobs are read on every core, each once")
  func many() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestCache(folder)
      for index in 0..<1000 { _ = try test.store.insert(Array("blob \(index)".utf8)) }
      let result = try await CacheMaintenance(test.cache).verify(dropsFaults: false)
      #expect(result.blobCount == 1000 && result.faults == [])
    }
  }

  @Test("it ends when the task is cancelled")
  func cancelled() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestCache(folder)
      for index in 0..<100 { _ = try test.store.insert(Array("blob \(index)".utf8)) }
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await CacheMaintenance(test.cache).verify(dropsFaults: true)
      }
      await #expect(throws: CancellationError.self) { _ = try await task.value }
    }
  }
}
