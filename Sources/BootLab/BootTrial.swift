/// Follows a boot by what passes on the machine's cable and by what it prints, and says as soon as it can what
/// became of it.
///
/// A boot counts when three things were seen, in this order: the firmware read the program that it should, byte
/// for byte; iPXE asked the HTTP server for something and got it; and it calls itself by the version of that very
/// program. A stick or a disc is not read over the cable, so there the first is missing.
public struct BootTrial: Sendable {
  private var progress: BootProgress
  public private(set) var record = BootRecord()
  public private(set) var verdict = BootVerdict.running
  /// True when the firmware has said that it has nothing left to boot.
  public private(set) var hasGivenUp = false

  private var expected: BootExpectation { progress.expected }

  public init(_ expected: BootExpectation) { progress = BootProgress(expected) }

  /// Takes note of something that was seen; nothing changes a verdict once there is one.
  public mutating func see(_ seen: SeenEvent) {
    record.events.append(seen)
    guard verdict == .running else { return }
    switch progress.see(seen.event) {
    case .goesOn: break
    case .fault(let fault): fail(fault)
    case .started(let request, let version): started(request, version, seen.seconds)
    }
  }

  /// Takes note of what the machine has printed so far.
  public mutating func see(console text: String) {
    record.console = text
    guard verdict == .running, !hasGivenUp else { return }
    // What was said before was looked at before.
    let news = String(decoding: text.utf8.suffix(16 * 1024), as: UTF8.self)
    hasGivenUp = BootConsole.hasGivenUp(
      BootRecord.lines(of: news), firmware: expected.firmware, expected.method)
  }

  /// What the DHCP server has written into its log so far; it may explain why there is no answer.
  public mutating func see(serverLog text: String) { record.serverLog = text }

  /// Judges a boot that has come to no end by itself.
  public mutating func end(_ end: BootEnd) {
    guard verdict == .running else { return }
    record.end = end
    fail(progress.standstill)
  }

  private mutating func fail(_ fault: BootFault) {
    verdict = .failed(BootCause.find(fault, expected, record))
  }

  private mutating func started(_ request: String, _ version: String, _ seconds: Double) {
    if let found = expected.found, let placed = expected.placed, found != placed {
      return fail(.otherBuild)
    }
    if expected.holds(expected.program, version) == false {
      return fail(.otherVersion(version, request: request))
    }
    verdict = .passed(
      BootEvidence(
        file: expected.method.isMedium ? nil : expected.program, bytes: progress.bytes,
        request: request, version: version, seconds: seconds))
  }
}
