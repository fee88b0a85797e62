/// What is wrong with what a machine's firmware is offered.
struct FirmwareOfferCheck {
  let site: OfferExpectation
  let machine: AskedArchitecture

  private var number: Int { machine.rawValue }
  /// The boot program for it.
  private var program: String? { site.program(number) }
  private var who: String { "\(machine.name) firmware (\(number))" }

  func findings(_ offer: CheckedOffer, _ reply: DHCPReply?) -> [OfferFinding] {
    guard let file = offer.file, let reply else { return nothing(offer.answers) }
    if let wrongKind = wrongKind(file) { return [wrongKind] }
    var findings: [OfferFinding] = []
    switch offer.place {
    case .notInTree(let path): findings.append(missing(file, path))
    case .inTree(let path): findings += foreign(file, path)
    case .elsewhere: findings.append(elsewhere(file))
    case nil: break
    }
    return findings + (machine.isHTTP ? httpAnswer(reply) : fileServer(file, reply))
  }

  // MARK: No file

  private func nothing(_ answers: DHCPAnswers) -> [OfferFinding] {
    guard let program else { return [] }
    if let server = answers.bootServer {
      if answers.told != nil {
        return [
          OfferFinding(
            .error,
            "\(who) is sent to the boot server \(server), which names no file; "
              + "the tree has \(program)\(says("PXE-E55", "PXE-E16"))",
            "let it offer architecture \(number) \(program)")
        ]
      }
      return [
        OfferFinding(
          .error,
          "\(who) is sent to the boot server \(server), which does not answer on UDP port "
            + "4011\(says("PXE-E55", "PXE-E16"))",
          "see whether the proxy runs, and let UDP port 4011 through the firewall")
      ]
    }
    guard !answers.offers.isEmpty else {
      return [
        OfferFinding(
          .error, "nobody answers \(who); the tree has \(program)\(says("PXE-E51", "PXE-E16"))",
          "see whether the DHCP server knows architecture \(number)")
      ]
    }
    return [
      OfferFinding(
        .error,
        "\(who) is offered nothing to boot; the tree has \(program)\(says("PXE-E53", "PXE-E16"))",
        "let the DHCP server offer architecture \(number) \(program)")
    ]
  }

  /// What the machine shows.
  private func says(_ bios: String, _ efi: String) -> String {
    machine.isHTTP ? "" : ": the machine says \(machine == .bios ? bios : efi)"
  }

  // MARK: A file

  /// A path for what wants a URL, and the other way round.
  private func wrongKind(_ file: String) -> OfferFinding? {
    let isURL = file.contains("://")
    if machine.isHTTP, !isURL {
      return OfferFinding(
        .error, "\(who) is offered \(file), a path for TFTP; it takes nothing but a URL",
        program.flatMap(url).map { "let the DHCP server offer architecture \(number) \($0)" }
          ?? "let the DHCP server offer architecture \(number) nothing")
    }
    guard !machine.isHTTP, isURL else { return nil }
    return OfferFinding(
      .error,
      "\(who) is offered \(file), a URL; it reads by TFTP alone"
        + says("PXE-T01 and PXE-E3B", "PXE-E23"),
      program.map { "let the DHCP server offer architecture \(number) \($0)" }
        ?? "let the DHCP server offer architecture \(number) nothing")
  }

  private func url(_ path: String) -> String? { site.http.map { "\($0)/\(path)" } }

  private func missing(_ file: String, _ path: String) -> OfferFinding {
    let has = program.map { "the tree has \($0)" } ?? "the tree has nothing for it"
    let advice =
      if let program {
        "let the DHCP server offer architecture \(number) \(program), or put the file where the offer says"
      } else { "let the DHCP server offer architecture \(number) nothing, or build \(path)" }
    return OfferFinding(
      .error, "\(who) is offered \(file); \(has)\(says("PXE-T01 and PXE-E3B", "PXE-E23"))", advice)
  }

  /// A file that is for other machines.
  private func foreign(_ file: String, _ path: String) -> [OfferFinding] {
    let others = site.architectures(of: path)
    guard path != program, let other = others.first, !others.contains(machine) else { return [] }
    let advice =
      program.map { "let the DHCP server offer architecture \(number) \($0)" }
      ?? "let the DHCP server offer architecture \(number) nothing until there is a target for it"
    return [
      OfferFinding(
        .error, "\(who) is offered \(file), the program for \(other.name): it cannot start that",
        advice)
    ]
  }

  private func elsewhere(_ file: String) -> OfferFinding {
    OfferFinding(
      .warning,
      "\(who) is offered \(file), which is not below \(site.http ?? "site.http"): "
        + "whether it is there was not looked at")
  }

  private func httpAnswer(_ reply: DHCPReply) -> [OfferFinding] {
    if reply.vendorClass?.hasPrefix("HTTPClient") == true { return [] }
    return [
      OfferFinding(
        .error, "the answer to \(who) has no option 60 HTTPClient: the firmware passes over it",
        "let the DHCP server send vendor-class-identifier \"HTTPClient\" to architecture \(number)")
    ]
  }

  /// Where it would fetch the file.
  private func fileServer(_ file: String, _ reply: DHCPReply) -> [OfferFinding] {
    guard let server = reply.fileServer else {
      return [
        OfferFinding(
          .error, "\(who) is offered \(file), and no server to fetch it from",
          "let the DHCP server name one: next-server"
            + (site.server.map { " \($0)" } ?? ""))
      ]
    }
    guard let own = site.server, server != own,
      server.allSatisfy({ $0.isNumber || $0 == "." })
    else { return [] }
    return [
      OfferFinding(
        .error, "\(who) is offered \(file) from \(server); the tree is served by \(own)",
        "set next-server to \(own)")
    ]
  }
}
