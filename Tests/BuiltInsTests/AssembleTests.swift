import BuildEngine
import SystemPackage
import Testing

@testable import BuiltIns

@Suite("Folders made of parts")
struct AssembleTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  @Test("files, links and folders land where they are wanted, with plain modes")
  func parts() async throws {
    let inner = try bench.store.insert(
      StoredDirectory(entries: [
        "tool": .file(try bench.store.insert(Array("#!/bin/sh\n".utf8)), executable: true),
        "to tool": .symlink(target: "tool"),
      ]))
    let output = try await bench.run(
      "assemble", [:],
      inputs: [
        "top": try bench.insert(Array("top\n".utf8)), "a b/c/ä": try bench.insert([]),
        "a b/inner": inner,
      ])
    #expect(
      try listing(output.appending("folder")) == [
        "a b/", "a b/c/", "a b/c/ä: ", "a b/inner/", "a b/inner/to tool -> tool",
        "a b/inner/tool x: #!/bin/sh\n", "top: top\n",
      ])
    for (path, mode) in [("top", 0o644), ("a b", 0o755), ("a b/inner/tool", 0o755)] {
      let identity = try #require(
        try FileIdentity.of(output.appending("folder").pushing(FilePath(path))))
      #expect(Int(identity.mode & 0o7777) == mode)
    }
  }

  @Test("nothing at all is an empty folder")
  func empty() async throws {
    let output = try await bench.run("assemble", [:])
    #expect(try listing(output.appending("folder")) == [])
  }
}
