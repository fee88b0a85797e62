import Glibc
import SystemPackage
import Testing

@testable import BuildEngine

struct OutputTreeTests {
  @Test("places files, folders and links, and lists them in the manifest")
  func places() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      let tree = try test.directory([
        "run": test.file("#!", executable: true), "link": .symlink(target: "../menu.ipxe"),
        "deep": test.directory(["x y\n": test.file("X")]), "empty": test.directory([:]),
      ])
      let changes = try test.update([
        test.target("menu.ipxe", test.file("menu"), isEntryPoint: true), test.target("dir", tree),
      ])
      #expect(
        changes.placed == ["menu.ipxe", "dir/deep/x y\n", "dir/empty", "dir/link", "dir/run"])
      #expect(changes.removed == [])
      let served = [
        "dir/", "dir/deep/", "dir/deep/x y\n = X", "dir/empty/", "dir/link -> ../menu.ipxe",
        "dir/run = #!",
        "menu.ipxe = menu",
      ]
      #expect(try test.served == served)
      #expect(try test.ownFiles == ["lock", "manifest.json"])
      let manifest = try test.tree.manifest()
      #expect(manifest.targets.map(\.path) == ["dir", "menu.ipxe"])
      #expect(
        manifest.targets[0].files == [
          .init(path: "dir/deep/x y\n", sha256: Digest(of: Array("X".utf8)).hex, size: 1),
          .init(path: "dir/empty", isFolder: true),
          .init(path: "dir/link", link: "../menu.ipxe"),
          .init(
            path: "dir/run", sha256: Digest(of: Array("#!".utf8)).hex, size: 2, executable: true),
        ])
      let again = try test.update([
        test.target("menu.ipxe", test.file("menu"), isEntryPoint: true), test.target("dir", tree),
      ])
      #expect(again == TreeChanges(placed: [], removed: [], unchangedCount: 5))
      #expect(try test.served == served)
    }
  }

  @Test("replaces what changed, removes what is stale with its folders, leaves neighbours")
  func replaces() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try folder.write("out/notes.txt", "mine")
      try folder.write("out/shared/mine", "mine")
      try test.update(["a": "1", "shared/b": "2", "gone/deep/c": "3", "same": "4"])
      let changes = try test.update(["a": "1!", "same": "4"])
      #expect(
        changes
          == TreeChanges(placed: ["a"], removed: ["gone/deep/c", "shared/b"], unchangedCount: 1))
      #expect(
        try test.served == [
          "a = 1!", "notes.txt = mine", "same = 4", "shared/", "shared/mine = mine",
        ])
      try test.update([:])
      #expect(try test.served == ["notes.txt = mine", "shared/", "shared/mine = mine"])
    }
  }

  @Test("keeps what was not asked for this time")
  func keeping() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try test.update(["a": "1", "b": "2", "c": "3"])
      let changes = try test.update(["a": "1!"], keeping: ["a", "b", "never built"])
      #expect(changes == TreeChanges(placed: ["a"], removed: ["c"], unchangedCount: 0))
      #expect(try test.served == ["a = 1!", "b = 2"])
      #expect(try test.tree.manifest().targets.map(\.path) == ["a", "b"])
    }
  }

  @Test("content comes first, then what names it, and what is stale goes last")
  func order() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try test.update(["a-old": "1", "menu": "old menu", "z": "2"])
      let watch = try FolderWatch(folder["out"])
      try test.update([
        test.target("a-menu", test.file("M"), isEntryPoint: true),
        test.target("menu", test.file("new menu"), isEntryPoint: true),
        test.target("new", test.file("N")), test.target("z", test.file("3")),
      ])
      #expect(watch.events() == ["+new", "+z", "+a-menu", "+menu", "-a-old"])
    }
  }

  @Test("a file that somebody changed, cut off or gave another mode is put right")
  func repairs() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      let files = ["a": "content", "b": "content", "c": "content", "d": "content", "e": "content"]
      try test.update(files)
      try folder.write("out/a", "CONTENT")
      try folder.write("out/b", "")
      try FileSystem.setMode(folder["out/c"], 0o600)
      try FileSystem.remove(folder["out/d"])
      try FileSystem.remove(folder["out/e"])
      try folder.makeLink("out/e", to: "c")
      let changes = try test.update(files)
      #expect(changes.placed == ["a", "b", "c", "d", "e"])
      #expect(try test.served == files.keys.sorted().map { "\($0) = content" })
      #expect(try folder.mode("out/c") == "644")
      #expect(try test.update(files).placed == [])
    }
  }

  @Test("a link that points elsewhere is put right, and a link can become a file and back")
  func links() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      let link = [test.target("l", .symlink(target: "x/y"))]
      try test.update(link)
      try FileSystem.remove(folder["out/l"])
      try folder.makeLink("out/l", to: "/etc/passwd")
      #expect(try test.update(link).placed == ["l"])
      #expect(try test.served == ["l -> x/y"])
      try test.update(["l": "file"])
      #expect(try test.served == ["l = file"])
      try test.update(link)
      #expect(try test.served == ["l -> x/y"])
    }
  }

  @Test("a file becomes a folder and the other way round")
  func filesAndFolders() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      let file = ["x": "file", "z": "z"]
      let deep = ["x/deep/a": "A", "x/b": "B", "z": "z"]
      let deepListing = ["x/", "x/b = B", "x/deep/", "x/deep/a = A", "z = z"]
      for _ in 0..<2 {
        try test.update(file)
        #expect(try test.served == ["x = file", "z = z"])
        try test.update(deep)
        #expect(try test.served == deepListing)
        // Through a link as well.
        try test.update([test.target("x", .symlink(target: "z")), test.target("z", test.file("z"))])
        #expect(try test.served == ["x -> z", "z = z"])
        try test.update(deep)
        #expect(try test.served == deepListing)
      }
      // Empty folders that were left in it are no hindrance.
      _ = try folder.makeFolder("out/x/empty/deeper")
      try test.update(file)
      #expect(try test.served == ["x = file", "z = z"])
    }
  }

  @Test(
    "a path that leaves the tree is refused, a target's and a manifest's",
    arguments: [
      "../x", "/etc/x", "a/../../x", ".pxebuild/manifest.json", ".pxebuild", "", "a//b", "a/",
    ])
  func refusesPaths(path: String) async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      #expect(
        await errorText { try test.update([path: "x"]) } == """
          error: "\(path)" is no path in the output tree
            why: it has to be relative, without "." and "..", and not in .pxebuild
            fix: rename the target, for example to winpe/boot.wim
          """)
      #expect(try test.served == [])

      try folder.write("x", "precious")
      var manifest = Manifest(targets: [.init(path: "a", rule: "r", state: .made)])
      manifest.targets[0].files = [.init(path: path)]
      try manifest.save(to: test.tree.manifestPath)
      #expect(
        await errorText { try test.update([:]) } == """
          error: the manifest \(test.tree.manifestPath) cannot be read
            why: it is not what pxebuild wrote there
            fix: restore it from a backup, or empty the output folder and build again
          """)
      #expect(try folder.read("x") == "precious")
    }
  }

  @Test("two targets that want one place are refused before anything is touched")
  func refusesClash() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      let tree = try test.directory(["x": test.file("1")])
      #expect(
        await errorText {
          try test.update([test.target("d", tree), test.target("d/x", test.file("2"))])
        } == """
          error: "d/x" in the output tree is wanted twice
            why: by d and by d/x
            fix: rename one of them
          """)
      #expect(
        await errorText {
          try test.update([test.target("d", tree), test.target("d/x/y", test.file("2"))])
        } == """
          error: "d/x" in the output tree is wanted twice
            why: by d and by d/x/y
            fix: rename one of them
          """)
      #expect(try test.served == [])
    }
  }

  @Test(
    "a link that leaves the tree is refused",
    arguments: [
      ("l", "/etc/passwd"), ("l", "../x"), ("l", "./../x"), ("a/b/l", "../../../x"),
      ("a/l", "../.."),
    ])
  func refusesLinks(path: String, link: String) async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      #expect(
        await errorText { try test.update([test.target(path, .symlink(target: link))]) } == """
          error: \(path) is a link that leaves the output tree
            why: it points to \(link)
            fix: leave it out, or put the file it means in its place
          """)
      #expect(try test.served == [])
    }
  }

  @Test("a link that goes up after going down is refused: it may go down through another link")
  func refusesCleverLinks() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      #expect(
        await errorText {
          try test.update([
            test.target("deep/down/top", .symlink(target: "../..")),
            test.target("out", .symlink(target: "deep/down/top/../secret")),
          ])
        } == """
          error: out is a link that goes up after it has gone down
            why: it points to deep/down/top/../secret, and where that leads depends on other links
            fix: let it point there by the shortest way
          """)
    }
  }

  @Test("a lost blob leaves the tree as it was, and all of them are found at once")
  func lostBlobs() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try test.update(["a": "1", "b": "2"])
      let files = ["a": "new 1", "b": "new 2", "c": "new 3"]
      let targets = try files.sorted { $0.key < $1.key }.map {
        test.target($0.key, try test.file($0.value))
      }
      let damaged = ["new 1", "new 3"].map { Digest(of: Array($0.utf8)) }
      for digest in damaged { try test.cache.damage(digest) }
      #expect(throws: LostBlob(digest: damaged[0])) { try test.update(targets) }
      #expect(try damaged.filter { try test.cache.store.contains($0) } == [])
      #expect(try test.served == ["a = 1", "b = 2"])
      #expect(try test.ownFiles == ["lock", "manifest.json"])
      try test.update(files)
      #expect(try test.served == ["a = new 1", "b = new 2", "c = new 3"])
    }
  }

  @Test("a lock that was given back is free, though a program that starts has the file open")
  func forkedLock() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      let lock = try test.tree.lock()
      let path = folder["out"].appending(".pxebuild/lock").string
      let open = try #require(
        try FileSystem.list("/proc/self/fd").first {
          (try? FileSystem.readSymlink(FilePath("/proc/self/fd/\($0)"))) == path
        }.flatMap { Int32($0) })
      let forked = dup(open)
      defer { close(forked) }
      lock.release()
      try test.tree.lock().release()
    }
  }

  @Test("the lock names who holds it")
  func lock() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      let lock = try test.tree.lock()
      var host = [CChar](repeating: 0, count: 256)
      gethostname(&host, 255)
      let name = String(
        decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      #expect(
        await errorText { _ = try test.tree.lock() } == """
          error: the output tree \(folder["out"]) is being written by another pxebuild
            why: process \(getpid()) of \(FileSystem.userName) on \(name)
            fix: wait until it has ended and run the same command again
          """)
      lock.release()
      lock.release()
      try test.tree.lock().release()
      #expect(
        await errorText { _ = try OutputTree("/").lock() } == """
          error: the output folder cannot be /
            fix: name a folder of its own, for example --output /var/lib/tftpboot
          """)
    }
  }

  @Test("an output folder that is a link to one is fine")
  func linkedOutput() async throws {
    try await TemporaryFolder.with { folder in
      _ = try folder.makeFolder("real")
      try folder.makeLink("out", to: "real")
      let test = try TestTree(folder)
      try test.update(["a/b": "1"])
      #expect(try folder.listing("real", but: [".pxebuild"]) == ["a/", "a/b = 1"])
    }
  }

  @Test("a manifest of a newer format is refused, whatever its shape")
  func newerManifest() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try folder.write("out/.pxebuild/manifest.json", #"{"format": 9, "files": ["a"]}"#)
      #expect(
        await errorText { try test.update(["a": "1"]) } == """
          error: the output tree of \(test.tree.manifestPath) was written by a newer pxebuild
            why: its manifest has format 9; this pxebuild knows 1
            fix: use that newer pxebuild, or choose another folder with --output
          """)
      #expect(try test.served == [])
    }
  }

  @Test(
    "a damaged manifest is refused",
    arguments: ["", "{", "[]", "{}", #"{"format": 1}"#, #"{"format": 1, "targets": [{}]}"#])
  func damagedManifest(text: String) async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try folder.write("out/.pxebuild/manifest.json", text)
      #expect(
        await errorText { try test.update(["a": "1"]) } == """
          error: the manifest \(test.tree.manifestPath) cannot be read
            why: it is not what pxebuild wrote there
            fix: restore it from a backup, or empty the output folder and build again
          """)
      #expect(try test.served == [])
    }
  }

  @Test("hundreds of files are placed, replaced and removed")
  func manyFiles() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      var files: [String: String] = [:]
      for index in 0..<200 { files["dir\(index % 40)/file\(index)"] = "content \(index % 7)" }
      #expect(try test.update(files).placed.count == 200)
      #expect(try test.update(files) == TreeChanges(placed: [], removed: [], unchangedCount: 200))
      #expect(try test.update([:]).removed.count == 200)
      #expect(try test.served == [])
    }
  }
}
