/// The first thing that went wrong in a boot, in words that a person can act on.
///
/// A pure function of what was seen: nothing here looks at the disk, a clock or a process.
enum BootCause {
  static func find(
    _ fault: BootFault, _ expected: BootExpectation, _ record: BootRecord
  ) -> BootFailure {
    let fault = refined(fault, record)
    let words = BootWords(expected: expected, record: record)
    var (message, advice) = words.text(of: fault)
    if let end = record.end { message += " " + self.words(of: end) }
    let details = [words.detail(of: fault), said(about: fault, record)].compactMap(\.self)
    if !details.isEmpty { message += ": " + details.joined(separator: "; ") }
    var isTimeOut = false
    if case .timeUp = record.end { isTimeOut = true }
    return BootFailure(fault, message, advice: advice, isTimeOut: isTimeOut)
  }

  /// A server that gives no answer may say why in its log.
  private static func refined(_ fault: BootFault, _ record: BootRecord) -> BootFault {
    guard case .noAnswer(let toProgram) = fault, let words = exhausted(record.serverLog) else {
      return fault
    }
    return .noFreeAddress(toProgram: toProgram, words: words)
  }

  /// What dhcpd, Kea and dnsmasq say when they have no address left.
  private static let exhaustion = [
    "no free leases", "failed to allocate an IPv4 lease", "no address available",
  ]

  private static func exhausted(_ log: String) -> String? {
    for line in log.split(whereSeparator: \.isNewline).reversed() {
      if let words = exhaustion.first(where: line.contains) { return words }
    }
    return nil
  }

  private static func words(of end: BootEnd) -> String {
    switch end {
    case .timeUp(let seconds): "within \(seconds) seconds"
    case .restarted: "before the machine restarted"
    case .gaveUp: "before the firmware gave up"
    }
  }

  /// The firmware's or the program's own words, where they say more.
  private static func said(about fault: BootFault, _ record: BootRecord) -> String? {
    let lines = record.consoleLines
    switch fault {
    case .notStarted, .otherProgram:
      return BootConsole.loadError(lines).map { "the firmware says \"\($0)\"" }
    case .noAnswer(toProgram: false), .notFinished, .nothingOffered(toProgram: false, _),
      .notAskedFor(_, byProgram: false):
      return BootConsole.pxeError(lines)
    case .nothingOffered(toProgram: true, _), .notAskedFor(_, byProgram: true),
      .noServer(_, toProgram: true), .httpSilent:
      return BootConsole.ipxeError(lines).map { "iPXE says \"\($0)\"" }
    default: return nil
    }
  }
}
