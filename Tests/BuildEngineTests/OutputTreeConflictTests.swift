import CLinux
import Glibc
import SystemPackage
import Testing

@testable import BuildEngine

struct OutputTreeConflictTests {
  private func text(_ folder: TemporaryFolder, _ things: [String]) -> String {
    """
    error: \(folder["out"]) has \(things.count == 1 ? "something" : "things") that pxebuild did not \
    place, under a name that it needs
      why: \(things.joined(separator: "\n       "))
      fix: move it away, rename the target, or choose another folder with --output
    """
  }

  @Test("a file, folder, link or pipe of somebody else is an error that names it; nothing changes")
  func foreign() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try test.update(["ours": "1"])
      try folder.write("out/file", "mine")
      try folder.write("out/folder/mine", "mine")
      try folder.makeLink("out/link", to: "file")
      try folder.write("out/above", "mine")
      try folder.makeLink("out/linked", to: "folder")
      #expect(folder["out/pipe"].withPlatformString { linux_make_fifo($0, 0o600) } == 0)
      let names = ["ours", "file", "folder", "link", "above/x", "linked/x", "pipe"]
      #expect(
        await errorText {
          try test.update(names.map { test.target($0, try test.file("new")) })
        }
          == text(
            folder,
            [
              "file (a file)", "folder (a folder)", "link (a symbolic link)", "above (a file)",
              "linked (a symbolic link)", "pipe (a device, socket or pipe)",
            ]))
      #expect(try folder.read("out/ours") == "1")
      #expect(try folder.read("out/file") == "mine")
      #expect(try test.ownFiles == ["lock", "manifest.json"])
      #expect(
        await errorText { try test.update(["file": "new"]) } == text(folder, ["file (a file)"]))
    }
  }

  @Test("of many foreign files ten are named")
  func manyForeign() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      var files: [String: String] = [:]
      for index in 10..<25 {
        try folder.write("out/f\(index)", "mine")
        files["f\(index)"] = "new"
      }
      #expect(
        await errorText { try test.update(files) }
          == text(folder, (10..<20).map { "f\($0) (a file)" } + ["and 5 more"]))
    }
  }

  @Test("a folder that somebody made where our file stood is not ours")
  func folderInPlaceOfOurs() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try test.update(["a": "1", "b": "2"])
      try FileSystem.remove(folder["out/a"])
      try folder.write("out/a/mine", "mine")
      #expect(
        await errorText { try test.update(["a": "1!", "b": "2!"]) }
          == text(folder, ["a (a folder)"]))
      #expect(try test.served == ["a/", "a/mine = mine", "b = 2"])
      // Not wanted any more, it is left alone.
      try test.update(["b": "2"])
      #expect(try test.served == ["a/", "a/mine = mine", "b = 2"])
    }
  }

  @Test("our folder with a foreign file in it does not become a file, and none of it is removed")
  func foreignInOurFolder() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try test.update(["d/a": "1", "d/deep/b": "2"])
      try folder.write("out/d/deep/mine", "mine")
      #expect(await errorText { try test.update(["d": "file"]) } == text(folder, ["d (a folder)"]))
      #expect(
        try test.served == ["d/", "d/a = 1", "d/deep/", "d/deep/b = 2", "d/deep/mine = mine"])
    }
  }

  @Test("what lies behind a link that somebody put in place of our folder is not removed")
  func linkInPlaceOfFolder() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try test.update(["d/a": "1", "b": "2"])
      try folder.write("elsewhere/a", "precious")
      try FileSystem.remove(folder["out/d"])
      try folder.makeLink("out/d", to: folder["elsewhere"].string)
      try test.update(["b": "2"])
      #expect(try folder.read("elsewhere/a") == "precious")
      #expect(
        await errorText { try test.update(["d/a": "1"]) } == text(folder, ["d (a symbolic link)"]))
      #expect(try folder.listing("elsewhere") == ["a = precious"])
    }
  }
}
