/// Follows a boot by what passes on the machine's cable, and says as soon as it can what became of it.
///
/// A boot counts when three things were seen, in this order: the firmware read the program that it should, to
/// its end; iPXE asked the HTTP server for something and got it; and it calls itself by the version of that very
/// program. A stick is not read over the cable, so there the first is missing.
public struct BootTrial: Sendable {
  private let expected: BootExpectation
  public private(set) var verdict = BootVerdict.running

  private var hasAsked = false
  private var isAnswered = false
  /// The file that the firmware was offered last, and who may fetch it there.
  private var offered: String?
  private var hasMenu = false
  private var reading: String?
  private var bytes: Int64?
  private var isRead = false
  private var programHasAsked = false
  private var programIsAnswered = false
  private var programFile: String?
  private var requested: String?

  public init(_ expected: BootExpectation) {
    self.expected = expected
    isRead = expected.method == .usb
  }

  /// Takes note of something that was seen; nothing changes a verdict once there is one.
  public mutating func see(_ seen: SeenEvent) {
    guard verdict == .running else { return }
    switch seen.event {
    case .asked(let client): asked(client)
    case .answered(let client, let answer): answered(client, answer)
    case .readStarted(let file): reading = Self.path(file)
    case .readFinished(let file, let count): read(Self.path(file), count)
    case .readFailed(let file, let code, let message): refused(Self.path(file), code, message)
    case .requested(let path, let agent): requested(path, agent)
    case .responded(let path, let agent, let status):
      responded(path, agent, status, seen.seconds)
    case .refused(let address, let port):
      fail(
        "nothing answers on TCP port \(port) of \(address): the HTTP server is down",
        "see whether site.http is where it listens")
    }
  }

  private mutating func fail(_ message: String, _ advice: String? = nil) {
    verdict = .failed(BootFailure(message, advice: advice))
  }

  private var name: String { expected.firmware.name }
  private var program: String { expected.program }

  // MARK: DHCP

  private mutating func asked(_ client: NetworkEvent.Client) {
    if client.isIPXE {
      programHasAsked = true
    } else if isRead, expected.method != .usb, !programHasAsked {
      // The firmware is back: what it has read did not start, or gave up at once.
      fail(notStarted, startAdvice)
    }
    hasAsked = true
  }

  private var notStarted: String {
    let size = bytes.map { " (\($0) bytes)" } ?? ""
    return "the \(name) firmware read \(program)\(size) to its end, and it did not start"
  }

  private var startAdvice: String {
    "see whether \(program) is whole and for \(name): pxebuild all --verbose, or build it anew"
  }

  private mutating func answered(_ client: NetworkEvent.Client, _ answer: NetworkEvent.Answer) {
    if client.isIPXE {
      programIsAnswered = true
      programFile = answer.file ?? programFile
    } else {
      isAnswered = true
      offered = answer.file ?? offered
      hasMenu = hasMenu || answer.hasMenu
    }
  }

  // MARK: The program

  /// iPXE for UEFI looks for a script of this name beside itself, and does without it.
  private func isOwnLook(at file: String) -> Bool {
    isRead && file.split(separator: "/").last == "autoexec.ipxe"
  }

  private mutating func read(_ file: String, _ count: Int64?) {
    if isOwnLook(at: file) { return }
    if file != program {
      fail(
        "the \(name) firmware was offered \(file); the one for it is \(program)",
        "see what the DHCP server offers architecture \(architecture)")
    } else if isRead, !programHasAsked {
      bytes = count
      fail(notStarted, startAdvice)
    } else {
      bytes = count ?? bytes
      isRead = true
    }
  }

  private var architecture: String {
    let number =
      expected.method == .http
      ? expected.firmware.httpArchitecture : expected.firmware.pxeArchitecture
    return number.map(String.init) ?? "?"
  }

  /// What firmware shows for a refused read.
  private static let screenCode = "PXE-E23"

  private mutating func refused(_ file: String, _ code: Int, _ message: String) {
    if isOwnLook(at: file) { return }
    // edk2 asks for the size first, and breaks that off itself.
    guard code == 1 || !expected.has(file) else {
      if code != 0, code != 8 { fail("the TFTP server refused \(file): \(message)") }
      return
    }
    let who =
      isRead && programHasAsked ? "\(program) asked for" : "the \(name) firmware was offered"
    if expected.has(file) {
      fail(
        "\(who) \(file), and the TFTP server does not find it: \(message)",
        "see which folder the TFTP server serves, and who may read the file")
    } else {
      let right = file == program ? "" : "; the tree has \(program) for it"
      fail(
        "\(who) \(file), which the tree does not have\(right) (\(Self.screenCode))",
        "see what the DHCP server offers architecture \(architecture)")
    }
  }

