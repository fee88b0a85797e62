import BootLab

@testable import pxebuild

/// Boots for tests of what is said about boots.
enum BootExamples {
  private static let server = "10.0.0.200"
  private static let machine = "10.0.0.100"

  static let passed: BootAttempt = {
    let client = NetworkEvent.Client(architecture: 0, isIPXE: false)
    let agent = "iPXE/2.0.0 (g12798)"
    var record = BootRecord()
    record.events = [
      SeenEvent(
        .asked(client), seconds: 3.1, from: "0.0.0.0", to: "255.255.255.255",
        details: [.init("message", "DISCOVER"), .init("architecture (93)", "0")]),
      SeenEvent(
        .answered(client, .init(address: machine, server: server, file: "undionly.kpxe")),
        seconds: 3.102, from: server, to: machine,
        details: [.init("message", "OFFER"), .init("file", "undionly.kpxe")]),
      SeenEvent(.readStarted(file: "undionly.kpxe"), seconds: 5.2, from: machine, to: server),
      SeenEvent(
        .readFinished(file: "undionly.kpxe", bytes: 71_322), seconds: 5.31, from: server,
        to: machine),
      SeenEvent(
        .requested(path: "/install.ipxe", agent: agent), seconds: 12.304, from: machine, to: server),
      SeenEvent(
        .responded(path: "/install.ipxe", agent: agent, status: 200, bytes: 970), seconds: 12.31,
        from: server, to: machine),
    ]
    record.console = "iPXE initialising devices...ok\r\n"
    let evidence = BootEvidence(
      file: "undionly.kpxe", bytes: 71_322, request: "install.ipxe", version: "2.0.0 (g12798)",
      seconds: 12.31)
    return BootAttempt(verdict: .passed(evidence), record: record, seconds: 13.2)
  }()

  static let failed: BootAttempt = {
    let client = NetworkEvent.Client(architecture: 7, isIPXE: false)
    var record = BootRecord()
    record.events = [
      SeenEvent(
        .readFailed(file: "ipxe/ipxe.efi", code: 1, message: "File not found"), seconds: 9.5,
        from: server, to: machine)
    ]
    record.console = ">>Start PXE over IPv4.\r\n"
    let failure = BootFailure(
      .notInTree("ipxe/ipxe.efi", byProgram: false),
      "the x64 UEFI firmware was offered ipxe/ipxe.efi, which the tree does not have; "
        + "the tree has ipxe.efi for it (PXE-E23)",
      advice: "see what the DHCP server offers architecture 7: pxebuild dhcp-check")
    return BootAttempt(verdict: .failed(failure), record: record, seconds: 14.1)
  }()
}
