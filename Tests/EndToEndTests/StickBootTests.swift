import Foundation
import Testing

/// Sticks and discs of the rule `image` in real firmware, with Debian's programs on them.
@Suite(
  "Booting a stick", .serialized,
  .enabled("this machine makes no networks for tests, or has no QEMU, OVMF or iPXE of Debian's") {
    await NetworkLab.boots(with: ["/usr/lib/ipxe/ipxe.lkrn"])
  })
struct StickBootTests {
  private static let recipe = """
    site:
      server: 10.0.0.200
      network: { subnet: 10.0.0.0/24, range: [10.0.0.100, 10.0.0.199], interface: eth0 }
    targets:
      chain.ipxe: { script: "#!ipxe\\ndhcp\\nchain {{site.http}}/stick.ipxe\\n" }
      ipxe.lkrn: { file: /usr/lib/ipxe/ipxe.lkrn }
      ipxe.efi: { file: /usr/lib/ipxe/ipxe.efi }
      stick.ipxe: { script: "#!ipxe\\necho STARTED\\nshell\\n" }
      install.ipxe: { script: "#!ipxe\\necho STARTED\\nshell\\n" }
      mbr.img: { image: { bios: ipxe.lkrn, x64: ipxe.efi }, autoexec: chain.ipxe }
      gpt.img: { image: { bios: ipxe.lkrn }, autoexec: chain.ipxe, table: gpt }
      disc.iso: { image: { bios: ipxe.lkrn, x64: ipxe.efi }, autoexec: chain.ipxe }
    configs:
      dhcpd.conf: { dhcp: isc }

    """

  @Test(
    "one image boots a BIOS, by the script on it, and UEFI, from a stick and from a disc; a GPT boots a BIOS, too"
  )
  func images() async throws {
    try await withSite { site in
      try site.recipe(Self.recipe)
      #expect(try await site.run("all").status == 0)
      let run = try await site.run(
        "boot", "mbr.img", "gpt.img", "disc.iso", "--timeout", "300")
      #expect(run.status == 0, "\(run.output)\(run.errors)")
      // Debian's program for UEFI does what DHCP says; it is too old for the script beside it.
      for (firmware, script, count) in [
        ("BIOS by USB", "stick.ipxe", 2), ("x64 UEFI by USB", "install.ipxe", 1),
        ("BIOS by ISO", "stick.ipxe", 1), ("x64 UEFI by ISO", "install.ipxe", 1),
      ] {
        let passed = run.output.split(separator: "\n").filter {
          $0.hasPrefix("  passed   \(firmware) ") && $0.contains(" got \(script) after ")
        }
        #expect(passed.count == count, "\(firmware): \(run.output)")
      }
    }
  }
}
