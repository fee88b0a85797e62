import Testing

@testable import BootLab

@Suite("The verdict on a boot")
struct BootTrialTests {
  private static let tree: Set = ["undionly.kpxe", "ipxe.efi", "install.ipxe"]
  private static let firmwareClient = NetworkEvent.Client(architecture: 7, isIPXE: false)
  private static let ipxeClient = NetworkEvent.Client(architecture: 7, isIPXE: true)
  private static let agent = "iPXE/2.0.0+ (g1279)"

  private func verdict(
    _ firmware: Firmware, _ method: BootMethod, program: String = "ipxe.efi",
    http: String = "http://10.0.0.200", holds: Bool? = true, _ events: [NetworkEvent],
    ends: String? = nil
  ) -> BootVerdict {
    var trial = BootTrial(
      BootExpectation(
        firmware: firmware, method: method, program: program, http: http,
        has: { Self.tree.contains($0) }, holds: { _, _ in holds }))
    for (index, event) in events.enumerated() {
      trial.see(SeenEvent(event, seconds: Double(index)))
    }
    if let ends { trial.end(ends) }
    return trial.verdict
  }

  private func verdict(holds: Bool? = true, _ events: [NetworkEvent], ends: String? = nil)
    -> BootVerdict
  {
    verdict(.uefiX64, .pxe, holds: holds, events, ends: ends)
  }

  private func offer(_ file: String?, to client: NetworkEvent.Client = firmwareClient)
    -> [NetworkEvent]
  {
    [
      .asked(client),
      .answered(client, .init(address: "10.0.0.100", server: "10.0.0.200", file: file)),
    ]
  }

  private func reading(_ file: String) -> [NetworkEvent] {
    offer(file) + [.readStarted(file: file), .readFinished(file: file, bytes: 100)]
  }

  private var started: [NetworkEvent] {
    reading("ipxe.efi") + offer("http://10.0.0.200/install.ipxe", to: Self.ipxeClient)
  }

  private func answer(_ path: String, _ status: Int, agent: String = agent) -> [NetworkEvent] {
    [
      .requested(path: path, agent: agent),
      .responded(path: path, agent: agent, status: status),
    ]
  }

  private func failure(_ verdict: BootVerdict) -> String? {
    if case .failed(let failure) = verdict { failure.message } else { nil }
  }

  @Test("a boot has passed when the program was read and got something from the HTTP server")
  func passes() {
    let proof = BootEvidence(
      file: "ipxe.efi", bytes: 100, request: "install.ipxe", version: "2.0.0+ (g1279)", seconds: 7)
    #expect(verdict(started + answer("/install.ipxe", 200)) == .passed(proof))
  }

  @Test("an embedded script that asks for no address of its own passes as well")
  func embedded() {
    let result = verdict(reading("/ipxe.efi") + answer("/install.ipxe", 200))
    #expect(failure(result) == nil && result != .running)
  }

  @Test("iPXE for UEFI may look for autoexec.ipxe beside itself and not find it")
  func autoexec() {
    let look: [NetworkEvent] = [
      .readStarted(file: "autoexec.ipxe"),
      .readFailed(file: "autoexec.ipxe", code: 1, message: "File not found"),
      .readStarted(file: "/autoexec.ipxe"),
      .readFailed(file: "/autoexec.ipxe", code: 1, message: "File not found"),
    ]
    let afterwards = answer("/install.ipxe", 200)
    #expect(failure(verdict(offer("ipxe.efi") + reading("ipxe.efi") + look + afterwards)) == nil)
    #expect(failure(verdict(offer("ipxe.efi") + look)) != nil, "the firmware was offered it")
    let own = answer("/ipxe.efi", 200, agent: "UefiHttpBoot/1.0")
    let events = own + answer("/autoexec.ipxe", 404) + afterwards
    #expect(failure(verdict(.uefiX64, .http, events)) == nil)
  }

  @Test("edk2 asks for the size of a file first, and breaks that off")
  func sizeFirst() {
    let probe: [NetworkEvent] = [
      .readStarted(file: "ipxe.efi"),
      .readFailed(file: "ipxe.efi", code: 8, message: "User aborted the transfer"),
    ]
    let events = offer("ipxe.efi") + probe + reading("ipxe.efi") + answer("/install.ipxe", 200)
    #expect(failure(verdict(events)) == nil)
  }

