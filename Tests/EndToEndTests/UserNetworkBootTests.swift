import Foundation
import Testing

/// `pxebuild boot` of somebody who is not root, with Debian's programs and real firmware.
@Suite(
  "Booting a site without root", .serialized,
  .enabled("this machine has no QEMU, OVMF or iPXE of Debian's") {
    [
      "/usr/bin/qemu-system-x86_64", "/usr/share/OVMF/OVMF_CODE_4M.fd",
      "/usr/lib/ipxe/undionly.kpxe", "/usr/lib/ipxe/ipxe.lkrn",
    ].allSatisfy(FileManager.default.fileExists(atPath:))
  })
struct UserNetworkBootTests {
  private static let recipe = """
    site:
      server: 10.0.0.200
      network: { subnet: 10.0.0.0/24, range: [10.0.0.100, 10.0.0.199], interface: eth0 }
    targets:
      undionly.kpxe: { file: /usr/lib/ipxe/undionly.kpxe }
      ipxe.efi: { file: /usr/lib/ipxe/ipxe.efi }
      ipxe.lkrn: { file: /usr/lib/ipxe/ipxe.lkrn }
      stick.img: { image: { bios: ipxe.lkrn }, autoexec: chain.ipxe }
      chain.ipxe: { script: "#!ipxe\\ndhcp\\nchain {{site.http}}/stick.ipxe\\n" }
      stick.ipxe: { script: "#!ipxe\\nshell\\n" }
      install.ipxe: { script: "#!ipxe\\nshell\\n" }
    configs:
      dhcpd.conf: { dhcp: isc }
      proxy.conf: { dhcp: dnsmasq, mode: proxy }

    """

  /// An ordinary user.
  private static let user = Binary.isRoot ? Site.nobody : []

  /// Builds the site and runs `body`; afterwards nothing of a boot is left.
  private func withBuiltSite(_ body: (Site, Leftovers) async throws -> Void) async throws {
    try await withSite { site in
      try site.recipe(Self.recipe)
      #expect(try await site.run("all").status == 0)
      let leftovers = Leftovers(of: site)
      let before = leftovers.now
      try await body(site, leftovers)
      try await eventually("the boots have ended") { leftovers.now == before }
    }
  }

