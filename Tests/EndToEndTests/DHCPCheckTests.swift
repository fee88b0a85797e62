import Foundation
import Testing

/// `pxebuild dhcp-check` with real servers, right files and wrong ones. What docs/troubleshooting.md shows is what they
/// give.
@Suite(
  "Asking DHCP servers",
  .enabled("this machine makes no networks for tests (it takes root, namespaces and /dev/net/tun)")
  {
    guard FileManager.default.fileExists(atPath: "/dev/net/tun") else { return false }
    return await NetworkLab.isPossible.value
  })
struct DHCPCheckTests {
  private static let recipe = """
    site:
      server: 10.0.0.200
      network:
        subnet: 10.0.0.0/24
        range: [10.0.0.100, 10.0.0.199]
        router: 10.0.0.1
        dns: [8.8.8.8, 1.1.1.1]
        interface: eth0
    targets:
      install.ipxe: { script: "#!ipxe\\nshell\\n" }
      undionly.kpxe: { script: BIOS }
      ipxe.efi: { script: x64 }
      ipxe32.efi: { script: IA32 }
    configs:
      dhcpd.conf: { dhcp: isc }
      kea.conf: { dhcp: kea }
      dnsmasq.conf: { dhcp: dnsmasq }
      proxy.conf: { dhcp: dnsmasq, mode: proxy }

    """

  func withBuiltSite(_ body: (Site) async throws -> Void) async throws {
    try await withSite { site in
      try site.recipe(Self.recipe)
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      try await body(site)
    }
  }

  /// Changes a config as somebody might, and asks it.
  func ask(
    _ kind: String, _ site: Site, changing changes: [(String, String)] = []
  ) async throws -> Run {
    let file = ["isc": "dhcpd", "kea": "kea", "dnsmasq": "dnsmasq", "proxy": "proxy"][kind] ?? kind
    for (old, new) in changes {
      let text = try #require(site.read("out-conf/\(file).conf"))
      #expect(text.contains(old), "\(old)\n\(text)")
      try site.write(text.replacingOccurrences(of: old, with: new), to: "out-conf/\(file).conf")
    }
    return try await site.run("dhcp-check", "--dhcp", kind)
  }

