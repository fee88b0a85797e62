import Archives
import BuildEngine
import SystemPackage
import Testing

@Suite("Archives")
struct ArchiveTests {
  private let bench: Workbench
  private let archives: FilePath

  init() async throws {
    bench = try Workbench()
    archives = bench.folder.appending("archives")
    try FileSystem.createDirectories(archives)
    try await tool("python3", [fixtures.appending("archives.py").string, archives.string])
  }

  private func extract(_ archive: String, _ member: String) throws -> FilePath {
    let target = bench.folder.appending("out-\(UInt32.random(in: 0 ... .max))")
    try Archive(path: archives.appending(archive), name: archive).extract(
      member: member, to: target)
    return target
  }

  private func failure(_ archive: String, _ member: String) async -> String {
    await bench.failure { try extract(archive, member) }
  }

  private func refusal(_ archive: String, _ member: String) async -> String {
    let text = await failure(archive, member)
    let lines = text.split(separator: "\n").map(String.init)
    guard lines.count == 3, lines[0] == "error: refused to unpack \(archive)",
      lines[2]
        == "  fix: an honest archive has no such member; do not trust where this one came from"
    else { return text }
    return String(lines[1].dropFirst(7))
  }

  @Test(
    "a folder comes out of every kind of tar with plain modes, its links kept",
    arguments: ["honest.tar", "honest.tar.gz", "honest.tar.bz2", "honest.tar.xz"])
  func folder(_ archive: String) async throws {
    #expect(
      try listing(extract(archive, "top")) == [
        "A.TXT: other case\n", "a.txt: a\n", "hard: a\n", "link -> sub/größe.txt",
        "outside-hard: other\n", "sub/", "sub/größe.txt: größe\n", "tool x: #!/bin/sh\n", "up/",
        "up/back -> ../a.txt",
      ])
    let tool = try extract(archive, "top/tool")
    #expect(try #require(try FileIdentity.of(tool)).mode & 0o7777 == 0o755)
    let plain = try extract(archive, "./top/a.txt")
    #expect(try #require(try FileIdentity.of(plain)).mode & 0o7777 == 0o644)
  }

  @Test("zstd is read where the machine can make it")
  func zstandard() async throws {
    try await tool("zstd", ["-q", archives.appending("honest.tar").string])
    #expect(try text(extract("honest.tar.zst", "top/a.txt")) == "a\n")
  }

  @Test("files and folders come out of a zip, and out of its root")
  func zip() async throws {
    #expect(try text(extract("honest.zip", "dir/größe.txt")) == "größe\n")
    #expect(
      try listing(extract("honest.zip", "dir/")) == [
        "a.txt: a\n", "größe.txt: größe\n", "tool x: #!/bin/sh\n",
      ])
    #expect(try FileSystem.list(extract("honest.zip", ".")) == ["boot.bin", "dir"])
  }

  @Test("a member that is a link gives the file that it leads to")
  func links() async throws {
    #expect(try text(extract("honest.tar", "top/link")) == "größe\n")
    #expect(try text(extract("honest.tar", "top/hard")) == "a\n")
    #expect(
      await failure("circle.tar", "x") == """
        error: cannot extract 'x' from circle.tar
          why: its links lead in a circle
        """)
  }

  @Test("a member that is not there is an error of the recipe that names the nearest")
  func missing() async throws {
    #expect(
      await failure("honest.zip", "dir/b.txt") == """
        error: honest.zip has no member 'dir/b.txt'
          why: the nearest are 'dir/a.txt'
          fix: did you mean 'dir/a.txt'?
        """)
    #expect(
      await failure("honest.zip", "boot/boot.bin") == """
        error: honest.zip has no member 'boot/boot.bin'
          why: the nearest are 'boot.bin'
          fix: did you mean 'boot.bin'?
        """)
    #expect(
      await failure("honest.zip", "something/quite/different") == """
        error: honest.zip has no member 'something/quite/different'
          why: it has 'dir/a.txt', 'dir/größe.txt', 'dir/tool', 'boot.bin'
        """)
    #expect(
      await failure("empty.tar", "x") == """
        error: empty.tar has no member 'x'
          why: it is empty
        """)
  }

  @Test("hostile archives are refused, each with its reason, and write nothing outside")
  func hostile() async throws {
    #expect(
      await refusal("absolute.tar", ".") == "the path of its member '/etc/passwd' is absolute")
    #expect(
      await refusal("leaving.tar", ".")
        == "the path of its member 'a/../../x' leads out of it")
    #expect(
      await refusal("leaving.zip", "dir")
        == "the path of its member 'dir/../../x' leads out of it")
    #expect(
      await refusal("link-out.tar", "a") == "its link 'a/l' leads to '../../x', which is outside")
    #expect(
      await refusal("link-absolute.tar", ".")
        == "its link 'a/l' leads to '/etc/passwd', which is outside")
    #expect(
      await refusal("link-chain.tar", ".")
        == "its link 'a/m' leads to 'l/../../x', which is outside")
    #expect(await refusal("device.tar", "a") == "its member 'a/null' is a device")
    #expect(await refusal("pipe.tar", "a") == "its member 'a/pipe' is a pipe")
    #expect(await refusal("twice.tar", "a") == "it has two members of the name 'a/x'")
    #expect(
      await refusal("file-as-folder.tar", "a")
        == "its member 'a/x/y' lies below 'a/x', which is no folder")
    #expect(
      await refusal("through-link.tar", ".") == "it has two members of the name 'a'")
    #expect(
      await refusal("hard-out.tar", "a")
        == "a hard link in it leads to 'missing', which it does not have")
    #expect(
      await refusal("honest.tar", "../x") == "the path of its member '../x' leads out of it")
  }

  @Test("a hostile neighbour does not keep an honest member from being used")
  func neighbour() async throws {
    #expect(try text(extract("odd-neighbour.tar", "good.txt")) == "good\n")
  }

  @Test("what is cut, corrupt or no archive at all says so")
  func damaged() async throws {
    let advice =
      "zip, 7z and tar (plain, gz, bz2, xz, zst) archives can be read; compare its size and digest "
      + "with what its publisher gives"
    let cut = await failure("cut.tar.gz", "top")
    #expect(
      cut == """
        error: cannot open the archive cut.tar.gz
          why: truncated gzip input
          fix: \(advice)
        """)
    #expect(
      await failure("not-an-archive", "x") == """
        error: cannot open the archive not-an-archive
          why: Unrecognized archive format
          fix: \(advice)
        """)
    let corrupt = await failure("corrupt.zip", "dir")
    #expect(
      corrupt == """
        error: cannot read the archive corrupt.zip
          why: ZIP bad CRC: 0xedd856e should be 0xaeef2a50
          fix: \(advice)
        """)
  }

  @Test("the extract step takes one member, executable when it should be")
  func step() async throws {
    let output = try await bench.run(
      "extract", ["member": "dir/a.txt", "executable": "true", "name": "honest.zip"],
      inputs: ["archive": try bench.insert(file: archives.appending("honest.zip"))])
    #expect(try listing(output) == ["member x: a\n"])
  }
}
