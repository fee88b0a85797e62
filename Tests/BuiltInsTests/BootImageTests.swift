import BuildEngine
import SystemPackage
import Testing

@testable import BuiltIns

/// Images that several kinds of firmware boot, as the tools for disks and file systems see them.
@Suite("Bootable images")
struct BootImageTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  /// A program of so many bytes that firmware of a kind would start.
  private func program(_ kind: String, bytes: Int = 70_000) throws -> StoredArtifact {
    var program = [UInt8](repeating: 0x90, count: bytes)
    if kind == "bios" {
      program.replaceSubrange(0x1fe..<0x200, with: [0x55, 0xaa])
      program.replaceSubrange(0x202..<0x206, with: Array("HdrS".utf8))
    } else {
      let machines: [String: [UInt8]] = [
        "x64": [0x64, 0x86], "ia32": [0x4c, 0x01], "arm64": [0x64, 0xaa],
      ]
      program.replaceSubrange(0..<2, with: Array("MZ".utf8))
      program.replaceSubrange(0x3c..<0x40, with: [0x80, 0, 0, 0])
      program.replaceSubrange(0x80..<0x86, with: Array("PE\0\0".utf8) + (machines[kind] ?? [0, 0]))
    }
    return try bench.insert(program)
  }

  private func folder(_ entries: [String: StoredArtifact]) throws -> StoredArtifact {
    var folder = StoredDirectory()
    for (name, artifact) in entries { folder.entries[name] = artifact }
    return try bench.store.insert(folder)
  }

  private func image(
    _ kinds: [String], script: Bool = true, files: [String: StoredArtifact] = [:],
    _ more: [String: String] = [:]
  ) async throws -> FilePath {
    var inputs = files.reduce(into: [:]) { $0["files/\($1.key)"] = $1.value }
    for kind in kinds { inputs[kind] = try program(kind) }
    if script { inputs["autoexec"] = try bench.insert(Array("#!ipxe\ndhcp\n".utf8)) }
    let parameters = [
      "format": "stick", "table": "mbr", "label": "PXEBUILD", "name": "stick.img", "bios": "a.lkrn",
      "x64": "a.efi",
    ]
    return try await bench.run(
      "boot-image", parameters.merging(more) { $1 }, inputs: inputs
    ).appending("image")
  }

  private func check(_ image: FilePath) async throws {
    let size = try #require(try FileIdentity.of(image)).size >> 20
    let partition = bench.folder.appending("partition-\(UInt32.random(in: 0 ... .max))")
    try await tool(
      "dd",
      [
        "if=\(image)", "of=\(partition)", "bs=1M", "skip=1", "count=\(size - 2)", "conv=sparse",
        "status=none",
      ])
    try await tool("fsck.fat", ["-n", partition.string])
    #expect(
      try await tool("sfdisk", ["--verify", image.string]).contains("No errors detected."))
    #expect(try await tool("sgdisk", ["--verify", image.string]).contains("No problems found."))
  }

  private func read(_ image: FilePath, _ path: String) async throws -> String {
    try await tool("mtype", ["-i", "\(image)@@1M", "::\(path)"])
  }

  @Test(
    "file systems and partition tables are sound, small and large, and come out the same again",
    arguments: [("mbr", ""), ("gpt", ""), ("gpt", "40"), ("mbr", "128"), ("mbr", "560")])
  func sound(table: String, size: String) async throws {
    let deeper = try folder(["b.txt": try bench.insert([1]), "A.txt": try bench.insert([2, 3])])
    func make() async throws -> FilePath {
      try await image(
        ["bios", "x64", "ia32", "arm64"],
        files: ["menu.ipxe": bench.insert([4]), "deep/er": deeper],
        ["table": table, "size": size])
    }
    let stick = try await make()
    let identity = try #require(try FileIdentity.of(stick))
    #expect(identity.size == Int64(size.isEmpty ? 10 : Int(size) ?? 0) << 20)
    try await check(stick)
    let names = try await tool("mdir", ["-i", "\(stick)@@1M", "-/", "-a", "-b", "::"])
    for name in [
      "::/EFI/BOOT/BOOTX64.EFI", "::/EFI/BOOT/BOOTIA32.EFI", "::/EFI/BOOT/BOOTAA64.EFI",
      "::/EFI/BOOT/autoexec.ipxe", "::/autoexec.ipxe", "::/ipxe.lkrn", "::/syslinux.cfg",
      "::/menu.ipxe", "::/deep/er/A.txt", "::/deep/er/b.txt", "::/ldlinux.sys",
    ] { #expect(names.contains("\(name)\n"), "\(name) in \(names)") }
    #expect(
      try await read(stick, "syslinux.cfg")
        == "DEFAULT ipxe\nLABEL ipxe\n  KERNEL ipxe.lkrn\n  INITRD autoexec.ipxe\n")
    #expect(try await read(stick, "deep/er/A.txt") == "\u{2}\u{3}")
    // FAT stamps count in steps of two seconds.
    try await Task.sleep(for: .milliseconds(2100))
    #expect(try ContentStore.digest(ofFile: try await make()) == ContentStore.digest(ofFile: stick))
  }

  @Test("what is on it decides its serial numbers, and each firmware gets what it needs only")
  func kinds() async throws {
    let efi = try await image(["x64"], script: false)
    try await check(efi)
    #expect(try FileSystem.read(efi)?[446..<451].map { Int($0) }.last == 0xef)
    let names = try await tool("mdir", ["-i", "\(efi)@@1M", "-/", "-b", "::"])
    #expect(
      names.split(separator: "\n").filter { !$0.hasSuffix("/") } == ["::/EFI/BOOT/BOOTX64.EFI"])
    let other = try await image(["x64"], script: false, ["label": "OTHER"])
    #expect(try FileSystem.read(efi)?[440..<444] != FileSystem.read(other)?[440..<444])
    let bios = try await image(["bios"], script: false)
    try await check(bios)
    #expect(
      try await read(bios, "syslinux.cfg") == "DEFAULT ipxe\nLABEL ipxe\n  KERNEL ipxe.lkrn\n")
  }

  @Test("a disc boots by ISOLINUX and by UEFI, and is the same again", arguments: [true, false])
  func disc(hasBIOS: Bool) async throws {
    let kinds = (hasBIOS ? ["bios"] : []) + ["x64"]
    let files = ["menu.ipxe": try bench.insert([4])]
    let disc = try await image(kinds, files: files, ["format": "disc", "label": "NET BOOT"])
    let report = try await tool(
      "xorriso", ["-indev", disc.string, "-report_el_torito", "plain", "-pvd_info"])
    #expect(report.contains("  BIOS  y   none") == hasBIOS, "\(report)")
    #expect(report.contains("  UEFI  y   none"), "\(report)")
    #expect(report.contains("Volume Id    : NET BOOT"), "\(report)")
    #expect(
      try await tool("sfdisk", ["--verify", disc.string]).contains("No errors detected."))
    try await Task.sleep(for: .milliseconds(1100))
    let again = try await image(kinds, files: files, ["format": "disc", "label": "NET BOOT"])
    #expect(try ContentStore.digest(ofFile: again) == ContentStore.digest(ofFile: disc))
  }

  @Test("what no firmware could start, and what FAT cannot hold, is refused")
  func refused() async throws {
    let one = try bench.insert([1])
    let twins = try folder(["Read.me": one, "README": one, "read.ME": one])
    let odd = try folder(["a:b": one])
    let link = try folder(["l": .symlink(target: "x")])
    let cases: [(String, () async throws -> FilePath)] = [
      (
        """
        error: stick.img does not fit in 10 MiB
          why: its files need 22 MiB
          fix: write size: 22M or more, or leave size: out
        """,
        {
          try await image(
            ["x64"], files: ["big": bench.insert([UInt8](repeating: 1, count: 19 << 20))],
            ["size": "10"])
        }
      ),
      (
        """
        error: stick.img cannot hold d/Read.me and d/read.ME
          why: FAT does not tell capitals from small letters
          fix: rename one of them
        """, { try await image(["x64"], files: ["d": twins]) }
      ),
      (
        """
        error: stick.img cannot hold d/a:b
          why: its name has ":" in it
          fix: rename the file
        """, { try await image(["x64"], files: ["d": odd]) }
      ),
      (
        """
        error: stick.img cannot hold d/l
          why: it is a link, which FAT does not have
          fix: name the file that it leads to
        """, { try await image(["x64"], files: ["d": link]) }
      ),
    ]
    for (expected, make) in cases { #expect(await bench.failure(make) == expected) }
    func wrong(_ kind: String, _ artifact: StoredArtifact) async -> String {
      await bench.failure {
        try await bench.run(
          "boot-image", ["format": "stick", "table": "mbr", "label": "X", kind: "a.bin"],
          inputs: [kind: artifact])
      }
    }
    #expect(
      await wrong("bios", try program("x64")) == """
        error: a BIOS cannot start a.bin from a stick
          why: SYSLINUX starts what has the header of a Linux kernel
          fix: name a program made by ipxe: bin/ipxe.lkrn
        """)
    #expect(
      await wrong("x64", try program("ia32")) == """
        error: UEFI for x64 cannot start a.bin
          why: it is a program for ia32
          fix: name it with ia32:
        """)
    #expect(
      await wrong("x64", one) == """
        error: UEFI for x64 cannot start a.bin
          why: it is no program for UEFI
        """)
  }
}
