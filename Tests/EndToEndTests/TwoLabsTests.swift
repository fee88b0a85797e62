import Foundation
import Testing

/// Labs of two sites on one machine.
@Suite(
  "Two labs at once",
  .enabled("this machine makes no networks for tests, or has no QEMU or iPXE of Debian's") {
    let files = [
      "/dev/net/tun", "/usr/bin/qemu-system-x86_64", "/usr/lib/ipxe/undionly.kpxe",
      "/usr/lib/ipxe/qemu/pxe-e1000.rom",
    ]
    guard Binary.isRoot, files.allSatisfy(FileManager.default.fileExists(atPath:)) else {
      return false
    }
    return await NetworkLab.isPossible.value
  })
struct TwoLabsTests {
  /// A site with the same addresses as every other one, and a program and a script that no other has.
  private func recipe(_ name: String) -> String {
    """
    site:
      server: 10.0.0.200
      network: { subnet: 10.0.0.0/24, range: [10.0.0.100, 10.0.0.199], interface: eth0 }
    targets:
      \(name).kpxe: { file: /usr/lib/ipxe/undionly.kpxe, boots: 0 }
      \(name).ipxe: { script: "#!ipxe\\nshell\\n" }
    configs:
      dhcpd.conf: { dhcp: isc, script: \(name).ipxe }

    """
  }

  @Test("two labs with the same addresses do not meet: each machine gets what is its own")
  func apart() async throws {
    try await withSite { one in
      try await withSite { two in
        let sites = [("one", one), ("two", two)]
        for (name, site) in sites {
          try site.recipe(recipe(name))
          let run = try await site.run("all")
          #expect(run.status == 0, "\(run.errors)")
        }
        let command = ["boot", "--firmware", "bios", "--via", "pxe", "--json", "--timeout", "300"]
        let boots = try sites.map { ($0.0, try $0.1.start(command)) }
        for (name, boot) in boots {
          let run = await boot.wait()
          #expect(run.status == 0, "\(run.output)\(run.errors)")
          #expect(
            run.output.contains("\"outcome\":\"passed\",\"file\":\"\(name).kpxe\""), "\(run.output)"
          )
          #expect(run.output.contains("\"request\":\"\(name).ipxe\""), "\(run.output)")
        }
      }
    }
  }
}
