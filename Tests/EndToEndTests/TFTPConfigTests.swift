import Foundation
import Testing

/// What real TFTP servers make of the files that pxebuild writes for them.
@Suite(
  "TFTP configs",
  .enabled("this machine makes no networks for tests (it takes root and namespaces)") {
    await NetworkLab.isPossible.value
  })
struct TFTPConfigTests {
  private static let recipe = """
    site:
      server: 10.0.0.200
      network: { interface: eth0, subnet: 10.0.0.0/24 }
    targets:
      undionly.kpxe: { file: big }
      efi/ipxe.efi: { script: "x64\\n" }
      empty: { script: "" }
    configs:
      tftpd-hpa: { tftp: hpa }
      tftp.conf: { tftp: dnsmasq }
      both.conf: { dhcp: dnsmasq, script: empty, mode: proxy, serve-tftp: true }

    """

  /// A folder that the servers, which run as other users, may enter.
  private func withLab(_ body: (NetworkLab, Site) async throws -> Void) async throws {
    try await withSite { site in
      try site.recipe(Self.recipe)
      let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
      try site.write(Data(bytes), to: "recipes/big")
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      try await NetworkLab.with(folder: site.scratch) { try await body($0, site) }
    }
  }

  /// As Debian's init script does: it reads the file as a shell and splits what it says.
  private func startHPA(_ lab: NetworkLab, _ site: Site) throws {
    let script = """
      . "$1"
      exec in.tftpd --foreground --listen --user $TFTP_USERNAME --address $TFTP_ADDRESS \
        $TFTP_OPTIONS $TFTP_DIRECTORY
      """
    guard Binary.find("in.tftpd") != nil else {
      throw NetworkLab.Failure(description: "in.tftpd is not installed")
    }
    try lab.start(["sh", "-c", script, "sh", "\(site.folder)/out-conf/tftpd-hpa"])
  }

  private func startDnsmasq(_ config: String, _ lab: NetworkLab, _ site: Site) throws {
    try lab.start([
      "dnsmasq", "--keep-in-foreground", "--log-facility=-", "--pid-file",
      "--conf-file=\(site.folder)/out-conf/\(config)",
    ])
  }

  @Test(
    "Real in.tftpd and dnsmasq serve the tree, and nothing outside it",
    arguments: ["tftpd-hpa", "tftp.conf", "both.conf"])
  func tree(_ config: String) async throws {
    try await withLab { lab, site in
      try site.write("secret\n", to: "beside")
      if config == "tftpd-hpa" {
        try startHPA(lab, site)
      } else {
        try startDnsmasq(config, lab, site)
      }
      #expect(site.served == ["efi/ipxe.efi", "empty", "undionly.kpxe"])
      for name in site.served {
        let bytes = try await lab.onNetwork {
          try TFTPRead.fetch(name, from: NetworkLab.serverAddress)
        }
        #expect(Data(bytes) == site.bytes("out/\(name)"), "\(name)\n\(lab.logText)")
      }
      for name in ["../beside", "\(site.folder)/beside", "nothing"] {
        await #expect(throws: TFTPRead.Refusal.self, "\(name)") {
          try await lab.onNetwork {
            try TFTPRead.fetch(name, from: NetworkLab.serverAddress, seconds: 10)
          }
        }
      }
    }
  }

  @Test("dnsmasq serves 200 machines that are switched on together; with its own limit it does not")
  func room() async throws {
    try await withLab { lab, site in
      try startDnsmasq("tftp.conf", lab, site)
      let expected = try #require(site.bytes("out/undionly.kpxe"))
      let contents = try await lab.onNetwork {
        _ = try TFTPRead.fetch("empty", from: NetworkLab.serverAddress)
        let reads = try TFTPRead.requestAtOnce(
          "undionly.kpxe", from: NetworkLab.serverAddress, clients: 200, seconds: 20)
        #expect(reads.count { $0.isAnswered } == 200)
        return try TFTPRead.finish(reads)
      }
      #expect(contents.count { Data($0) == expected } == 200, "\(lab.logText.suffix(2000))")
    }
    try await withLab { lab, site in
      let text = try #require(site.read("out-conf/tftp.conf"))
      try site.write(
        text.replacingOccurrences(of: "tftp-max=900", with: "tftp-max=50"),
        to: "out-conf/tftp.conf")
      try startDnsmasq("tftp.conf", lab, site)
      let answered = try await lab.onNetwork {
        _ = try TFTPRead.fetch("empty", from: NetworkLab.serverAddress)
        return try TFTPRead.requestAtOnce(
          "undionly.kpxe", from: NetworkLab.serverAddress, clients: 200, seconds: 2
        ).count { $0.isAnswered }
      }
      #expect(answered <= 51)
    }
  }

  @Test("dnsmasq's own check passes the file")
  func checked() async throws {
    try await withLab { lab, site in
      try await lab.run(["dnsmasq", "--test", "--conf-file=\(site.folder)/out-conf/tftp.conf"])
    }
  }
}
