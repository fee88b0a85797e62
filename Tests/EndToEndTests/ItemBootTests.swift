import Foundation
import Testing

/// `pxebuild boot --item` with real guests: Debian's kernel, a disc image, memtest86+.
@Suite(
  "Booting an item of the menu",
  .enabled("this machine makes no networks for tests, or has no QEMU, OVMF or iPXE of Debian's") {
    await NetworkLab.boots(with: [
      "/usr/lib/ipxe/undionly.kpxe", "/usr/lib/ipxe/qemu/pxe-e1000.rom",
    ])
  })
struct ItemBootTests {
  private static func recipe(_ output: String, targets: String = "", items: String) -> String {
    """
    site:
      server: 10.0.0.200
      output: \(output)
      network: { subnet: 10.0.0.0/24, range: [10.0.0.100, 10.0.0.199], interface: eth0 }
    targets:
      undionly.kpxe: { file: /usr/lib/ipxe/undionly.kpxe }
      ipxe.efi: { file: /usr/lib/ipxe/ipxe.efi }
    \(targets)
      install.ipxe:
        menu: Menu of the lab
        default: disk
        timeout: 60
        items:
          - separator: ---- first ----
          - { exit: Boot from the disk, name: disk }
    \(items)
          - { title: Tools, submenu: tools.ipxe, name: tools }
      tools.ipxe:
        menu: The tools
        items:
          - { title: For UEFI alone, chain: absent.ipxe, platform: efi }
          - { title: Nothing there, linux: nothing/linux, name: nothing }
          - { shell: Shell }
          - { back: Back }
      nothing: { file: nothing }
      absent.ipxe: { script: "#!ipxe\\n" }
    configs:
      dhcpd.conf: { dhcp: isc }
      ganesha.conf: { nfs: ganesha }

    """
  }

  func withBuiltSite(
    targets: String = "", items: String = "", _ prepare: (Site) async throws -> Void = { _ in },
    _ body: (Site) async throws -> Void
  ) async throws {
    try await withSite { site in
      try site.write("no kernel", to: "recipes/nothing/linux")
      try await prepare(site)
      try site.recipe(Self.recipe(site.output, targets: targets, items: items))
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      try await body(site)
    }
  }

  private func boot(_ site: Site, _ item: String, _ firmware: String, _ more: [String] = [])
    async throws -> Run
  {
    try await site.run(
      ["boot", "--firmware", firmware, "--via", "pxe", "--timeout", "300", "--item", item] + more)
  }

