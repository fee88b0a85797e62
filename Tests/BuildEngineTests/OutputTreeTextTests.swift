import Glibc
import SystemPackage
import Testing

@testable import BuildEngine

/// Targets whose bytes are at hand: the files of configs.
struct OutputTreeTextTests {
  private func target(_ path: String, _ texts: TreeText...) -> TreeTarget {
    TreeTarget(path: path, texts: texts, entry: .init(path: path, rule: "test", state: .made))
  }

  private func text(_ text: String, at path: String = "", isPrivate: Bool = false) -> TreeText {
    TreeText(path: path, bytes: Array(text.utf8), isPrivate: isPrivate)
  }

  private func mode(_ path: FilePath) throws -> UInt32 {
    try #require(try FileIdentity.of(path)).mode & 0o7777
  }

  @Test("texts are placed, replaced and removed like other files")
  func places() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      let units = target("units", text("1", at: "a.mount"), text("2", at: "b/c.mount"))
      #expect(
        try test.update([target("dhcpd.conf", text("x")), units]).placed
          == ["dhcpd.conf", "units/a.mount", "units/b/c.mount"])
      #expect(try test.update([target("dhcpd.conf", text("x")), units]).isEmpty)
      #expect(try mode(folder["out/dhcpd.conf"]) == 0o644)
      #expect(
        try test.tree.manifest().targets[0].files == [
          .init(path: "dhcpd.conf", sha256: Digest(of: Array("x".utf8)).hex, size: 1)
        ])
      let changes = try test.update([target("dhcpd.conf", text("y"))])
      #expect(
        changes
          == TreeChanges(placed: ["dhcpd.conf"], removed: ["units/a.mount", "units/b/c.mount"]))
      #expect(try test.served == ["dhcpd.conf = y"])
    }
  }

  @Test("a private file is its owner's alone, and nothing tells of its content")
  func privateFile() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      let secret = target("smb.conf", text("password", isPrivate: true))
      try test.update([secret])
      #expect(try mode(folder["out/smb.conf"]) == 0o600)
      let digest = Digest(of: Array("password".utf8)).hex
      let manifest = String(
        decoding: try FileSystem.read(test.tree.manifestPath) ?? [], as: UTF8.self)
      #expect(manifest.contains("\"private\" : true"))
      #expect(!manifest.contains("sha256") && !manifest.contains("size"))
      try test.digests.save()
      let digests = String(
        decoding: try FileSystem.read(folder["file-digests"]) ?? [], as: UTF8.self)
      #expect(!digests.contains(digest))
      #expect(try !test.cache.store.contains(Digest(of: Array("password".utf8))))
      #expect(try test.update([secret]).isEmpty)
    }
  }

  @Test("a private file that others may read is placed anew, and so is one with other bytes")
  func repaired() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      let secret = target("smb.conf", text("password", isPrivate: true))
      try test.update([secret])
      try FileSystem.setMode(folder["out/smb.conf"], 0o644)
      #expect(try test.update([secret]).placed == ["smb.conf"])
      #expect(try mode(folder["out/smb.conf"]) == 0o600)
      #expect(
        try test.update([target("smb.conf", text("passw0rd", isPrivate: true))]).placed
          == ["smb.conf"])
      #expect(try test.update([target("smb.conf", text("passw0rd"))]).placed == ["smb.conf"])
      #expect(try mode(folder["out/smb.conf"]) == 0o644)
    }
  }

  @Test("a text's path stays in its target", arguments: ["../x", "/x", "a/../../x", "a//b"])
  func badPath(_ path: String) async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      #expect(throws: BuildError.self) {
        try test.update([target("units", text("1", at: path))])
      }
      #expect(try test.served == [])
    }
  }

  @Test("advice names the option that chose the folder")
  func option() async throws {
    try await TemporaryFolder.with { folder in
      let test = try TestTree(folder)
      try folder.write("conf/dhcpd.conf", "mine")
      let tree = OutputTree(folder["conf"], option: "--config-output")
      #expect(
        await errorText {
          _ = try tree.update(
            to: [target("dhcpd.conf", text("x"))], keeping: [], store: test.cache.store,
            digests: test.digests)
        } == """
          error: \(folder["conf"]) has something that pxebuild did not place, under a name that it needs
            why: dhcpd.conf (a file)
            fix: move it away, rename the target, or choose another folder with --config-output
          """)
    }
  }
}
