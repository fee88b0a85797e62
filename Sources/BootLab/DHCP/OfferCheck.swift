/// Compares what DHCP servers offer with what a site has.
public struct OfferCheck: Sendable {
  let site: OfferExpectation

  public init(_ site: OfferExpectation) { self.site = site }

  /// Looks at the answers to one machine.
  public func check(_ answers: DHCPAnswers) -> CheckedOffer {
    var offer = CheckedOffer(answers: answers)
    let reply = answers.withFile
    if let reply, let file = reply.file {
      offer.file = file
      offer.place = place(of: file)
      if !file.contains("://") { offer.server = reply.fileServer }
    }
    let architecture =
      answers.question.architecture.flatMap(AskedArchitecture.init(rawValue:)) ?? .bios
    if answers.question.isIPXE {
      offer.findings = IPXEOfferCheck(site: site, machine: architecture).findings(offer, reply)
    } else {
      offer.findings = FirmwareOfferCheck(site: site, machine: architecture).findings(offer, reply)
    }
    offer.findings += contradictions(answers)
    return offer
  }

  /// Two servers that offer different files to one machine.
  private func contradictions(_ answers: DHCPAnswers) -> [OfferFinding] {
    let files = answers.offers.filter { $0.file != nil }
    guard let first = files.first, let other = files.first(where: { $0.file != first.file }) else {
      return []
    }
    return [
      OfferFinding(
        .error,
        "two servers offer it different files: \(first.sender) \(first.file ?? ""), "
          + "\(other.sender) \(other.file ?? "")",
        "let one of them alone say what to boot")
    ]
  }

  /// What is to be said of all answers together.
  ///
  /// - Parameters:
  ///   - wanted: The server that was meant to answer.
  ///   - network: Where it was asked: "eth0", "the lab".
  public func common(_ answers: [DHCPAnswers], wanted: String?, on network: String)
    -> [OfferFinding]
  {
    let all = answers.flatMap(\.offers)
    guard !all.isEmpty else {
      return [
        OfferFinding(
          .error, "no DHCP server answers on \(network)",
          "see whether it runs, listens on that network and has addresses left in its range; a "
            + "firewall has to let UDP port 67 in")
      ]
    }
    var findings: [OfferFinding] = []
    if let wanted, !all.contains(where: { $0.isFrom(wanted) }) {
      let others = Self.list(all.map(\.sender))
      findings.append(
        OfferFinding(
          .error,
          "\(wanted) does not answer; \(others) \(others.contains(" and ") ? "do" : "does")",
          "see whether a DHCP server runs on \(wanted) and listens on that network"))
    }
    let lessors = Set(all.filter { $0.address != nil }.map(\.sender))
    if lessors.count > 1 {
      findings.append(
        OfferFinding(
          .error, "\(lessors.count) servers hand out addresses: \(Self.list(Array(lessors)))",
          "a machine takes whichever answers first: switch the others off, or let the site's server be a "
            + "proxy (mode: proxy)"))
    }
    return findings
  }

  /// "10.0.0.1, 10.0.0.2 and 10.0.0.3", in order.
  private static func list(_ names: [String]) -> String {
    let sorted = Set(names).sorted()
    guard let last = sorted.last, sorted.count > 1 else { return sorted.first ?? "" }
    return sorted.dropLast().joined(separator: ", ") + " and " + last
  }

  /// Where an offered file is.
  private func place(of file: String) -> CheckedOffer.Place {
    if file.contains("://") {
      guard let http = site.http, let path = SitePath.path(ofURL: file, below: http) else {
        return .elsewhere
      }
      return site.has(path) ? .inTree(path) : .notInTree(path)
    }
    let path = SitePath.path(ofFile: file)
    return site.has(path) ? .inTree(path) : .notInTree(path)
  }
}

extension DHCPAnswers {
  /// The answer that says what to boot.
  public var withFile: DHCPReply? {
    offers.first { $0.file != nil } ?? told.flatMap { $0.file == nil ? nil : $0 }
  }
}

extension DHCPReply {
  func isFrom(_ server: String) -> Bool { sender == server || identifier == server }
}
