import Glibc
import SystemPackage
import Testing

@testable import BuildEngine

/// What a killed update, a full disk and a disk that cannot be written leave behind.
struct OutputTreeCrashTests {
  private func files(_ test: TestTree, _ files: [String: String]) throws -> [TreeLayout.File] {
    try TreeLayout(
      files.sorted { $0.key < $1.key }.map { test.target($0.key, try test.file($0.value)) },
      store: test.cache.store
    ).files
  }

  @Test("killed while the new files were written: the old tree stands, the next update is whole")
  func killedWhileStaging() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try test.update(["a": "1"])
      _ = try test.placer.stage(files(test, ["a": "2", "b": "3"]))
      #expect(try test.served == ["a = 1"])
      try test.update(["a": "2", "b": "3"])
      #expect(try test.served == ["a = 2", "b = 3"])
      #expect(try test.ownFiles == ["lock", "manifest.json"])
    }
  }

  @Test("killed before the manifest was written: the next update owns what was placed")
  func killedBeforeManifest() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try test.update(["a": "1"])
      let wanted = try files(test, ["a": "2", "new": "3", "deep/new": "4"])
      let staged = try test.placer.stage(wanted)
      try test.placer.writePending(["a", "new", "deep/new"])
      try test.placer.commit(Array(staged.prefix(2)))
      #expect(try test.served == ["a = 2", "deep/", "deep/new = 4"])

      try test.update(["a": "2", "deep/new": "5"])
      #expect(try test.served == ["a = 2", "deep/", "deep/new = 5"])
      #expect(try test.ownFiles == ["lock", "manifest.json"])
    }
  }

  @Test(
    "killed between a folder and the file in it, on the way in or out: the folder does not stay")
  func killedBesideFolder() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try test.update(["a": "1", "old/deep/b": "2"])
      let staged = try test.placer.stage(files(test, ["new/deep/c": "3"]))
      try test.placer.writePending(["a", "old/deep/b", "new/deep/c"])
      try test.placer.makeFolders(for: staged)
      try FileSystem.remove(folder["out/old/deep/b"])
      #expect(try test.served == ["a = 1", "new/", "new/deep/", "old/", "old/deep/"])
      try test.update(["a": "1"])
      #expect(try test.served == ["a = 1"])
    }
  }

  @Test("killed before the manifest was written, and then other targets are asked for")
  func killedThenOther() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try test.update(["x": "file"])
      let staged = try test.placer.stage(files(test, ["x/a": "1", "y": "2"]))
      try test.placer.writePending(["x", "x/a", "y"])
      try test.placer.clear(.init(files: ["x"]))
      try test.placer.commit(staged)
      #expect(try test.served == ["x/", "x/a = 1", "y = 2"])
      try test.update(["x": "file"])
      #expect(try test.served == ["x = file"])
    }
  }

  @Test("a hostile list of pending files claims nothing outside the tree")
  func hostilePending() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try test.update(["a": "1"])
      try folder.write("precious", "mine")
      try folder.write("out/.pxebuild/pending", "../precious\0\(folder["precious"])\0a\0")
      try test.update([:])
      #expect(try folder.read("precious") == "mine")
      #expect(try test.served == [])
    }
  }

  @Test(
    "a full disk leaves the old tree and no temporary files",
    .enabled(if: SmallDisk.isPossible, "only root may mount a small disk"))
  func fullDisk() async throws {
    try await TemporaryFolder.with { folder in
      try await SmallDisk.with(size: "256k", at: folder["out"]) {
        let test = try TestTree(folder)
        try test.update(["a": "old", "menu": "old menu", "stale": "old"])
        let big = try test.cache.store.insert([UInt8](repeating: 1, count: 300_000))
        #expect(
          await errorText {
            try test.update([
              test.target("a", test.file("new")), test.target("big", .file(big, executable: false)),
              test.target("menu", test.file("new menu"), isEntryPoint: true),
            ])
          } == """
            error: cannot write \(folder["out"])/.pxebuild/new/0/1
              why: No space left on device
              fix: free some space on that disk and run the same command again; what is built is kept
            """)
        #expect(try test.served == ["a = old", "menu = old menu", "stale = old"])
        #expect(try test.ownFiles == ["lock", "manifest.json"])
        try test.update(["a": "new"])
        #expect(try test.served == ["a = new"])
      }
    }
  }

  @Test(
    "however much room is left, an update is done whole or leaves the old tree",
    .enabled(if: SmallDisk.isPossible, "only root may mount a small disk"),
    arguments: ["size", "nr_inodes"])
  func anyRoom(limit: String) async throws {
    try await TemporaryFolder.with { folder in
      var (failures, successes) = (0, 0)
      // In pages, or in files and folders.
      for room in 3..<40 where successes < 3 {
        let size = limit == "size" ? "\(room * 4)k" : "1m,nr_inodes=\(room)"
        try await SmallDisk.with(size: size, at: folder["out"]) {
          let test = try TestTree(folder)
          let new = ["a": "new", "c/d": "new", "e/f/g": String(repeating: "new", count: 3000)]
          guard (try? test.update(["a": "old", "b/stale": "old"])) != nil else { return }
          do {
            try test.update(new)
            successes += 1
            #expect(try test.served.filter { !$0.hasSuffix("/") }.count == 3)
          } catch {
            failures += 1
            #expect("\(error)".contains("No space left on device"))
            #expect(try test.served == ["a = old", "b/", "b/stale = old"], "\(limit) \(room)")
          }
          #expect(try test.ownFiles == ["lock", "manifest.json"], "\(limit) \(room)")
          #expect(try await test.tree.verify().findings.isEmpty)
        }
      }
      #expect(failures > 3 && successes == 3, "\(failures) failed")
    }
  }

  @Test(
    "a full cache disk fails the insertion in words and leaves nothing half-written",
    .enabled(if: SmallDisk.isPossible, "only root may mount a small disk"))
  func fullCache() async throws {
    try await TemporaryFolder.with { folder in
      try await SmallDisk.with(size: "256k", at: folder["cache"]) {
        let cache = try TestCache(folder)
        let bytes = [UInt8](repeating: 1, count: 300_000)
        let text = await errorText { _ = try cache.store.insert(bytes) }
        let expected = """
            why: No space left on device
            fix: free some space on that disk and run the same command again; what is built is kept
          """
        #expect(text?.hasPrefix("error: cannot write \(cache.work.path)/blobs-") == true)
        #expect(text?.hasSuffix(expected) == true, "\(text ?? "")")
        #expect(try leftovers(cache.work.path) == ["lock"])
        #expect(try !cache.store.contains(Digest(of: bytes)))
        #expect(try cache.store.read(cache.store.insert([1, 2])) == [1, 2])
      }
    }
  }

  @Test(
    "a disk that cannot be written is an error that says so",
    .enabled(if: SmallDisk.isPossible, "only root may mount a small disk"))
  func readOnlyDisk() async throws {
    try await TemporaryFolder.with { folder in
      try await SmallDisk.with(size: "256k", at: folder["out"]) {
        let test = try TestTree(folder)
        try SmallDisk.makeReadOnly(folder["out"])
        #expect(
          await errorText { try test.update(["a": "1"]) } == """
            error: cannot create the folder \(folder["out"])/.pxebuild
              why: Read-only file system
              fix: choose a folder on a disk that can be written
            """)
      }
    }
  }

  @Test(
    "an output folder that one may not write is an error that says so",
    .enabled(if: geteuid() != 0, "root may write everywhere"))
  func noPermission() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      _ = try folder.makeFolder("out")
      try FileSystem.setMode(folder["out"], 0o500)
      #expect(
        await errorText { try test.update(["a": "1"]) } == """
          error: cannot create the folder \(folder["out"])/.pxebuild
            why: Permission denied
            fix: give \(FileSystem.userName) access to it, or choose another folder
          """)
    }
  }

  @Test("modes are 0644 and 0755 whatever the umask, in the tree and in the store")
  func umaskDoesNotMatter() async throws {
    try await TemporaryFolder.with { folder in
      let old = umask(0o077)
      defer { umask(old) }
      let test = try TestTree(folder)
      try test.update([
        test.target("deep/a", test.file("1")),
        test.target("deep/run", test.file("2", executable: true)),
      ])
      #expect(try folder.mode("out") == "755")
      #expect(try folder.mode("out/deep") == "755")
      #expect(try folder.mode("out/deep/a") == "644")
      #expect(try folder.mode("out/deep/run") == "755")
      #expect(try folder.mode("out/.pxebuild/manifest.json") == "644")
      let digest = Digest(of: Array("1".utf8))
      #expect(try folder.mode("cache/blobs/\(digest.hex.prefix(2))") == "755")
      #expect(
        try folder.mode("cache/blobs/\(digest.hex.prefix(2))/\(digest.hex.dropFirst(2))") == "444")
    }
  }
}
