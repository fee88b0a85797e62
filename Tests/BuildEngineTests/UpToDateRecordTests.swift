import Glibc
import SystemPackage
import Testing

@testable import BuildEngine

struct UpToDateRecordTests {
  private struct Setup {
    var folder: TemporaryFolder
    var record: UpToDateRecord
    var read: [String: FileIdentity] = [:]
    var placed: [FilePath]

    init(_ folder: TemporaryFolder) async throws {
      self.folder = folder
      record = UpToDateRecord(file: folder["record"], request: "all\nrecipes")
      try folder.write("recipes/a.yaml", "a")
      try folder.write("recipes/é\n.yaml", "b")
      try folder.write("out/file", "c")
      try folder.makeLink("out/link", to: "file")
      placed = [folder["out/file"], folder["out/link"]]
      try await Task.sleep(for: .milliseconds(40))
      let digests = try FileDigests(rememberedIn: folder["state"])
      for name in ["recipes", "recipes/a.yaml", "recipes/é\n.yaml"] {
        try digests.observe(folder[name])
      }
      read = digests.observations
    }

    func save() throws { try record.save(read: read, placed: placed) }
  }

  @Test("is current while everything is as it was and the same is asked")
  func current() async throws {
    try await TemporaryFolder.with { folder in
      let setup = try await Setup(folder)
      #expect(try !setup.record.isCurrent(), "there is no record yet")
      try setup.save()
      #expect(try setup.record.isCurrent())
      #expect(
        try UpToDateRecord(file: folder["record"], request: "all\nrecipe").isCurrent() == false)
      #expect(try UpToDateRecord(file: folder["record"], request: "").isCurrent() == false)
      try setup.record.remove()
      #expect(try !setup.record.isCurrent())
    }
  }

  @Test(
    "whatever changes makes it stale",
    arguments: [
      "content", "size", "mode", "removed", "replaced", "new file beside", "placed changed",
      "placed removed", "link changed", "link to file", "file to link",
    ])
  func stale(change: String) async throws {
    try await TemporaryFolder.with { folder in
      let setup = try await Setup(folder)
      try setup.save()
      switch change {
      case "content": try folder.write("recipes/a.yaml", "b")
      case "size": try folder.write("recipes/a.yaml", "longer")
      case "mode": try FileSystem.setMode(folder["recipes/a.yaml"], 0o600)
      case "removed": try FileSystem.remove(folder["recipes/a.yaml"])
      case "replaced":
        try folder.write("new", "a")
        try FileSystem.rename(folder["new"], to: folder["recipes/a.yaml"])
      case "new file beside": try folder.write("recipes/c.yaml", "c")
      case "placed changed": try folder.write("out/file", "d")
      case "placed removed": try FileSystem.remove(folder["out/file"])
      case "link changed":
        try FileSystem.remove(folder["out/link"])
        try folder.makeLink("out/link", to: "other")
      case "link to file":
        try FileSystem.remove(folder["out/link"])
        try folder.write("out/link", "c")
      default:
        try FileSystem.rename(folder["out/file"], to: folder["out/moved"])
        try folder.makeLink("out/file", to: "moved")
      }
      #expect(try !setup.record.isCurrent())
    }
  }

  @Test("a damaged record is none")
  func damaged() async throws {
    try await TemporaryFolder.with { folder in
      let setup = try await Setup(folder)
      try setup.save()
      let whole = try #require(try FileSystem.read(folder["record"]))
      for length in stride(from: 0, to: whole.count, by: 11) {
        try FileSystem.replace(folder["record"], with: whole.prefix(length))
        #expect(try !setup.record.isCurrent(), "cut off after \(length) bytes")
      }
      for index in stride(from: 0, to: whole.count, by: 11) {
        var bytes = whole
        bytes[index] ^= 4
        try FileSystem.replace(folder["record"], with: bytes)
        #expect(try !setup.record.isCurrent(), "byte \(index) is wrong")
      }
    }
  }

  @Test("nothing is recorded when a file was read a moment after it changed")
  func young() async throws {
    try await TemporaryFolder.with { folder in
      var setup = try await Setup(folder)
      try setup.save()
      let file = try folder.write("recipes/young.yaml", "x")
      var identity = try #require(try FileIdentity.of(file))
      // A clock that is far ahead, so that the file stays young however slow this machine is.
      identity.changed += 3_600_000_000_000
      setup.read[file.string] = identity
      try setup.save()
      #expect(try !folder.exists("record"), "the older record is gone as well")
    }
  }

  @Test("nothing is recorded when a placed file is not there")
  func placedGone() async throws {
    try await TemporaryFolder.with { folder in
      var setup = try await Setup(folder)
      setup.placed.append(folder["out/absent"])
      try setup.save()
      #expect(try !folder.exists("record"))
    }
  }
}
