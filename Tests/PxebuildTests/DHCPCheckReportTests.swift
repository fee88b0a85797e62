import Testing

@testable import BootLab
@testable import pxebuild

@Suite("What dhcp-check prints")
struct DHCPCheckReportTests {
  private static let site = OfferExpectation(
    server: "10.0.0.200", http: "http://10.0.0.200",
    program: { [0: "undionly.kpxe", 6: "ipxe32.efi", 7: "ipxe.efi", 16: "ipxe.efi"][$0] },
    has: { ["undionly.kpxe", "ipxe32.efi", "ipxe.efi", "install.ipxe"].contains($0) })

  /// An answer of a server.
  private static func reply(
    _ sender: String = "10.0.0.200", file: String? = nil, address: String? = "10.0.0.100",
    next: String? = "10.0.0.200", vendor: String? = nil, port: Int = 67
  ) -> DHCPReply {
    var bytes = [UInt8](repeating: 0, count: 240)
    bytes[0] = 2
    bytes.replaceSubrange(236..<240, with: [0x63, 0x82, 0x53, 0x63])
    guard var reply = DHCPReply(bytes, from: sender, port: port) else {
      preconditionFailure("these bytes are an answer")
    }
    (reply.file, reply.address, reply.nextServer, reply.vendorClass) = (file, address, next, vendor)
    return reply
  }

  private static func answers(
    _ architecture: Int, isIPXE: Bool = false, _ offers: [DHCPReply], bootServer: String? = nil,
    told: DHCPReply? = nil
  ) -> DHCPAnswers {
    var answers = DHCPAnswers(DHCPQuestion(architecture: architecture, isIPXE: isIPXE))
    (answers.offers, answers.bootServer, answers.told) = (offers, bootServer, told)
    return answers
  }

  /// What docs/json.md shows.
  static let example: DHCPCheckReport = {
    var first = reply(file: "ipxe/ipxe.efi")
    first.identifier = "10.0.0.200"
    var offer = reply(address: nil, next: nil, vendor: "PXEClient")
    (offer.identifier, offer.serverName) = ("10.0.0.200", "pxe")
    offer.vendorOptions = [6, 1, 3, 255]
    return DHCPCheckReport(
      [
        answers(7, [first]),
        answers(
          0, [offer], bootServer: "10.0.0.200",
          told: reply(file: "undionly.kpxe", address: nil, port: 4011)),
      ], of: "dhcpd.conf", wanted: nil, on: "the lab's network", site)
  }()

  private func text(
    _ answers: [DHCPAnswers], wanted: String? = nil, isVerbose: Bool = false
  ) -> String {
    DHCPCheckReport(answers, of: "10.0.0.200", wanted: wanted, on: "eth0", Self.site)
      .lines(.plain, isVerbose: isVerbose, seconds: 2.04).joined(separator: "\n")
  }

