/// What is wrong with what an iPXE is told to load.
struct IPXEOfferCheck {
  let site: OfferExpectation
  /// What it runs on.
  let machine: AskedArchitecture

  private var who: String { "iPXE on \(machine.title)" }

  func findings(_ offer: CheckedOffer, _ reply: DHCPReply?) -> [OfferFinding] {
    guard let file = offer.file, let reply else {
      if offer.answers.offers.isEmpty {
        return [
          OfferFinding(
            .error, "nobody answers \(who)",
            "see whether the DHCP server answers the user class iPXE (option 77)")
        ]
      }
      return [
        OfferFinding(
          .error, "\(who) is told nothing to load: it says Nothing to boot",
          "let the DHCP server send the user class iPXE (option 77) to a script")
      ]
    }
    var findings: [OfferFinding] = []
    switch offer.place {
    case .inTree(let path) where !site.architectures(of: path).isEmpty:
      findings.append(
        OfferFinding(
          .error,
          "\(who) is offered \(file) again: one without a script of its own loads itself for ever",
          "let the DHCP server send the user class iPXE (option 77) to a script, before it looks at the "
            + "architecture"))
    case .inTree, nil: break
    case .notInTree(let path):
      findings.append(
        OfferFinding(
          .error, "\(who) is sent to \(file); the tree has no \(path)",
          "build it, or let the DHCP server send iPXE to a script that is there"))
    case .elsewhere:
      findings.append(
        OfferFinding(
          .warning,
          "\(who) is sent to \(file), which is not below \(site.http ?? "site.http"): "
            + "whether it is there was not looked at"))
    }
    if reply.address == nil, reply.fileServer == nil {
      findings.append(
        OfferFinding(
          .error, "the proxy's answer to \(who) names no server: it says Nothing to boot",
          "give the answer a server's address, in dnsmasq dhcp-boot=tag:ipxe,URL,,"
            + (site.server ?? "ADDRESS")))
    }
    return findings
  }
}
