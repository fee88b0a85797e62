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
    http: String = "http://10.0.0.200", holds: Bool? = true, _ events: [NetworkEvent]
  ) -> BootVerdict {
    var trial = BootTrial(
      BootExpectation(
        firmware: firmware, method: method, program: program, http: http,
        has: { Self.tree.contains($0) }, holds: { _, _ in holds }))
    for (index, event) in events.enumerated() {
      trial.see(SeenEvent(event, seconds: Double(index)))
    }
    return trial.verdict
  }

  private func verdict(_ events: [NetworkEvent]) -> BootVerdict {
    verdict(.uefiX64, .pxe, events)
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

  @Test("a boot by another way than the one on trial does not count")
  func otherWay() {
    let own = "UefiHttpBoot/1.0"
    let overHTTP: [NetworkEvent] = [.asked(.init(architecture: 16, isIPXE: false))]
    #expect(
      failure(verdict([.asked(Self.firmwareClient)] + overHTTP))
        == "the machine went on to boot by HTTP: it got nothing to start by PXE")
    #expect(failure(verdict(answer("/ipxe.efi", 200, agent: own))) != nil)
    let byPXE = offer("ipxe.efi") + [.readStarted(file: "ipxe.efi")]
    #expect(
      failure(verdict(.uefiX64, .http, byPXE))
        == "the machine went on to boot by PXE: it got nothing to start by HTTP")
    #expect(
      failure(verdict(.uefiX64, .usb, program: "usb/efi.usb", reading("ipxe.efi")))
        == "the x64 UEFI firmware could not start usb/efi.usb")
  }

  @Test("what a machine does after the verdict is written down, and changes nothing")
  func afterwards() {
    var trial = BootTrial(
      BootExpectation(
        firmware: .uefiX64, method: .pxe, program: "ipxe.efi", http: "http://10.0.0.200",
        has: { Self.tree.contains($0) }, holds: { _, _ in true }))
    let events = started + answer("/install.ipxe", 200) + answer("/missing", 404)
    for event in events { trial.see(SeenEvent(event, seconds: 1)) }
    trial.end(.timeUp(60))
    #expect(trial.record.events.map(\.event) == events && trial.record.end == nil)
    if case .passed = trial.verdict {} else { Issue.record("it has passed") }
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
}
