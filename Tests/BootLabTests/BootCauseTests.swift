import BuildEngine
import Testing

@testable import BootLab

@Suite("The cause of a failed boot")
struct BootCauseTests {
  private static let tree: Set = ["undionly.kpxe", "ipxe.efi", "install.ipxe"]
  private static let firmwareClient = NetworkEvent.Client(architecture: 7, isIPXE: false)
  private static let ipxeClient = NetworkEvent.Client(architecture: 7, isIPXE: true)
  private static let agent = "iPXE/2.0.0+ (g1279)"
  private static let script = "http://10.0.0.200/install.ipxe"

  /// An x64 machine that boots ipxe.efi by PXE, and what was recorded of it.
  private struct Recording {
    var firmware = Firmware.uefiX64
    var method = BootMethod.pxe
    var program = "ipxe.efi"
    var found: Digest?
    var placed: Digest?
    var image: ProgramImage?
    var holds: Bool? = true
    var console = ""
    var log = ""
    var end: BootEnd?

    func failure(_ events: [NetworkEvent]) -> BootFailure? {
      var expected = BootExpectation(
        firmware: firmware, method: method, program: program, http: "http://10.0.0.200",
        has: { BootCauseTests.tree.contains($0) }, holds: { _, _ in holds })
      expected.found = found
      expected.placed = placed
      expected.image = image
      var trial = BootTrial(expected)
      trial.see(console: console)
      trial.see(serverLog: log)
      for (index, event) in events.enumerated() {
        trial.see(SeenEvent(event, seconds: Double(index)))
      }
      if let end { trial.end(end) }
      if case .failed(let failure) = trial.verdict { return failure }
      return nil
    }

    /// As it is printed.
    func text(_ events: [NetworkEvent]) -> String? {
      failure(events).map { $0.message + ($0.advice.map { "\nfix: \($0)" } ?? "") }
    }
  }

  private func offer(
    _ file: String?, to client: NetworkEvent.Client = firmwareClient, server: String? = "10.0.0.200"
  ) -> [NetworkEvent] {
    [
      .asked(client),
      .answered(client, .init(address: "10.0.0.100", server: server, file: file)),
    ]
  }

  private func reading(_ file: String, sha256: String? = nil) -> [NetworkEvent] {
    offer(file) + [
      .readStarted(file: file), .readFinished(file: file, bytes: 100, sha256: sha256),
    ]
  }

  private var started: [NetworkEvent] {
    reading("ipxe.efi") + offer(Self.script, to: Self.ipxeClient)
  }

  private func answer(_ path: String, _ status: Int) -> [NetworkEvent] {
    [
      .requested(path: path, agent: Self.agent),
      .responded(path: path, agent: Self.agent, status: status),
    ]
  }

