import BuildEngine

/// What servers say to one machine.
public struct DHCPAnswers: Sendable, Equatable {
  public var question: DHCPQuestion
  /// The answers to its DISCOVER, in the order in which they came.
  public var offers: [DHCPReply] = []
  /// The boot server that an offer without a file sends it to; nil when none does.
  public var bootServer: String?
  /// What that said on UDP port 4011; nil when it said nothing.
  public var told: DHCPReply?

  public init(_ question: DHCPQuestion) { self.question = question }
}

/// Asks on behalf of many machines, and follows them to the boot server where firmware would.
public enum DHCPInterview {
  /// - Parameter ownAddress: Of this machine on that network; without one no boot server can answer.
  /// - Throws: `BuildError` as `DHCPClient` does.
  public static func run(
    _ questions: [DHCPQuestion], interface: String, ownAddress: UInt32?,
    patience: DHCPClient.Patience = .init()
  ) throws(BuildError) -> [DHCPAnswers] {
    let client = try DHCPClient(interface: interface)
    let offers = try client.ask(questions, patience: patience)
    var result = questions.map { DHCPAnswers($0) }
    for index in result.indices { result[index].offers = offers[index] }
    let sentOn = result.indices.filter { result[$0].sendsOn != nil }
    let further = sentOn.map { index in
      var question = questions[index]
      let menu = PXEMenu(result[index].sendsOn?.vendorOptions?[...] ?? [])
      let server = result[index].addressOfBootServer(menu)
      result[index].bootServer = Frame.text(server)
      question.bootServer = .init(
        address: server, ownAddress: ownAddress ?? 0, item: menu.item)
      return question
    }
    guard !further.isEmpty, ownAddress != nil else { return result }
    let told = try client.ask(further, patience: .init(first: 2, each: 1, together: 2, after: 0))
    for (index, replies) in zip(sentOn, told) { result[index].told = replies.first }
    return result
  }
}

extension DHCPAnswers {
  /// The offer that names a boot server in place of a file, where no other one names a file.
  var sendsOn: DHCPReply? {
    offers.contains { $0.file != nil } ? nil : offers.first { $0.wantsBootServer }
  }

  /// One machine's address: what the network says may be any number.
  fileprivate func addressOfBootServer(_ menu: PXEMenu) -> UInt32 {
    let offer = sendsOn
    let named = [menu.server, offer?.identifier.flatMap(Self.number)].compactMap(\.self)
    return named.first { (1..<224).contains($0 >> 24) } ?? offer.flatMap { Self.number($0.sender) }
      ?? 0
  }

  private static func number(_ address: String) -> UInt32? {
    let parts = address.split(separator: ".").compactMap { UInt8($0) }
    return parts.count == 4 ? Array(parts).long(0) : nil
  }
}

// MARK: Between processes

extension DHCPAnswers {
  /// The answers as lines of a process's output; `read` understands them.
  ///
  /// - Parameter index: The question's place.
  public func lines(_ index: Int) -> [String] {
    func line(_ kind: String, _ reply: DHCPReply) -> String {
      "\(kind) \(index) \(reply.sender) \(reply.senderPort) \(Self.hexadecimal(reply.bytes))"
    }
    return offers.map { line("offer", $0) } + (bootServer.map { ["asked \(index) \($0)"] } ?? [])
      + (told.map { [line("told", $0)] } ?? [])
  }

  /// Puts lines together again. What is no such line says nothing.
  public static func read(_ lines: some Sequence<String>, _ questions: [DHCPQuestion]) -> [Self] {
    var result = questions.map { Self($0) }
    for line in lines {
      let words = line.split(separator: " ").map(String.init)
      guard words.count >= 3, let index = Int(words[1]), result.indices.contains(index) else {
        continue
      }
      let reply = words.count == 5 ? reply(words) : nil
      switch words[0] {
      case "offer": if let reply { result[index].offers.append(reply) }
      case "told": result[index].told = reply
      case "asked": result[index].bootServer = words[2]
      default: break
      }
    }
    return result
  }

  private static func reply(_ words: [String]) -> DHCPReply? {
    let digits = Array(words[4].utf8)
    guard digits.count % 2 == 0, let port = Int(words[3]) else { return nil }
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: digits.count, by: 2) {
      let pair = String(decoding: digits[start..<(start + 2)], as: UTF8.self)
      guard let byte = UInt8(pair, radix: 16) else { return nil }
      bytes.append(byte)
    }
    return DHCPReply(bytes, from: words[2], port: port)
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
