import Foundation
import Testing

/// A Windows PE that was made here, booted by real firmware: what Windows would bring is a stand-in.
@Suite("Booting Windows PE")
struct WimbootTests {
  /// A medium whose image has stand-ins for Windows' boot programs.
  private func makeMedium(_ site: Site, _ standIns: StandIns) async throws {
    let media = WindowsMedia(site: site)
    try media.makeTree("pe", setup: false, count: 200)
    try site.write(standIns.efi, to: "pe/Windows/Boot/EFI/bootmgfw.efi")
    try site.write(standIns.bios, to: "pe/Windows/Boot/PXE/bootmgr.exe")
    try await media.wimlib("capture", "pe", "boot.wim", "Windows PE", "--compress=LZX")
    try media.makeMedium("medium")
    try site.write(StandIns.bootSector, to: "medium/boot/etfsboot.com")
    try site.write(standIns.efi, to: "medium/efi/boot/bootx64.efi")
    try site.write("BCD for UEFI", to: "medium/efi/microsoft/boot/bcd")
    try site.write("bootmgr.efi", to: "medium/bootmgr.efi")
    let image = "\(site.folder)/medium/efi/microsoft/boot/efisys.bin"
    let program = "\(site.folder)/medium/efi/boot/bootx64.efi"
    for command in [
      ["mformat", "-C", "-i", image, "-f", "1440", "::"],
      ["mmd", "-i", image, "::/EFI", "::/EFI/BOOT"],
      ["mcopy", "-i", image, program, "::/EFI/BOOT/BOOTX64.EFI"],
    ] { try await mustRun(command, in: site.folder) }
  }

  /// Starts a machine, waits for a line of it, and switches it off.
  private func see(
    _ line: String, on machine: VirtualMachine?
  ) async throws {
    guard let machine else {
      #expect(
        ProcessInfo.processInfo.environment["CI"] == nil, "CI has what Debian's packages bring")
      return
    }
    do { try await machine.wait(for: line) } catch {
      await machine.stop()
      throw error
    }
    await machine.stop()
  }

  @Test("iPXE, wimboot compiled from its source, and the image's own boot program: BIOS and UEFI")
  func network() async throws {
    try await withSite { site in
      guard let standIns = try await StandIns(in: site) else { return }
      try await makeMedium(site, standIns)
      let server = try FileServer()
      defer { server.stop() }
      let address = "http://10.0.2.2:\(server.port)"
      try site.recipe(
        """
        site: { server: 10.0.2.2, http: "\(address)" }
        sources:
          wimboot: { git: "https://github.com/ipxe/wimboot.git", tag: v2.9.0 }
        targets:
          wimboot: { wimboot: x86_64, source: wimboot, optional: true }
          winpe: { winpe: ../medium, startnet: wpeinit }
          install.ipxe:
            menu: MENU-UNDER-TEST
            default: windows
            timeout: 1
            items:
              - { wimboot: winpe, title: Windows PE, name: windows, arguments: rawwim }
              - { shell: Shell }
        """)
      // The user's git configuration may know a mirror.
      let home = ProcessInfo.processInfo.environment["HOME"] ?? "/root"
      let run = try await site.run("all", environment: ["HOME": home])
      #expect(run.status == 0, "\(run.errors)")
      guard site.exists("out/wimboot") else {
        print("SKIPPED: https://github.com/ipxe/wimboot.git cannot be reached")
        return
      }
      for name in site.served {
        server.put("/\(name)", try #require(site.bytes("out/\(name)")))
      }
      let script = "\(address)/install.ipxe"
      let image = try #require(site.bytes("out/winpe/sources/boot.wim"))
      let sum = StandIns.sum(of: image)
      async let bios: Void = see(sum, on: VirtualMachine(site, script: script))
      async let uefi: Void = see(sum, on: VirtualMachine(site, script: script, firmware: .uefi))
      _ = try await (bios, uefi)
      #expect(server.requests.filter { $0 == "GET /winpe/sources/boot.wim" }.count == 2)
    }
  }

  @Test("winpe.iso starts the boot sector in BIOS and the boot program in UEFI")
  func disc() async throws {
    try await withSite { site in
      guard let standIns = try await StandIns(in: site) else { return }
      try await makeMedium(site, standIns)
      try site.recipe("targets:\n  winpe: { winpe: ../medium, iso: true }\n")
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      let disc = "\(site.output)/winpe/winpe.iso"
      async let bios: Void = see("BOOT SECTOR RUNS", on: VirtualMachine(site, disc: disc))
      async let uefi: Void = see(
        "STAND-IN DONE", on: VirtualMachine(site, disc: disc, firmware: .uefi))
      _ = try await (bios, uefi)
      // Both the names of ISO 9660, which Windows' boot sector reads, and those of Joliet.
      let listing = try await mustRun(["7z", "l", "-slt", disc], in: site.folder)
      for path in [
        "sources/boot.wim", "boot/bcd", "boot/boot.sdi", "bootmgr", "efi/boot/bootx64.efi",
      ] {
        #expect(listing.contains("Path = \(path)\n"), "\(path): \(listing)")
      }
      // Old media have nothing for UEFI.
      try FileManager.default.removeItem(
        atPath: "\(site.folder)/medium/efi/microsoft/boot/efisys.bin")
      let old = try await site.run("all")
      #expect(old.status == 0, "\(old.errors)")
      #expect(
        old.errors.contains(
          "winpe: winpe.iso boots in BIOS only: the media have no efisys.bin\n"), "\(old.errors)")
    }
  }
}
