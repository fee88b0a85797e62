/// How far a boot has come, by what was seen of it in order, and the first thing that went wrong.
struct BootProgress: Sendable {
  let expected: BootExpectation

  var hasAsked = false
  var isAnswered = false
  /// The file that the firmware was offered last.
  var offered: String?
  /// A boot server with a menu of its own was named.
  var hasMenu = false
  /// A file named in an answer without an address or a server.
  var fileWithoutServer: String?
  /// The file that the firmware is reading.
  var reading: String?
  /// The program is read, and so large.
  var isRead: Bool
  var bytes: Int64?
  var sha256: String?
  var programHasAsked = false
  var programIsAnswered = false
  var programFile: String?
  var programFileWithoutServer: String?
  /// What the program asked the HTTP server for.
  var requested: String?

  init(_ expected: BootExpectation) {
    self.expected = expected
    isRead = expected.method.isMedium
  }

  private var program: String { expected.program }

  /// What an event leads to.
  enum Step: Sendable, Equatable {
    case goesOn
    /// The program has got something from the HTTP server.
    case started(request: String, version: String)
    case fault(BootFault)
  }

  mutating func see(_ event: NetworkEvent) -> Step {
    switch event {
    case .asked(let client): return asked(client)
    case .answered(let client, let answer):
      answered(client, answer)
      return .goesOn
    case .readStarted(let file):
      if expected.method == .http, !isRead { return .fault(.otherWay("PXE")) }
      reading = SitePath.path(ofFile: file)
      return .goesOn
    case .readFinished(let file, let count, let sha256):
      return read(SitePath.path(ofFile: file), count, sha256)
    case .readFailed(let file, let code, let message):
      return refused(SitePath.path(ofFile: file), code, message)
    case .requested(let path, let agent): return requested(path, agent)
    case .responded(let path, let agent, let status, let bytes):
      return responded(path, agent, status, bytes)
    case .refused(let address, let port): return .fault(.httpDown(address: address, port: port))
    case .mounted: return .goesOn
    }
  }

  // MARK: DHCP

  private mutating func asked(_ client: NetworkEvent.Client) -> Step {
    if client.isIPXE {
      programHasAsked = true
    } else if expected.method.isMedium {
      // The firmware has gone on to the network.
      return .fault(programHasAsked ? .otherWay("PXE") : .notStarted)
    } else if isRead, !programHasAsked {
      // The firmware is back: what it has read did not start, or gave up at once.
      return .fault(.notStarted)
    } else if expected.method == .pxe, let number = client.architecture,
      number == expected.firmware.httpArchitecture
    {
      return .fault(.otherWay("HTTP"))
    }
    hasAsked = true
    return .goesOn
  }

  private mutating func answered(_ client: NetworkEvent.Client, _ answer: NetworkEvent.Answer) {
    // With an address, a URL says by itself where it is; without one, iPXE takes no notice of such an answer.
    let isURL = answer.file?.contains("://") ?? false
    let needsServer = answer.server == nil && (answer.address == nil || !isURL)
    if client.isIPXE {
      programIsAnswered = programIsAnswered || answer.address != nil
      if needsServer {
        programFileWithoutServer = answer.file ?? programFileWithoutServer
      } else {
        programFile = answer.file ?? programFile
      }
    } else {
      isAnswered = true
      if needsServer {
        fileWithoutServer = answer.file ?? fileWithoutServer
      } else {
        offered = answer.file ?? offered
      }
      hasMenu = hasMenu || answer.hasMenu
    }
  }

  // MARK: The program

  /// iPXE for UEFI looks for a script of this name beside itself, and does without it.
  private func isOwnLook(at file: String) -> Bool {
    isRead && file.split(separator: "/").last == "autoexec.ipxe"
  }

