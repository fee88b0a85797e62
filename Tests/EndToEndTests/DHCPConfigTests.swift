import BootLab
import Foundation
import Testing

/// What real DHCP servers make of the files that pxebuild writes for them.
@Suite(
  "DHCP configs",
  .enabled("this machine makes no networks for tests (it takes root and namespaces)") {
    await NetworkLab.isPossible.value
  })
struct DHCPConfigTests {
  /// A site with a program for most architectures, and what each machine has to be told.
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var targets: String
    var script: String
    var files: [Int: String]
  }

  private static let url = "http://10.0.0.200"
  static let architectures: [Int] = [0, 6, 7, 9, 11, 15, 16, 19]

  static let usualNames = Case(
    testDescription: "usual names, nothing for ARM",
    targets: """
        install.ipxe: { script: "#!ipxe" }
        undionly.kpxe: { script: BIOS }
        efi/ipxe.efi: { script: x64 }
        efi/ipxe32.efi: { script: IA32 }
      """,
    script: "install.ipxe",
    files: [
      0: "undionly.kpxe", 6: "efi/ipxe32.efi", 7: "efi/ipxe.efi", 9: "efi/ipxe.efi",
      15: "\(url)/efi/ipxe32.efi", 16: "\(url)/efi/ipxe.efi",
    ])

  static let oddNames = Case(
    testDescription: "names of one's own, nothing for BIOS",
    targets: """
        "menus/le menu.ipxe": { script: "#!ipxe" }
        "a, b.efi": { script: x64, boots: [7, 16] }
        old.efi: { script: x64, boots: 9 }
        arm.efi: { script: ARM, boots: [11, 19] }
        ia32.efi: { script: IA32, boots: 6 }
      """,
    script: "menus/le menu.ipxe",
    files: [
      6: "ia32.efi", 7: "a, b.efi", 9: "old.efi", 11: "arm.efi", 16: "\(url)/a,%20b.efi",
      19: "\(url)/arm.efi",
    ])

  private static let configs = """
    configs:
      dhcpd.conf: { dhcp: isc, script: SCRIPT, authoritative: true }
      kea-dhcp4.conf: { dhcp: kea, script: SCRIPT }
      dnsmasq.conf: { dhcp: dnsmasq, script: SCRIPT }
      proxy.conf: { dhcp: dnsmasq, mode: proxy, script: SCRIPT }

    """

  static let servers = ["dhcpd.conf", "kea-dhcp4.conf", "dnsmasq.conf"]

  private func recipe(_ one: Case) -> String {
    """
    site:
      server: 10.0.0.200
      network:
        subnet: 10.0.0.0/24
        range: [10.0.0.100, 10.0.0.199]
        router: 10.0.0.1
        dns: [8.8.8.8, 1.1.1.1]
        interface: eth0
        hosts:
          lab1: { mac: 52:54:00:12:34:56, address: 10.0.0.50 }
    targets:
    \(one.targets)

    """ + Self.configs.replacingOccurrences(of: "SCRIPT", with: one.script)
  }

  private func withLab(
    _ one: Case, _ others: [String: String] = ["client": "10.0.0.2"],
    _ body: (NetworkLab, Site) async throws -> Void
  ) async throws {
    try await withSite { site in
      try site.recipe(recipe(one))
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      try await NetworkLab.with(others, folder: site.scratch) { lab in
        try await body(lab, site)
      }
    }
  }

  private func command(_ config: String, _ site: Site) throws -> [String] {
    let file = "\(site.folder)/out-conf/\(config)"
    switch config {
    case "dhcpd.conf":
      try Data().write(to: URL(fileURLWithPath: "\(site.scratch)/leases"))
      return [
        "dhcpd", "-4", "-f", "-d", "-cf", file, "-lf", "\(site.scratch)/leases", "-pf",
        "/run/dhcpd.pid", "eth0",
      ]
    case "kea-dhcp4.conf": return ["kea-dhcp4", "-c", file]
    default:
      return [
        "dnsmasq", "--keep-in-foreground", "--log-facility=-", "--user=root", "--pid-file",
        "--conf-file=\(file)", "--dhcp-leasefile=/run/dnsmasq.leases",
      ]
    }
  }

  /// What a machine is told to boot: a file and from where, and the vendor class of the reply.
  private struct Told: Equatable {
    var file: String
    var nextServer: String?
    var vendorClass: String?
  }

  private struct Question: Hashable {
    var architecture: Int
    var isIPXE: Bool
  }

  /// What the recipe says.
  private func expected(_ one: Case) -> [Question: Told] {
    var result: [Question: Told] = [:]
    let script = "\(Self.url)/\(one.script.replacingOccurrences(of: " ", with: "%20"))"
    for number in Self.architectures {
      result[.init(architecture: number, isIPXE: true)] = Told(
        file: script, nextServer: "10.0.0.200")
      let file = one.files[number]
      result[.init(architecture: number, isIPXE: false)] = Told(
        file: file ?? "", nextServer: file == nil ? nil : "10.0.0.200",
        vendorClass: file != nil && number >= 15 ? "HTTPClient" : nil)
    }
    return result
  }

  /// What a server says.
  private func answers(in lab: NetworkLab) async throws -> [Question: Told] {
    try await lab.onNetwork {
      let client = try DHCPClient(interface: "eth0")
      var result: [Question: Told] = [:]
      for number in Self.architectures {
        for isIPXE in [false, true] {
          let answer = try client.answer(.init(architecture: number, isIPXE: isIPXE))
          #expect(answer.type == 2)
          #expect(answer.sender == "10.0.0.200" && answer.senderPort == 67)
          #expect((100...199).contains(Int(answer.address?.dropFirst("10.0.0.".count) ?? "") ?? 0))
          result[.init(architecture: number, isIPXE: isIPXE)] = Told(
            file: answer.file ?? "", nextServer: answer.file == nil ? nil : answer.nextServer,
            vendorClass: answer.vendorClass)
        }
      }
      let other = try client.answer(.init(architecture: nil))
      #expect(other.file == nil, "a machine that does not boot over the network")
      return result
    }
  }

  @Test(
    "Real dhcpd, Kea and dnsmasq tell every machine what the recipe says, all three the same",
    arguments: servers, [usualNames, oddNames])
  func table(_ config: String, _ one: Case) async throws {
    try await withLab(one) { lab, site in
      try lab.start(try command(config, site))
      let found = try await answers(in: lab)
      for (question, told) in expected(one) {
        #expect(found[question] == told, "\(question)\n\(lab.logText.suffix(2000))")
      }
    }
  }

  @Test("The table sees a condition that never matches")
  func mutation() async throws {
    try await withLab(Self.usualNames) { lab, site in
      let text = try #require(site.read("out-conf/dhcpd.conf"))
      let changed = text.replacingOccurrences(
        of: "exists user-class and option user-class = \"iPXE\"",
        with: "not (not (option user-class = \"iPXE\") and not (option user-class = \"gPXE\"))"
      )
      .replacingOccurrences(of: "option arch = 00:07 or", with: "option arch = 7 or")
      #expect(changed != text)
      try site.write(changed, to: "out-conf/dhcpd.conf")
      try lab.start(try command("dhcpd.conf", site))
      #expect(try await answers(in: lab) != expected(Self.usualNames))
    }
  }

  @Test("A machine of site.network.hosts gets its address and its name", arguments: servers)
  func reservation(_ config: String) async throws {
    try await withLab(Self.usualNames) { lab, site in
      try lab.start(try command(config, site))
      let answer = try await lab.onNetwork {
        try DHCPClient(interface: "eth0").answer(
          .init(architecture: 7, hardware: [0x52, 0x54, 0, 0x12, 0x34, 0x56]))
      }
      #expect(answer.address == "10.0.0.50")
      #expect(answer.hostName == "lab1")
      #expect(answer.file == "efi/ipxe.efi")
    }
  }

  @Test("dnsmasq as a proxy says what to boot beside a dhcpd that hands out the addresses")
  func proxy() async throws {
    let machines = ["client": "10.0.0.2", "router": "10.0.0.1"]
    try await withLab(Self.usualNames, machines) { lab, site in
      let plain = """
        subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.100 10.0.0.199; ping-check false; }

        """
      try site.write(plain, to: "out-conf/plain.conf")
      try Data().write(to: URL(fileURLWithPath: "\(site.scratch)/leases"))
      try lab.start(
        [
          "dhcpd", "-4", "-f", "-d", "-cf", "\(site.folder)/out-conf/plain.conf", "-lf",
          "\(site.scratch)/leases", "-pf", "/run/dhcpd.pid", "eth0",
        ], on: "router")
      try lab.start(try command("proxy.conf", site))
      try await lab.onNetwork {
        let client = try DHCPClient(interface: "eth0")
        for number in Self.architectures {
          let script = try Self.offers(client, .init(architecture: number, isIPXE: true))
          #expect(script.proxy?.file == "\(Self.url)/install.ipxe")
          #expect(script.proxy?.nextServer == "10.0.0.200")
          guard let file = Self.usualNames.files[number] else {
            let known = DHCPQuestion(architecture: 7)
            let answers = try client.ask(.init(architecture: number))
            #expect(answers.map(\.sender) == ["10.0.0.1"], "\(number)")
            _ = try Self.offers(client, known)
            continue
          }
          let offer = try Self.offers(client, .init(architecture: number))
          #expect(offer.address.file == nil && offer.address.sender == "10.0.0.1")
          #expect(offer.proxy?.address == nil)
          if number >= 15 {
            #expect(offer.proxy?.vendorClass == "HTTPClient")
            #expect(offer.proxy?.file == file)
            continue
          }
          #expect(offer.proxy?.vendorClass == "PXEClient")
          // BIOS machines say which of the boot servers on offer they mean.
          let told = try client.answer(
            .bootServer(
              NetworkLab.serverAddress, architecture: number, item: number == 0 ? 0x8000 : nil))
          #expect(told.file == file, "\(number)")
          #expect(told.nextServer == "10.0.0.200")
          #expect(told.sender == "10.0.0.200" && told.senderPort == 4011)
        }
      }
    }
  }

  /// The offer with an address and the proxy's, once both servers are up.
  private static func offers(_ client: DHCPClient, _ request: DHCPQuestion) throws -> (
    address: DHCPReply, proxy: DHCPReply?
  ) {
    try untilAnswered("\(request)") {
      let answers = try client.ask(request)
      guard answers.count == 2, let address = answers.first(where: { $0.address != nil }) else {
        return nil
      }
      return (address, answers.first { $0.address == nil })
    }
  }

  @Test("Each server's own check passes its file, and refuses a broken one", arguments: servers)
  func checked(_ config: String) async throws {
    try await withLab(Self.oddNames) { lab, site in
      let file = "\(site.folder)/out-conf/\(config)"
      let check =
        switch config {
        case "dhcpd.conf": ["dhcpd", "-t", "-cf", file, "-lf", "/dev/null"]
        // It looks for the interface.
        case "kea-dhcp4.conf": ["kea-dhcp4", "-t", file]
        default: ["dnsmasq", "--test", "--conf-file=\(file)"]
        }
      try await lab.run(check)
      let text = try #require(site.read("out-conf/\(config)"))
      try site.write(text + "option }\n", to: "out-conf/\(config)")
      await #expect(throws: (any Error).self) { try await lab.run(check) }
      try await lab.run(["dnsmasq", "--test", "--conf-file=\(site.folder)/out-conf/proxy.conf"])
    }
  }

  @Test("A program that a build left out is offered to nobody until it is there")
  func leftOut() async throws {
    try await withSite { site in
      let missing = "file://\(site.folder)/ipxe.efi"
      try site.recipe(
        recipe(Self.usualNames).replacingOccurrences(
          of: "efi/ipxe.efi: { script: x64 }",
          with:
            "efi/ipxe.efi: { fetch: \"\(missing)\", sha256: \(Self.digestOfX64), optional: true }"))
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      for config in Self.servers + ["proxy.conf"] {
        let text = try #require(site.read("out-conf/\(config)"))
        #expect(!text.contains("efi/ipxe.efi") && text.contains("efi/ipxe32.efi"))
      }
      #expect(try await site.run("all", "-n").output.contains("would write") == false)
      #expect(
        try await site.run("why", "dhcpd.conf").output
          == "dhcpd.conf: in the tree as the recipe says\n")
      try site.write("x64", to: "ipxe.efi")
      #expect(try await site.run("all").status == 0)
      for config in Self.servers + ["proxy.conf"] {
        #expect(site.read("out-conf/\(config)")?.contains("efi/ipxe.efi") == true)
      }
    }
  }

  private static let digestOfX64 =
    "5609f728403e197bb255ef50c62aeabb1f93b09f7b7c379903440b65cd4319cb"
}
