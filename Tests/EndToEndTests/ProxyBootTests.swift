import Foundation
import Testing

/// A BIOS machine in QEMU that boots beside somebody else's DHCP server.
@Suite(
  "Booting through a proxy",
  .enabled("this machine makes no networks for tests (it takes root, namespaces and /dev/net/tun)")
  {
    guard FileManager.default.fileExists(atPath: "/dev/net/tun") else { return false }
    return await NetworkLab.isPossible.value
  })
struct ProxyBootTests {
  private static let recipe = """
    site:
      server: 10.0.0.200
      network: { subnet: 10.0.0.0/24, interface: eth0 }
    targets:
      install.ipxe: { script: "#!ipxe\\nimgfetch {{site.http}}/booted-${platform}\\n" }
      undionly.kpxe: { script: "no program\\n" }
    configs:
      proxy.conf: { dhcp: dnsmasq, mode: proxy, serve-tftp: true }

    """

  /// A machine whose network card boots; its card has iPXE's own PXE stack in its ROM.
  private static let machine = [
    "qemu-system-x86_64", "-machine", "pc,graphics=off", "-m", "128", "-nodefaults", "-vga", "none",
    "-display", "none", "-boot", "n", "-netdev", "tap,id=net,ifname=tap0,script=no,downscript=no",
    "-device", "e1000,netdev=net",
  ]

  @Test(
    "A PXE stack gets its program through the proxy's boot menu, and iPXE its script at once",
    arguments: [true, false])
  func boot(isIPXE: Bool) async throws {
    try await withSite { site in
      try site.recipe(Self.recipe)
      #expect(try await site.run("all").status == 0)
      if !isIPXE {
        // The ROM is an iPXE; without the line that knows it by its user class it is a PXE stack like others.
        let text = try #require(site.read("out-conf/proxy.conf"))
        let changed = text.replacingOccurrences(of: "dhcp-userclass=set:ipxe,iPXE", with: "")
        #expect(changed != text)
        try site.write(changed, to: "out-conf/proxy.conf")
      }
      try site.write(
        "subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.100 10.0.0.199; ping-check false; }\n",
        to: "router.conf")
      try site.write("", to: "leases")
      try await NetworkLab.with(["router": "10.0.0.1"], folder: site.scratch) { lab in
        try lab.start(
          [
            "dhcpd", "-4", "-f", "-d", "-cf", "\(site.folder)/router.conf", "-lf",
            "\(site.folder)/leases", "-pf", "/run/dhcpd.pid", "eth0",
          ], on: "router")
        try lab.start([
          "dnsmasq", "--keep-in-foreground", "--log-facility=-", "--pid-file",
          "--conf-file=\(site.folder)/out-conf/proxy.conf",
        ])
        try lab.start([
          "python3", "-u", "-m", "http.server", "80", "--bind", "10.0.0.200", "--directory",
          site.output,
        ])
        try await lab.run(["ip", "tuntap", "add", "tap0", "mode", "tap"])
        try await lab.run(["ip", "link", "set", "tap0", "master", "eth0", "up"])
        try lab.start(Self.machine)
        let isSent = "sent \(site.output)/undionly.kpxe to 10.0.0.1"
        let isBooted = "GET /booted-pcbios "
        try await lab.waitForLog { $0.contains(isIPXE ? isBooted : isSent) }
        #expect(!isIPXE || !lab.logText.contains(isSent))
      }
    }
  }
}