  /// Whether a run has printed every line that the page shows below a heading.
  private func expect(_ run: Run, shows heading: String, block index: Int = 0) throws {
    let time = #/; [0-9.msTIME ]+$/#
    let printed = Set(
      run.output.components(separatedBy: "\n").map { $0.replacing(time, with: "") })
    let block = try #require(try TroubleshootingPage.blocks(heading).dropFirst(index).first)
    for line in block {
      #expect(
        printed.contains(line.replacing(time, with: "")), "\(line)\n\(run.output)\(run.errors)")
    }
  }

  @Test("the site's own files are right, whichever server reads them")
  func right() async throws {
    try await withBuiltSite { site in
      let run = try await site.run("dhcp-check")
      #expect(run.status == 0, "\(run.output)\(run.errors)")
      try expect(run, shows: "If it does not work")
      let lines = run.output.split(separator: "\n").map(String.init)
      let ends = lines.filter { $0.hasPrefix("done: 12 right, 4 without an offer, from ") }
      #expect(
        ends.map { $0.split(separator: " ").dropLast().last } == [
          "dhcpd.conf;", "kea.conf;", "dnsmasq.conf;", "proxy.conf;",
        ], "\(run.output)")
      #expect(
        lines.contains(
          "  right    BIOS (0)                      undionly.kpxe from 10.0.0.200 by way of the boot "
            + "server 10.0.0.200, in the tree"))
    }
  }

  @Test("the wiki page's own file: another folder, and the BIOS program for everybody else")
  func page() async throws {
    try await withBuiltSite { site in
      try site.write(Self.page, to: "out-conf/dhcpd.conf")
      let run = try await ask("isc", site)
      #expect(run.status == 1, "\(run.output)\(run.errors)")
      try expect(run, shows: "PXE-E23, or PXE-T01 and PXE-E3B: the file is not there")
      try expect(run, shows: "The machine reads a file and goes on to its disk, or stands still")
      try expect(run, shows: "UEFI HTTP boot is passed over")
      #expect(run.output.contains("\ndone: 7 right, 9 wrong"), "\(run.output)")
    }
  }

  /// The part of it that matters here, as the page has it.
  private static let page = """
    default-lease-time 7200;
    allow unknown-clients;
    option arch code 93 = unsigned integer 16;
    subnet 10.0.0.0 netmask 255.255.255.0 {
      range 10.0.0.100 10.0.0.199;
      ping-check = 1;
      next-server 10.0.0.200;
      if option arch = 00:07 or option arch = 00:09 {
        if exists user-class and option user-class = "iPXE" {
          filename "http://10.0.0.200/install.ipxe";
        } else {
          filename "ipxe/ipxe.efi";
        }
      } else if option arch = 00:06 {
        if exists user-class and option user-class = "iPXE" {
          filename "http://10.0.0.200/install.ipxe";
        } else {
          filename "ipxe/ipxe32.efi";
        }
      } else {
        if exists user-class and option user-class = "iPXE" {
          filename "http://10.0.0.200/install.ipxe";
        } else {
          filename "undionly.kpxe";
        }
      }
    }

    """

  @Test("dhcpd: a server that is another one, and a boot server that is none")
  func servers() async throws {
    try await withBuiltSite { site in
      let run = try await ask(
        "isc", site,
        changing: [
          ("filename \"undionly.kpxe\";", "option vendor-class-identifier \"PXEClient\";"),
          (
            "next-server 10.0.0.200;\n    filename \"ipxe.efi\"",
            "next-server 10.0.0.201;\n    filename \"ipxe.efi\""
          ),
        ])
      #expect(run.status == 1, "\(run.output)\(run.errors)")
      try expect(run, shows: "PXE-E55: a boot server that does not answer")
      try expect(run, shows: "The file is asked for at another machine")
    }
  }

  @Test("Kea: no rule for an architecture, and a menu that is not there")
  func missing() async throws {
    try await withBuiltSite { site in
      try FileManager.default.removeItem(atPath: "\(site.output)/install.ipxe")
      let run = try await ask("kea", site, changing: [("0x0007", "0x0047")])
      #expect(run.status == 1, "\(run.output)\(run.errors)")
      try expect(run, shows: "PXE-E53, or PXE-E16: an address, and nothing to boot")
      try expect(run, shows: "iPXE says that there is no such file")
    }
  }

  @Test("dnsmasq: a user class that it does not know, and no option 60 for HTTP boot")
  func forgotten() async throws {
    try await withBuiltSite { site in
      let run = try await ask(
        "dnsmasq", site,
        changing: [
          ("dhcp-userclass=set:ipxe,iPXE", "dhcp-userclass=set:ipxe,gPXE"),
          ("dhcp-option-force=", "# dhcp-option-force="),
        ])
      #expect(run.status == 1, "\(run.output)\(run.errors)")
      try expect(run, shows: "iPXE starts, and starts, and starts")
      try expect(run, shows: "UEFI HTTP boot is passed over", block: 1)
    }
  }

  @Test("a proxy that names no server")
  func proxy() async throws {
    try await withBuiltSite { site in
      let run = try await ask(
        "proxy", site, changing: [("install.ipxe,,10.0.0.200", "install.ipxe")])
      #expect(run.status == 1, "\(run.output)\(run.errors)")
      try expect(run, shows: "iPXE says \"Nothing to boot\"")
    }
  }

  @Test("a server that answers nobody")
  func silence() async throws {
    try await withBuiltSite { site in
      let run = try await ask(
        "isc", site, changing: [("ping-check true;", "deny unknown-clients;")])
      #expect(run.status == 1, "\(run.output)\(run.errors)")
      try expect(run, shows: "PXE-E51: nobody answers")
      #expect(run.output.split(separator: "\n").count == 3)
    }
  }
}
