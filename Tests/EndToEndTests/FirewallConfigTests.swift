import Foundation
import Testing

/// What a real nft makes of the file that pxebuild writes for it.
@Suite(
  "Firewall configs",
  .enabled("this machine makes no networks for tests (it takes root and namespaces)") {
    await NetworkLab.isPossible.value
  })
struct FirewallConfigTests {
  private static let recipe = """
    site:
      server: 10.0.0.200
      network: { subnet: 10.0.0.0/24, interface: eth0 }
    targets:
      file: { script: "what is served\\n" }
    configs:
      tftp.conf: { tftp: dnsmasq }
      nginx.conf: { http: nginx }
      fw.nft: { firewall: nftables, also: [] }

    """

  @Test("nft takes it, twice, and refuses a broken one")
  func checked() async throws {
    try await withSite { site in
      try site.recipe(Self.recipe)
      #expect(try await site.run("all").status == 0)
      let file = "\(site.folder)/out-conf/fw.nft"
      try await NetworkLab.with(folder: site.scratch) { lab in
        try await lab.run(["nft", "-c", "-f", file])
        try await lab.run(["nft", "-f", file])
        let first = try await lab.run(["nft", "list", "ruleset"])
        try await lab.run(["nft", "-f", file])
        #expect(try await lab.run(["nft", "list", "ruleset"]) == first)
        try site.write((site.read("out-conf/fw.nft") ?? "") + "nonsense\n", to: "out-conf/fw.nft")
        await #expect(throws: (any Error).self) { try await lab.run(["nft", "-c", "-f", file]) }
      }
    }
  }

  @Test("what is served comes through, TFTP in many packets too, and nothing else does")
  func filtered() async throws {
    try await withSite { site in
      try site.recipe(Self.recipe)
      try site.write(Data(repeating: 7, count: 100_000), to: "out/large")
      #expect(try await site.run("all").status == 0)
      let conf = "\(site.folder)/out-conf"
      try await NetworkLab.with(folder: site.scratch) { lab in
        try await lab.run(["mkdir", "-p", "/var/lib/nginx"])
        try await lab.run(["mount", "-t", "tmpfs", "none", "/var/log/nginx"])
        try await lab.run(["nft", "-f", "\(conf)/fw.nft"])
        try lab.start([
          "dnsmasq", "--keep-in-foreground", "--user=root", "--pid-file",
          "--conf-file=\(conf)/tftp.conf",
        ])
        try lab.start(["nginx", "-c", "\(conf)/nginx.conf", "-g", "daemon off;"])
        try lab.start(["socat", "TCP-LISTEN:8000,fork", "/dev/null"])
        let curl = [
          "curl", "--silent", "--fail", "--retry", "50", "--retry-delay", "1",
          "--retry-connrefused",
        ]
        #expect(
          try await lab.run(curl + ["http://10.0.0.200/file"], on: "client") == "what is served\n")
        let large = try await lab.onNetwork { try TFTPRead.fetch("large", from: "10.0.0.200") }
        #expect(large == [UInt8](repeating: 7, count: 100_000))
        // The machine itself reaches the other port, so somebody does listen.
        try await lab.run(
          ["socat", "-u", "/dev/null", "TCP:127.0.0.1:8000,retry=100,interval=0.1"])
        await #expect(throws: (any Error).self) {
          try await lab.run(
            ["socat", "-u", "/dev/null", "TCP:10.0.0.200:8000,connect-timeout=2"], on: "client")
        }
      }
    }
  }
}