  @Test("the page's file layout: the file is not where the DHCP server says")
  func layout() {
    let refusal = NetworkEvent.readFailed(file: "ipxe/ipxe.efi", code: 1, message: "File not found")
    #expect(
      Recording().text(offer("ipxe/ipxe.efi") + [.readStarted(file: "ipxe/ipxe.efi"), refusal])
        == """
        the x64 UEFI firmware was offered ipxe/ipxe.efi, which the tree does not have; the tree has \
        ipxe.efi for it (PXE-E23)
        fix: see what the DHCP server offers architecture 7: pxebuild dhcp-check
        """)
  }

  @Test("a proxy's answer without the address of a server")
  func proxyWithoutServer() {
    let events =
      reading("ipxe.efi") + [
        .asked(Self.ipxeClient),
        .answered(Self.ipxeClient, .init(address: "10.0.0.100", server: nil, file: nil)),
        .answered(
          Self.ipxeClient, .init(address: nil, server: nil, file: Self.script, hasMenu: true)),
      ]
    let console = "Nothing to boot: No such file or directory (https://ipxe.org/2d03e13b)\n"
    #expect(
      Recording(console: console, end: .timeUp(60)).text(events) == """
        ipxe.efi was told to load http://10.0.0.200/install.ipxe by an answer that names no server, \
        and did not ask for it within 60 seconds: iPXE says "Nothing to boot: No such file or \
        directory (https://ipxe.org/2d03e13b)"
        fix: have the DHCP server name it: next-server of dhcpd and Kea, the address at the end of \
        dnsmasq's dhcp-boot
        """)
  }

  @Test("an iPXE in the card's ROM that goes to the script at once")
  func stockROM() {
    let bios = Recording(firmware: .bios, program: "undionly.kpxe")
    #expect(
      bios.text(offer(Self.script) + answer("/install.ipxe", 200)) == """
        undionly.kpxe was never read: an iPXE in the network card's ROM went to install.ipxe
        fix: have the DHCP server offer undionly.kpxe to what does not call itself iPXE (option 77)
        """)
  }

  @Test("a menu that is missing")
  func missingMenu() {
    #expect(
      Recording().text(started + answer("/missing.ipxe", 404)) == """
        ipxe.efi started and asked for missing.ipxe, which the tree does not have
        fix: see what its script names, and whether it is built: pxebuild all
        """)
  }

  @Test("a program that is cut off, and one for another machine")
  func badProgram() {
    var image = [UInt8](repeating: 0, count: 256)
    image.replaceSubrange(0..<2, with: "MZ".utf8)
    image[0x3c] = 64
    image.replaceSubrange(64..<74, with: [80, 69, 0, 0, 0x64, 0x86, 1, 0, 0, 0])
    image[64 + 24 + 17] = 2  // the only section is 512 bytes long
    let again = reading("ipxe.efi") + offer("ipxe.efi")
    let cut = Recording(image: ProgramImage(image))
    #expect(
      cut.text(again) == """
        the x64 UEFI firmware read ipxe.efi (100 bytes) to its end, and it did not start: the file \
        is cut off, its sections end at byte 512
        fix: put it back whole: pxebuild all
        """)
    image[64 + 24 + 17] = 0
    image.replaceSubrange(68..<70, with: [0x4c, 1])
    let console =
      "BdsDxe: failed to load Boot0001 \"UEFI PXEv4 (MAC:525400123456)\" from PciRoot(0x0): Unsupported\n"
    #expect(
      Recording(image: ProgramImage(image), console: console, end: .gaveUp).text(
        reading("ipxe.efi"))
          == """
          the x64 UEFI firmware read ipxe.efi (100 bytes) to its end, and it did not start \
          before the firmware gave up: it is a program for IA32 UEFI; the firmware says "Unsupported"
          fix: build ipxe.efi for x64 UEFI: see the target's recipe
          """)
    #expect(
      Recording().text(again) == """
        the x64 UEFI firmware read ipxe.efi (100 bytes) to its end, and it did not start
        fix: see whether ipxe.efi is whole and for x64 UEFI: pxebuild all --verbose
        """)
    for count in 0..<image.count { _ = ProgramImage(Array(image[..<count])) }
  }

  @Test("an HTTP server that is down")
  func httpDown() {
    #expect(
      Recording().text(started + [.refused(address: "10.0.0.200", port: 80)]) == """
        nothing answers on TCP port 80 of 10.0.0.200: the HTTP server is down
        fix: see whether the URL that was offered is that of the HTTP server: site.http is \
        http://10.0.0.200
        """)
    #expect(
      Recording().text(started + answer("/install.ipxe", 403))
        == "ipxe.efi started and asked for install.ipxe: the HTTP server answered 403")
  }

  @Test("a DHCP range that has no address left, in the words of each server")
  func exhausted() {
    let console = "  PXE-E16: No valid offer received.\n"
    for (log, words) in [
      ("DHCPDISCOVER from 52:54:00:12:34:56 via eth0: network 10.0.0.0/24: no free leases", nil),
      ("ALLOC_ENGINE_V4_ALLOC_FAIL_SUBNET failed to allocate an IPv4 lease in the subnet", nil),
      ("dnsmasq-dhcp: DHCPDISCOVER(eth0) 52:54:00:12:34:56 no address available", nil),
      (
        "dnsmasq-dhcp: started", "no DHCP server answered the x64 UEFI firmware before the firmware"
      ),
    ] as [(String, String?)] {
      let text = Recording(console: console, log: log, end: .gaveUp).text([
        .asked(Self.firmwareClient)
      ])
      if let words {
        #expect(
          text == """
            \(words) gave up: PXE-E16: No valid offer received.
            fix: see whether its subnet and its range have an address to give
            """)
      } else {
        #expect(
          text?.hasPrefix("the DHCP server has no address left for the x64 UEFI firmware (\"")
            == true)
        #expect(text?.hasSuffix("\nfix: give it a larger range") == true)
      }
    }
    #expect(
      Recording(log: "no free leases", end: .timeUp(9)).text(
        reading("ipxe.efi") + [.asked(Self.ipxeClient)])
          == """
          the DHCP server has no address left for ipxe.efi ("no free leases") within 9 seconds
          fix: give it a larger range: iPXE may count as another machine than the firmware before it
          """)
  }

  @Test("a program of another build than the tree's")
  func otherBuild() {
    let here = Digest(of: [UInt8](repeating: 1, count: 100))
    let other = Digest(of: [UInt8](repeating: 2, count: 101))
    #expect(
      Recording(found: here).text(reading("ipxe.efi", sha256: other.hex)) == """
        the x64 UEFI firmware read another ipxe.efi (100 bytes) than the tree's (100 bytes)
        fix: see which folder the server serves: another build's files are there
        """)
    let whole = started + answer("/install.ipxe", 200)
    #expect(
      Recording(found: here, placed: other).text(whole) == """
        ipxe.efi in the tree is of another build: it has 100 bytes (SHA-256 \(here.short)…), and \
        pxebuild placed 101 (\(other.short)…)
        fix: put the right one back: pxebuild all
        """)
    #expect(
      Recording(holds: false).text(whole) == """
        what asked for install.ipxe calls itself iPXE 2.0.0+ (g1279), which is not the ipxe.efi of \
        the tree
        fix: see whether another iPXE, in a ROM or on a disk, comes first
        """)
    #expect(Recording(found: here, placed: here).text(whole) == nil)
  }

  @Test("iPXE that is told to load itself")
  func loop() {
    let again: [NetworkEvent] = [
      .readStarted(file: "ipxe.efi"), .readFinished(file: "ipxe.efi", bytes: 100),
    ]
    #expect(
      Recording().text(reading("ipxe.efi") + offer("ipxe.efi", to: Self.ipxeClient) + again) == """
        ipxe.efi started, and was told to load ipxe.efi again: it would go on like that for ever
        fix: have the DHCP server know iPXE by its user class (option 77), and offer it the script
        """)
  }

  @Test("what a TFTP server refuses, and what it sends to the wrong machine")
  func files() {
    #expect(
      Recording().text([.readFailed(file: "ipxe.efi", code: 1, message: "File not found")]) == """
        the x64 UEFI firmware was offered ipxe.efi, and the TFTP server does not find it: File not found
        fix: see which folder the TFTP server serves, and who may read the file
        """)
    #expect(
      Recording().text([.readFailed(file: "ipxe.efi", code: 2, message: "Access violation")])
        == "the TFTP server refused ipxe.efi: Access violation")
    #expect(
      Recording().text(reading("undionly.kpxe")) == """
        the x64 UEFI firmware was offered undionly.kpxe; the one for it is ipxe.efi
        fix: see what the DHCP server offers architecture 7: pxebuild dhcp-check
        """)
  }

  @Test("where a boot stands still is said when time is up")
  func standstill() {
    let cases: [([NetworkEvent], String)] = [
      ([], "the machine did not ask for an address"),
      ([.asked(Self.firmwareClient)], "no DHCP server answered the x64 UEFI firmware"),
      (offer(nil), "the x64 UEFI firmware got an address, and was offered nothing to boot"),
      (
        offer("ipxe.efi", server: nil),
        "the x64 UEFI firmware was told to load ipxe.efi by an answer that names no server, and did "
          + "not ask for it"
      ),
      (offer("ipxe.efi"), "the x64 UEFI firmware was offered ipxe.efi and did not ask for it"),
      (
        offer("ipxe.efi") + [.readStarted(file: "ipxe.efi")],
        "the x64 UEFI firmware did not get ipxe.efi to its end"
      ),
      (
        reading("ipxe.efi"),
        "the x64 UEFI firmware read ipxe.efi (100 bytes) to its end, and it did not start"
      ),
      (
        reading("ipxe.efi") + [.asked(Self.ipxeClient)],
        "ipxe.efi started, and no DHCP server answered it"
      ),
      (
        reading("ipxe.efi") + offer(nil, to: Self.ipxeClient),
        "ipxe.efi started and got an address, and was told nothing to load"
      ),
      (
        started,
        "ipxe.efi started, was told to load http://10.0.0.200/install.ipxe, and did not ask for it"
      ),
      (
        started + [.requested(path: "/install.ipxe", agent: Self.agent)],
        "the HTTP server gave no answer for install.ipxe"
      ),
    ]
    for (events, message) in cases {
      let failure = Recording(end: .timeUp(60)).failure(events)
      #expect(failure?.message == "\(message) within 60 seconds")
      #expect(failure?.isTimeOut == true)
      let restarted = Recording(end: .restarted).failure(events)
      #expect(restarted?.message == "\(message) before the machine restarted")
      #expect(restarted?.isTimeOut == false)
    }
    #expect(
      Recording(firmware: .bios, method: .usb, program: "usb/bios.usb", end: .timeUp(60))
        .failure([])?.message
        == "the machine did not start from usb/bios.usb, or its script uses no network, "
        + "within 60 seconds")
  }

  @Test("firmware says itself that it has nothing left to boot")
  func givenUp() {
    let failed = "BdsDxe: failed to load Boot0001 \"UEFI PXEv4 (MAC:52)\" from X/IPv4(0): Not Found"
    let stick =
      "BdsDxe: failed to load Boot0001 \"UEFI QEMU USB\" from PciRoot(0x0)/USB(0x1,0x0): Not Found"
    let cases: [(String, Firmware, BootMethod, Bool)] = [
      ("\u{1b}[0mNo bootable device.  Retrying", .bios, .pxe, true),
      (failed, .uefiX64, .pxe, true), (failed, .uefiX64, .http, false),
      (failed, .uefiX64, .usb, false), (stick, .uefiX64, .usb, true),
      (stick, .uefiX64, .pxe, false), (">>Start PXE over IPv4.", .uefiX64, .pxe, false),
    ]
    for (console, firmware, method, isOver) in cases {
      var trial = BootTrial(
        BootExpectation(
          firmware: firmware, method: method, program: "a", http: "http://10.0.0.200",
          has: { _ in true }, holds: { _, _ in nil }))
      trial.see(console: "before\r\n\(console)\r\n")
      #expect(trial.hasGivenUp == isOver, "\(console)")
    }
  }
}