  private mutating func read(_ file: String, _ count: Int64?, _ sha256: String?) -> Step {
    if isOwnLook(at: file) { return .goesOn }
    if isRead, programHasAsked { return file == program ? .fault(.loop) : .goesOn }
    reading = nil
    guard file == program else { return .fault(.otherProgram(file)) }
    bytes = count ?? bytes
    if isRead { return .fault(.notStarted) }
    isRead = true
    self.sha256 = sha256
    let found = expected.found
    if let sha256, let found, sha256 != found.hex { return .fault(.otherBytes(bytes: count)) }
    if let count, let found, count != found.size { return .fault(.otherBytes(bytes: count)) }
    return .goesOn
  }

  private mutating func refused(_ file: String, _ code: Int, _ message: String) -> Step {
    if isOwnLook(at: file) { return .goesOn }
    // edk2 asks for the size first, and breaks that off itself.
    guard code == 1 || !expected.has(file) else {
      return code == 0 || code == 8
        ? .goesOn : .fault(.readRefused(file, reason: message))
    }
    let byProgram = isRead && programHasAsked
    return .fault(
      expected.has(file)
        ? .notServed(file, byProgram: byProgram, reason: message)
        : .notInTree(file, byProgram: byProgram))
  }

  // MARK: HTTP

  /// What iPXE calls itself: "iPXE/1.21.1+".
  private static let agent = "iPXE/"

  private mutating func requested(_ path: String, _ agent: String) -> Step {
    if !agent.hasPrefix(Self.agent) {
      if expected.method == .pxe, !isRead { return .fault(.otherWay("HTTP")) }
      reading = SitePath.path(ofFile: path)
    } else if !isRead {
      return .fault(.skippedProgram(request: SitePath.path(ofFile: path)))
    } else {
      requested = SitePath.path(ofFile: path)
    }
    return .goesOn
  }

  private mutating func responded(
    _ path: String, _ agent: String, _ status: Int, _ bytes: Int64?
  ) -> Step {
    let file = SitePath.path(ofFile: path)
    guard agent.hasPrefix(Self.agent) else {
      if (200..<300).contains(status) { return read(self.file(ofURL: path), bytes, nil) }
      return .fault(.httpStatus(path, status: status, byProgram: false))
    }
    switch status {
    case 200..<300:
      return .started(request: file, version: String(agent.dropFirst(Self.agent.count)))
    case 404 where isOwnLook(at: file):
      requested = nil
      return .goesOn
    case 404 where !expected.has(self.file(ofURL: path)):
      return .fault(.notInTree(file, byProgram: true))
    default: return .fault(.httpStatus(file, status: status, byProgram: true))
    }
  }

  // MARK: The end

  /// Where a boot stands that goes no further.
  var standstill: BootFault {
    if let requested { return .httpSilent(requested) }
    if programHasAsked {
      if let file = programFileWithoutServer, programFile == nil {
        return .noServer(file: file, toProgram: true)
      }
      guard programIsAnswered else { return .noAnswer(toProgram: true) }
      guard let programFile else { return .nothingOffered(toProgram: true, hasMenu: false) }
      return .notAskedFor(programFile, byProgram: true)
    }
    if expected.method.isMedium { return .noSign }
    if isRead { return .notStarted }
    if let reading { return .notFinished(reading) }
    guard hasAsked else { return .noQuestion }
    guard isAnswered else { return .noAnswer(toProgram: false) }
    if let file = fileWithoutServer, offered == nil {
      return .noServer(file: file, toProgram: false)
    }
    guard let offered else { return .nothingOffered(toProgram: false, hasMenu: hasMenu) }
    return .notAskedFor(offered, byProgram: false)
  }

  // MARK: Names

  /// A URL's path as a path of the tree.
  private func file(ofURL path: String) -> String {
    let authority = expected.http.range(after: "://").split(separator: "/", maxSplits: 1)
    let prefix = authority.count > 1 ? "/\(authority[1])" : ""
    let name = path.hasPrefix(prefix) ? path.dropFirst(prefix.count) : path[...]
    return SitePath.path(ofFile: SitePath.decoded(name.prefix { $0 != "?" }))
  }
}

extension String {
  /// What stands after a mark; the whole text where there is none.
  fileprivate func range(after mark: String) -> Substring {
    firstRange(of: mark).map { self[$0.upperBound...] } ?? self[...]
  }
}