  @Test("Debian's kernel, chosen from the menu in UEFI, gets a file by HTTP and its root by NFS")
  func linux() async throws {
    guard let packages = await GuestPackages.folder.value else { return }
    let targets = "  live: { file: live }\n  large.bin: { file: large.bin }"
    let items = """
            - { title: A live system, casper: live, name: live, arguments: console=ttyS0 }
      """
    var large = Data(count: 16 << 20)
    for index in stride(from: 0, to: large.count, by: 4096) {
      large[index] = UInt8(truncatingIfNeeded: index >> 12)
    }
    try await withBuiltSite(targets: targets, items: items) { site in
      try site.write(large, to: "recipes/large.bin")
      try site.write("the root of a live system\n", to: "recipes/live/README")
      let kernel = try GuestPackages.file("vmlinuz-", in: "\(packages)/boot")
      try site.makeFolder("recipes/live/casper")
      try FileManager.default.copyItem(
        atPath: kernel, toPath: "\(site.recipes)/live/casper/vmlinuz")
      try await GuestInitrd.write(
        to: "\(site.recipes)/live/casper/initrd", from: packages, in: site.scratch)
    } _: { site in
      let run = try await boot(site, "live", "uefi-x64", ["--keep"])
      #expect(run.status == 0, "\(run.output)\(run.errors)")
      #expect(
        run.output.contains("           item live: it mounted SITE/out/live over NFS after "),
        "\(run.output)")
      let kept = try #require(run.output.firstMatch(of: #/kept: (\S+)/#)?.1)
      defer { removeTree(String(kept)) }
      let console = String(
        decoding: FileManager.default.contents(atPath: "\(kept)/console") ?? Data(), as: UTF8.self)
      let sum = try await mustRun(["sha256sum", "\(site.output)/large.bin"], in: site.folder)
      #expect(console.contains("CHECKSUM \(sum.prefix(64))"), "\(console.suffix(3000))")
    }
  }

  /// A disc that boots in both kinds of firmware, each with a loader that goes on reading.
  private func writeDisc(_ site: Site) async throws {
    let folder = "\(site.scratch)/disc"
    let files = FileManager.default
    try files.createDirectory(atPath: "\(folder)/isolinux", withIntermediateDirectories: true)
    for (from, to) in [
      ("/usr/lib/ISOLINUX/isolinux.bin", "isolinux.bin"),
      ("/usr/lib/syslinux/modules/bios/ldlinux.c32", "ldlinux.c32"),
    ] { try files.copyItem(atPath: from, toPath: "\(folder)/isolinux/\(to)") }
    let config = "say LOADER-STARTED\nprompt 1\ntimeout 0\n"
    try Data(config.utf8).write(to: URL(fileURLWithPath: "\(folder)/isolinux/isolinux.cfg"))
    let image = "\(folder)/efi.img"
    try Data(count: 2880 * 1024).write(to: URL(fileURLWithPath: image))
    for command in [
      ["mformat", "-i", image, "-f", "2880", "::"], ["mmd", "-i", image, "::EFI", "::EFI/BOOT"],
      ["mcopy", "-i", image, "/usr/lib/ipxe/ipxe.efi", "::EFI/BOOT/BOOTX64.EFI"],
      [
        "xorriso", "-as", "mkisofs", "-quiet", "-o", "\(site.recipes)/small.iso", "-b",
        "isolinux/isolinux.bin", "-c", "isolinux/boot.cat", "-no-emul-boot", "-boot-load-size",
        "4", "-boot-info-table", "-eltorito-alt-boot", "-e", "efi.img", "-no-emul-boot", folder,
      ],
    ] { try await mustRun(command, in: site.scratch) }
  }

  @Test(
    "a small disc image starts over the network, in BIOS and UEFI", arguments: ["bios", "uefi-x64"])
  func disc(firmware: String) async throws {
    try await withBuiltSite(
      targets: "  small.iso: { file: small.iso }",
      items: "      - { title: A small disc, sanboot: small.iso, name: disc, key: d }"
    ) { site in
      try await writeDisc(site)
    } _: { site in
      let run = try await boot(site, "disc", firmware, ["--json"])
      #expect(run.status == 0, "\(run.output)\(run.errors)")
      #expect(
        run.output.contains("\"item\":\"disc\",\"sign\":\"what small.iso holds has started: "),
        "\(run.output.prefix(3000))")
    }
  }

  @Test("memtest86+ of Debian's runs, chosen from the menu in BIOS")
  func memtest() async throws {
    guard let packages = await GuestPackages.folder.value else { return }
    try await withBuiltSite(
      targets: "  mt/memtest.bin: { file: memtest.bin }",
      items: "      - { title: Memory test, memtest: mt/memtest.bin, platform: pcbios }"
    ) { site in
      try FileManager.default.copyItem(
        atPath: "\(packages)/boot/memtest86+x64.bin", toPath: "\(site.recipes)/memtest.bin")
    } _: { site in
      let run = try await boot(site, "memtest", "bios")
      #expect(run.status == 0, "\(run.output)\(run.errors)")
      #expect(run.output.contains("           item memtest: Memtest86+ v"), "\(run.output)")
      let other = try await boot(site, "memtest", "uefi-x64")
      #expect(other.status == 1)
      #expect(
        other.output.hasPrefix(
          "  skipped  x64 UEFI by PXE       because the menu does not show it item memtest\n"),
        "\(other.output)")
    }
  }

  @Test("an item of a submenu that cannot start fails in iPXE's own words")
  func failing() async throws {
    try await withBuiltSite { site in
      try FileManager.default.removeItem(atPath: "\(site.output)/nothing/linux")
      let run = try await boot(site, "nothing", "bios")
      #expect(run.status == 1, "\(run.output)\(run.errors)")
      #expect(
        run.output.contains(
          "  failed   BIOS by PXE           item tools/nothing: Nothing there did not start: error 2d0c"
        ),
        "\(run.output)\(run.errors)")
      #expect(
        run.output.contains("; the HTTP server answered 404 for /nothing/linux\n"), "\(run.output)")
      #expect(
        run.output.contains(
          "           fix: see what its lines in the recipe name, and whether that is in the tree\n"
        ))
    }
  }

  @Test("an item that is not there, and a root that nobody serves, are said before anything starts")
  func refusals() async throws {
    try await withBuiltSite { site in
      let near = try await site.run("boot", "--item", "nothin")
      #expect(near.status == 65)
      #expect(
        near.errors == """
          error: there is no item "nothin" in a menu of the recipes
            fix: did you mean "nothing"?

          """)
      let far = try await site.run("boot", "--item", "memory-test")
      #expect(
        far.errors == """
          error: there is no item "memory-test" in a menu of the recipes
            fix: items: disk, tools, tools/chain, tools/nothing, tools/shell, tools/back

          """)
    }
    try await withSite { site in
      try site.write("x", to: "recipes/live/casper/vmlinuz")
      try site.write("x", to: "recipes/live/casper/initrd")
      try site.recipe(
        Self.recipe(
          site.output, targets: "  live: { file: live }",
          items: "      - { title: Live, casper: live }"
        ).replacingOccurrences(of: "  ganesha.conf: { nfs: ganesha }\n", with: "")
          .replacingOccurrences(of: "  nothing: { file: nothing }\n", with: "")
          .replacingOccurrences(
            of: "      - { title: Nothing there, linux: nothing/linux, name: nothing }\n", with: "")
      )
      let run = try await site.run("boot", "--item", "casper")
      #expect(run.status == 65)
      #expect(
        run.errors == """
          error: item casper mounts its root over NFS, and the lab has no NFS server
            why: it can run nfs-ganesha, and the recipes have no config for that
            fix: add ganesha.conf: { nfs: ganesha } to configs:, and build the site

          """, "\(run.errors)")
    }
  }
}