  @Test("what real servers seldom do is said as well")
  func rare() {
    #expect(
      text([
        Self.answers(0, []),
        Self.answers(6, [Self.reply(file: "http://10.0.0.200/ipxe32.efi")]),
        Self.answers(7, [Self.reply(file: "ipxe.efi", next: nil)]),
        Self.answers(
          7, [Self.reply(vendor: "PXEClient")], bootServer: "10.0.0.9", told: Self.reply(port: 4011)
        ),
        Self.answers(11, [Self.reply(file: "arm.efi")]),
        Self.answers(16, [Self.reply(file: "http://10.0.0.9/ipxe.efi", vendor: "HTTPClient")]),
        Self.answers(18, [Self.reply(file: "arm.efi")]),
        Self.answers(0, isIPXE: true, []),
        Self.answers(6, isIPXE: true, [Self.reply()]),
        Self.answers(7, isIPXE: true, [Self.reply(file: "http://10.0.0.9/install.ipxe")]),
        Self.answers(
          7, [Self.reply(file: "ipxe.efi"), Self.reply("10.0.0.1", file: "boot.efi", address: nil)]),
      ]) == """
          wrong    BIOS (0)                      nothing
                     error: nobody answers BIOS firmware (0); the tree has undionly.kpxe: the machine says PXE-E51
                     fix: see whether the DHCP server knows architecture 0
          wrong    IA32 UEFI (6)                 http://10.0.0.200/ipxe32.efi, in the tree
                     error: IA32 UEFI firmware (6) is offered http://10.0.0.200/ipxe32.efi, a URL; it reads by TFTP alone: the machine says PXE-E23
                     fix: let the DHCP server offer architecture 6 ipxe32.efi
          wrong    x64 UEFI (7)                  ipxe.efi, in the tree
                     error: x64 UEFI firmware (7) is offered ipxe.efi, and no server to fetch it from
                     fix: let the DHCP server name one: next-server 10.0.0.200
          wrong    x64 UEFI (7)                  nothing
                     error: x64 UEFI firmware (7) is sent to the boot server 10.0.0.9, which names no file; the tree has ipxe.efi: the machine says PXE-E16
                     fix: let it offer architecture 7 ipxe.efi
          wrong    ARM64 UEFI (11)               arm.efi from 10.0.0.200, not in the tree
                     error: ARM64 UEFI firmware (11) is offered arm.efi; the tree has nothing for it: the machine says PXE-E23
                     fix: let the DHCP server offer architecture 11 nothing, or build arm.efi
          right    x64 UEFI by HTTP (16)         http://10.0.0.9/ipxe.efi
                     warning: x64 UEFI by HTTP firmware (16) is offered http://10.0.0.9/ipxe.efi, which is not below http://10.0.0.200: whether it is there was not looked at
          wrong    ARM32 UEFI by HTTP (18)       arm.efi from 10.0.0.200, not in the tree
                     error: ARM32 UEFI by HTTP firmware (18) is offered arm.efi, a path for TFTP; it takes nothing but a URL
                     fix: let the DHCP server offer architecture 18 nothing
          wrong    x64 UEFI (7)                  ipxe.efi from 10.0.0.200, in the tree
                     error: two servers offer it different files: 10.0.0.200 ipxe.efi, 10.0.0.1 boot.efi
                     fix: let one of them alone say what to boot
          wrong    iPXE on BIOS (0)              nothing
                     error: nobody answers iPXE on BIOS (0)
                     fix: see whether the DHCP server answers the user class iPXE (option 77)
          wrong    iPXE on IA32 UEFI (6)         nothing
                     error: iPXE on IA32 UEFI (6) is told nothing to load: it says Nothing to boot
                     fix: let the DHCP server send the user class iPXE (option 77) to a script
          right    iPXE on x64 UEFI (7)          http://10.0.0.9/install.ipxe
                     warning: iPXE on x64 UEFI (7) is sent to http://10.0.0.9/install.ipxe, which is not below http://10.0.0.200: whether it is there was not looked at
        done: 2 right, 9 wrong, from 10.0.0.200; 2.0s
        """)
  }

  @Test("a server that was meant and is silent is told from those that answer")
  func wanted() {
    let other = Self.reply("10.0.0.1", next: "10.0.0.1")
    #expect(
      text([Self.answers(11, [other])], wanted: "10.0.0.200") == """
                     error: 10.0.0.200 does not answer; 10.0.0.1 does
                     fix: see whether a DHCP server runs on 10.0.0.200 and listens on that network
          nothing  ARM64 UEFI (11)               the tree has nothing for it either
        done: 1 without an offer, from 10.0.0.200; 2.0s
        """)
    #expect(
      text([Self.answers(11, [])], wanted: "10.0.0.200") == """
                     error: no DHCP server answers on eth0
                     fix: see whether it runs, listens on that network and has addresses left in its range; a firewall has to let UDP port 67 in
        done: nobody answers, from 10.0.0.200; 2.0s
        """)
  }

  @Test("each answer is shown with -v, and nothing of it acts on the terminal")
  func verbose() {
    var reply = Self.reply(file: "bad\u{1B}[2J", vendor: "PXEClient")
    (reply.serverName, reply.identifier, reply.vendorOptions) = ("tftp", "10.0.0.9", [1, 2])
    #expect(
      text([Self.answers(11, [reply])], isVerbose: true) == """
          wrong    ARM64 UEFI (11)               bad\\u{1B}[2J from 10.0.0.200, not in the tree
                     error: ARM64 UEFI firmware (11) is offered bad\\u{1B}[2J; the tree has nothing for it: the machine says PXE-E23
                     fix: let the DHCP server offer architecture 11 nothing, or build bad\\u{1B}[2J
                     offer of 10.0.0.200:67: address 10.0.0.100, next-server 10.0.0.200, file bad\\u{1B}[2J, option 54 10.0.0.9, option 60 PXEClient, option 66 tftp, option 43 2 bytes
        done: 1 wrong, from 10.0.0.200; 2.0s
        """)
  }
}