  @Test("HTTP boot reads the program with the firmware's own request")
  func httpBoot() {
    let own = "UefiHttpBoot/1.0"
    let events =
      offer("http://10.0.0.200/ipxe.efi") + answer("/ipxe.efi", 200, agent: own)
      + answer("/install.ipxe", 200)
    let proof = BootEvidence(
      file: "ipxe.efi", bytes: nil, request: "install.ipxe", version: "2.0.0+ (g1279)", seconds: 5)
    #expect(verdict(.uefiX64, .http, events) == .passed(proof))
    #expect(
      failure(verdict(.uefiX64, .http, answer("/ipxe/ipxe.efi", 404, agent: own)))
        == "the x64 UEFI firmware was offered /ipxe/ipxe.efi, and the HTTP server answered 404")
    let below = verdict(
      .uefiX64, .http, http: "http://10.0.0.200/boot",
      answer("/boot/ipxe.efi", 200, agent: own) + answer("/boot/install.ipxe", 200))
    #expect(failure(below) == nil && below != .running)
  }

  @Test("of a stick only the request is seen")
  func stick() {
    let result = verdict(.bios, .usb, program: "usb/bios.usb", answer("/install.ipxe", 200))
    #expect(
      result
        == .passed(
          .init(
            file: nil, bytes: nil, request: "install.ipxe", version: "2.0.0+ (g1279)", seconds: 1)))
  }

  @Test("what went wrong first is said in words")
  func failures() {
    let refusal = NetworkEvent.readFailed(file: "ipxe/ipxe.efi", code: 1, message: "File not found")
    let wrongFile = offer("ipxe/ipxe.efi") + [.readStarted(file: "ipxe/ipxe.efi"), refusal]
    let cases: [([NetworkEvent], String)] = [
      (
        wrongFile,
        "the x64 UEFI firmware was offered ipxe/ipxe.efi, which the tree does not have; "
          + "the tree has ipxe.efi for it (PXE-E23)"
      ),
      (
        [.readFailed(file: "ipxe.efi", code: 1, message: "File not found")],
        "the x64 UEFI firmware was offered ipxe.efi, and the TFTP server does not find it: "
          + "File not found"
      ),
      (
        [.readFailed(file: "ipxe.efi", code: 2, message: "Access violation")],
        "the TFTP server refused ipxe.efi: Access violation"
      ),
      (
        reading("undionly.kpxe"),
        "the x64 UEFI firmware was offered undionly.kpxe; the one for it is ipxe.efi"
      ),
      (
        reading("ipxe.efi") + offer("ipxe.efi"),
        "the x64 UEFI firmware read ipxe.efi (100 bytes) to its end, and it did not start"
      ),
      (
        answer("/install.ipxe", 200),
        "ipxe.efi was never read: an iPXE in the network card's ROM went to install.ipxe"
      ),
      (
        started + answer("/missing.ipxe", 404),
        "ipxe.efi started and asked for missing.ipxe, which the tree does not have: 404"
      ),
      (
        started + answer("/install.ipxe", 403),
        "ipxe.efi started and asked for install.ipxe: the HTTP server answered 403"
      ),
      (
        started + [.refused(address: "10.0.0.200", port: 80)],
        "nothing answers on TCP port 80 of 10.0.0.200: the HTTP server is down"
      ),
    ]
    for (events, message) in cases { #expect(failure(verdict(events)) == message) }
  }

  @Test("another iPXE than the one of the tree does not count")
  func otherVersion() {
    #expect(
      failure(verdict(holds: false, started + answer("/install.ipxe", 200)))
        == "what asked for install.ipxe calls itself iPXE 2.0.0+ (g1279), "
        + "which is not the ipxe.efi of the tree")
  }

  @Test("where a boot stands still is said when time is up")
  func standstill() {
    let cases: [([NetworkEvent], String)] = [
      ([], "the machine did not ask for an address"),
      ([.asked(Self.firmwareClient)], "no DHCP server answered the x64 UEFI firmware"),
      (offer(nil), "the x64 UEFI firmware got an address, and was offered nothing to boot"),
      (
        offer("ipxe.efi"),
        "the x64 UEFI firmware was offered ipxe.efi and did not ask for it"
      ),
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
      #expect(
        failure(verdict(events, ends: "within 60 seconds")) == "\(message) within 60 seconds")
    }
    #expect(
      failure(verdict(.bios, .usb, program: "usb/bios.usb", [], ends: "within 60 seconds"))
        == "the machine did not start from usb/bios.usb, or its script uses no network, "
        + "within 60 seconds")
  }
}
