import BootLab

/// What a DHCP server offers to all kinds of machines, and what is wrong with it.
struct DHCPCheckReport: Sendable {
  /// Who was asked: the config's path, or a server's address.
  let subject: String
  let offers: [CheckedOffer]
  /// What is to be said of all answers together.
  let common: [OfferFinding]

  init(
    _ answers: [DHCPAnswers], of subject: String, wanted: String?, on network: String,
    _ site: OfferExpectation
  ) {
    self.subject = subject
    let check = OfferCheck(site)
    common = check.common(answers, wanted: wanted, on: network)
    let isAnswered = answers.contains { !$0.offers.isEmpty }
    // Where nobody answers at all, that is the one thing to say.
    offers = isAnswered ? answers.map { check.check($0) } : []
  }

  var isRight: Bool {
    !common.contains { $0.severity == .error } && !offers.contains { $0.state == .wrong }
  }

  func count(_ state: CheckedOffer.State) -> Int { offers.count { $0.state == state } }

  // MARK: For people

  /// - Parameter isVerbose: With each server's own words.
  func lines(_ style: Style, isVerbose: Bool, seconds: Double) -> [String] {
    var lines = common.flatMap { Self.lines($0, style) }
    for group in groups { lines += self.lines(group, style, isVerbose: isVerbose) }
    let counts = [
      (count(.right), "right"), (count(.wrong), "wrong"), (count(.nothing), "without an offer"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    let what = counts.isEmpty ? "nobody answers" : counts.joined(separator: ", ")
    return lines + ["done: \(what), from \(subject.printable()); \(durationText(seconds))"]
  }

  /// Offers that differ in the machine alone: an iPXE is mostly told the same on all of them.
  private var groups: [[CheckedOffer]] {
    var groups: [[CheckedOffer]] = []
    for offer in offers {
      if offer.question.isIPXE, offer.findings.isEmpty,
        let same = groups.firstIndex(where: { $0[0].isLike(offer) })
      {
        groups[same].append(offer)
      } else {
        groups.append([offer])
      }
    }
    // Firmware first, as machines come by.
    return groups.filter { !$0[0].question.isIPXE } + groups.filter { $0[0].question.isIPXE }
  }

  private func lines(_ group: [CheckedOffer], _ style: Style, isVerbose: Bool) -> [String] {
    let first = group[0]
    let state =
      switch first.state {
      case .right: style(.green, "right  ")
      case .wrong: style(.boldRed, "wrong  ")
      case .nothing: style(.yellow, "nothing")
      }
    let name = title(group).padded(toColumns: 28)
    var lines = ["  \(state)  \(name)  \(first.text)"]
    lines += first.findings.flatMap { Self.lines($0, style) }
    if isVerbose { lines += first.answers.lines.map { "             \(style(.dim, $0))" } }
    return lines
  }

  private func title(_ group: [CheckedOffer]) -> String {
    let machines = group.compactMap { $0.machine }
    guard group[0].question.isIPXE else { return machines.first?.title ?? "" }
    let all = offers.count { $0.question.isIPXE }
    if group.count == all { return "iPXE on any of them" }
    return "iPXE on \(machines.map(\.title).joined(separator: ", "))"
  }

  private static func lines(_ finding: OfferFinding, _ style: Style) -> [String] {
    let label =
      finding.severity == .error ? style(.boldRed, "error:") : style(.yellow, "warning:")
    var lines = ["             \(label) \(finding.message.printable())"]
    if let advice = finding.advice {
      lines.append("             \(style(.dim, "fix:")) \(advice.printable())")
    }
    return lines
  }

  // MARK: For programs

  /// The events of docs/json.md.
  func json(at seconds: Double) -> [JSON] {
    offers.map { $0.json(at: seconds, subject: subject) } + [
      .object([
        "event": .string("dhcp-check-summary"), "time": .seconds(seconds),
        "of": .string(subject), "right": .integer(Int64(count(.right))),
        "wrong": .integer(Int64(count(.wrong))), "nothing": .integer(Int64(count(.nothing))),
        "findings": .array(common.map(\.json)),
      ])
    ]
  }
}

extension CheckedOffer {
  var machine: AskedArchitecture? {
    question.architecture.flatMap(AskedArchitecture.init(rawValue:))
  }

  fileprivate func isLike(_ other: CheckedOffer) -> Bool {
    question.isIPXE == other.question.isIPXE && file == other.file && server == other.server
      && findings == other.findings
  }

  /// "undionly.kpxe from 10.0.0.200, in the tree".
  fileprivate var text: String {
    guard let file else {
      return state == .wrong ? "nothing" : "the tree has nothing for it either"
    }
    var text = file.printable()
    if let server { text += " from \(server.printable())" }
    if let boot = answers.bootServer, answers.told != nil {
      text += " by way of the boot server \(boot)"
    }
    switch place {
    case .inTree: text += ", in the tree"
    case .notInTree: text += ", not in the tree"
    case .elsewhere, nil: break
    }
    return text
  }

  fileprivate func json(at seconds: Double, subject: String) -> JSON {
    var inTree: JSON?
    switch place {
    case .inTree: inTree = .bool(true)
    case .notInTree: inTree = .bool(false)
    case .elsewhere, nil: break
    }
    return .object([
      "event": .string("dhcp-offer"), "time": .seconds(seconds), "of": .string(subject),
      "architecture": question.architecture.map { .integer(Int64($0)) },
      "machine": machine.map { .string($0.name) }, "ipxe": .bool(question.isIPXE),
      "state": .string(state.rawValue), "file": file.map(JSON.string),
      "server": server.map(JSON.string), "inTree": inTree,
      "bootServer": answers.bootServer.map(JSON.string),
      "answers": .array((answers.offers + [answers.told].compactMap(\.self)).map(\.json)),
      "findings": .array(findings.map(\.json)),
    ])
  }
}

extension OfferFinding {
  fileprivate var json: JSON {
    .object([
      "severity": .string(severity.rawValue), "message": .string(message),
      "advice": advice.map(JSON.string),
    ])
  }
}

extension DHCPAnswers {
  /// Each answer on a line, in the fields' own names.
  fileprivate var lines: [String] {
    offers.map { "offer of \($0.text)" } + (told.map { ["boot server \($0.text)"] } ?? [])
  }
}

extension DHCPReply {
  fileprivate var text: String {
    let fields: [(String, String?)] = [
      ("address", address), ("next-server", nextServer), ("file", file),
      ("option 54", identifier), ("option 60", vendorClass), ("option 66", serverName),
      ("option 43", vendorOptions.map { "\($0.count) bytes" }),
    ]
    let words = fields.compactMap { name, value in value.map { "\(name) \($0.printable())" } }
    return "\(sender):\(senderPort): " + words.joined(separator: ", ")
  }

  fileprivate var json: JSON {
    .object([
      "from": .string(sender), "port": .integer(Int64(senderPort)),
      "address": address.map(JSON.string), "nextServer": nextServer.map(JSON.string),
      "file": file.map(JSON.string), "identifier": identifier.map(JSON.string),
      "vendorClass": vendorClass.map(JSON.string), "serverName": serverName.map(JSON.string),
      "vendorOptions": vendorOptions.map { bytes in
        .string(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
      },
    ])
  }
}