  @Test("machines boot by PXE and from a stick, and it is said what that leaves untested")
  func boots() async throws {
    try await withBuiltSite { site, _ in
      try site.makeFolder("reports")
      chmod("\(site.folder)/reports", 0o777)
      let run = try await site.run(
        [
          "boot", "--timeout", "300", "--junit", "reports/boot.xml", "--report", "reports/page",
        ], prefix: Self.user)
      #expect(run.status == 0, "\(run.output)\(run.errors)")
      for (name, seen) in [
        ("BIOS by PXE", "undionly.kpxe read ("), ("x64 UEFI by PXE", "ipxe.efi read ("),
      ] {
        #expect(
          run.output.split(separator: "\n").contains {
            $0.contains("passed   \(name) ") && $0.contains(seen)
              && $0.contains(" got install.ipxe after ")
          }, "\(name): \(run.output)")
      }
      #expect(
        run.output.contains(#/passed   BIOS by USB +iPXE [^\n]+ got stick\.ipxe after /#),
        "\(run.output)")
      #expect(
        run.output.contains(
          "x64 UEFI by HTTP      because it takes root: QEMU's user network has no offer for UEFI "
            + "HTTP boot\n"), "\(run.output)")
      let gaps = """
        not tested without root (sudo pxebuild boot does):
          configs         no server read dhcpd.conf, proxy.conf
          DHCP            QEMU answered, with what the recipes offer each machine; no other server, no proxy
          TFTP            QEMU sent the files of the tree
          HTTP            nginx was at a socket to which QEMU passed http://10.0.0.200, not at its address
          UEFI HTTP boot  QEMU has no offer for it
          NFS             there was no server

        """
      #expect(run.output.contains(gaps), "\(run.output)")
      #expect(
        run.output.contains("done: 3 passed, 3 skipped, on QEMU's user network; "),
        "\(run.output)")
      #expect(site.read("reports/boot.xml")?.contains("name=\"not tested: DHCP\"") == true)
      #expect(site.read("reports/page/index.html")?.contains("Not tested without root") == true)
    }
  }

  @Test("a menu that is missing is told of as with root, and a lab that fails beside")
  func fails() async throws {
    try await withBuiltSite { site, _ in
      try FileManager.default.removeItem(atPath: "\(site.output)/install.ipxe")
      try FileManager.default.removeItem(atPath: "\(site.output)/ipxe.efi")
      try site.makeFolder("out/ipxe.efi")
      try site.makeFolder("reports")
      chmod("\(site.folder)/reports", 0o777)
      let run = try await site.run(
        [
          "boot", "undionly.kpxe", "ipxe.efi", "--via", "pxe", "--json", "--timeout", "300",
          "--junit", "reports/boot.xml",
        ], prefix: Self.user)
      #expect(run.status == 1, "\(run.output)\(run.errors)")
      #expect(
        run.output.contains(
          "\"network\":\"user\",\"target\":\"undionly.kpxe\",\"outcome\":\"failed\","
            + "\"cause\":\"not-in-tree\",\"message\":\"undionly.kpxe started and asked for "
            + "install.ipxe, which the tree does not have\""), "\(run.output)")
      #expect(
        run.output.contains(
          "\"target\":\"ipxe.efi\",\"outcome\":\"failed\",\"cause\":\"lab\",\"message\":"
            + "\"cannot read SITE/out/ipxe.efi: Is a directory\""), "\(run.output)")
      #expect(run.output.contains("\"passed\":0,\"failed\":2,\"skipped\":0,"), "\(run.output)")
      #expect(site.read("reports/boot.xml")?.contains("type=\"lab\"") == true)
      #expect(run.output.contains("\"untested\":[{\"what\":\"configs\""), "\(run.output)")
    }
  }

  @Test("a machine that takes too long gets a second try, and that is said when it passes")
  func secondTry() async throws {
    try await withBuiltSite { site, _ in
      let stick = "\(site.output)/stick.img"
      try FileManager.default.moveItem(atPath: stick, toPath: "\(site.folder)/good.img")
      // A boot sector that does nothing for ever: cli; wait: hlt; jmp wait.
      let sector = [0xfa, 0xf4, 0xeb, 0xfd] + [UInt8](repeating: 0, count: 506) + [0x55, 0xaa]
      try site.write(Data(sector + [UInt8](repeating: 0, count: 1 << 20)), to: "out/stick.img")
      let running = try site.start(["boot", "stick.img", "--timeout", "40"], prefix: Self.user)
      try await eventually("a machine has the stick") { isOpen(stick) }
      #expect(rename("\(site.folder)/good.img", stick) == 0)
      let run = await running.wait()
      #expect(run.status == 0, "\(run.output)\(run.errors)")
      #expect(
        run.output.contains(
          #/passed   BIOS by USB +iPXE [^\n]+ got stick\.ipxe after [^\n]+\n +a second try; in the first, /#
        )
          && run.output.contains(
            "in the first, the machine did not start from stick.img, or its script uses no network, "
              + "within 40 seconds\n"),
        "\(run.output)")
      #expect(run.output.contains("done: 1 passed, on QEMU's user network; "), "\(run.output)")
    }
  }

  /// Whether a process has a file open.
  private func isOpen(_ path: String) -> Bool {
    func list(_ folder: String) -> [String] {
      (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }
    return list("/proc").filter { $0.allSatisfy(\.isNumber) }.contains { id in
      list("/proc/\(id)/fd").contains { file in
        let link = "/proc/\(id)/fd/\(file)"
        return (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) == path
      }
    }
  }

  @Test("Ctrl-C and kill -9 leave nothing behind", arguments: [SIGINT, SIGKILL])
  func ended(signal: Int32) async throws {
    try await withBuiltSite { site, leftovers in
      let running = try site.start(
        ["boot", "--firmware", "bios", "--via", "pxe", "--timeout", "300"], prefix: Self.user)
      try await eventually("a machine runs") {
        leftovers.now.processes.contains { $0.contains("qemu-system") }
      }
      running.send(signal)
      let run = await running.wait()
      #expect(signal == SIGKILL ? run.signal == SIGKILL : run.status == 130, "\(run.errors)")
    }
  }
}