  // MARK: HTTP

  /// What iPXE calls itself: "iPXE/1.21.1+".
  private static let agent = "iPXE/"

  private mutating func requested(_ path: String, _ agent: String) {
    if !agent.hasPrefix(Self.agent) {
      reading = Self.path(path)
    } else if !isRead {
      fail(
        "\(program) was never read: an iPXE in the network card's ROM went to \(Self.path(path))",
        "take a card without iPXE, or a DHCP server that does not know the ROM by its user class")
    } else {
      requested = Self.path(path)
    }
  }

  private mutating func responded(
    _ path: String, _ agent: String, _ status: Int, _ seconds: Double
  ) {
    let file = Self.path(path)
    guard agent.hasPrefix(Self.agent) else {
      if (200..<300).contains(status) { return read(self.file(ofURL: path), nil) }
      return fail(
        "the \(name) firmware was offered \(path), and the HTTP server answered \(status)",
        "see what the DHCP server offers architecture \(architecture)")
    }
    switch status {
    case 200..<300: proven(file, version: String(agent.dropFirst(Self.agent.count)), seconds)
    case 404 where isOwnLook(at: file): requested = nil
    case 404 where !expected.has(self.file(ofURL: path)):
      fail(
        "\(program) started and asked for \(file), which the tree does not have: 404",
        "see what its script names, and whether it is built: pxebuild all")
    default: fail("\(program) started and asked for \(file): the HTTP server answered \(status)")
    }
  }

  private mutating func proven(_ request: String, version: String, _ seconds: Double) {
    if expected.holds(program, version) == false {
      return fail(
        "what asked for \(request) calls itself iPXE \(version), which is not the \(program) of the tree",
        "see whether another iPXE, in a ROM or on a disk, comes first")
    }
    verdict = .passed(
      BootEvidence(
        file: expected.method == .usb ? nil : program, bytes: bytes, request: request,
        version: version, seconds: seconds))
  }

  // MARK: The end

  /// Judges a boot that has come to no end by itself. The machine was switched off, or time was up.
  ///
  /// - Parameter how: "within 120 seconds", "before the machine ended".
  public mutating func end(_ how: String) {
    guard verdict == .running else { return }
    let (message, advice) = standstill
    fail("\(message) \(how)", advice)
  }

  private var standstill: (String, String?) {
    if let requested { return ("the HTTP server gave no answer for \(requested)", nil) }
    if programHasAsked {
      guard programIsAnswered else {
        return ("\(program) started, and no DHCP server answered it", nil)
      }
      guard let programFile else {
        return (
          "\(program) started and got an address, and was told nothing to load",
          "see what the DHCP server says to the user class iPXE"
        )
      }
      return ("\(program) started, was told to load \(programFile), and did not ask for it", nil)
    }
    if expected.method == .usb {
      return ("the machine did not start from \(program), or its script uses no network,", nil)
    }
    if isRead { return (notStarted, startAdvice) }
    if let reading { return ("the \(name) firmware did not get \(reading) to its end", nil) }
    guard hasAsked else { return ("the machine did not ask for an address", nil) }
    guard isAnswered else {
      return (
        "no DHCP server answered the \(name) firmware",
        "see whether its subnet and its range have an address to give"
      )
    }
    guard let offered else {
      return (
        "the \(name) firmware got an address, and was offered nothing to boot"
          + (hasMenu ? " but a boot server that did not answer" : ""),
        "see what the DHCP server offers architecture \(architecture)"
      )
    }
    return ("the \(name) firmware was offered \(offered) and did not ask for it", nil)
  }

  // MARK: Names

  /// A name in a TFTP or HTTP request as a path of the tree: without the slashes before it.
  private static func path(_ name: String) -> String { String(name.drop { $0 == "/" }) }

  /// A URL's path as a path of the tree.
  private func file(ofURL path: String) -> String {
    let authority = expected.http.range(after: "://").split(separator: "/", maxSplits: 1)
    let prefix = authority.count > 1 ? "/\(authority[1])" : ""
    let name = path.hasPrefix(prefix) ? path.dropFirst(prefix.count) : path[...]
    return Self.path(Self.decoded(name.prefix { $0 != "?" }))
  }

  private static func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension String {
  /// What stands after a mark; the whole text where there is none.
  fileprivate func range(after mark: String) -> Substring {
    firstRange(of: mark).map { self[$0.upperBound...] } ?? self[...]
  }
}
