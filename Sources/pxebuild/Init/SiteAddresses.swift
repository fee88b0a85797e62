import Recipes

/// The addresses of a site, complete and free of contradictions.
struct SiteAddresses: Sendable, Equatable {
  var server: IPv4Address
  var subnet: IPv4Subnet
  var router: IPv4Address
  var dns: [IPv4Address]
  var range: ClosedRange<IPv4Address>
  var interface: String

  /// What a person said, as they said it; nil where nothing was said.
  struct Answers: Sendable {
    var server: String
    var subnet: String?
    var router: String?
    /// Addresses with commas between them.
    var dns: String?
    /// "FIRST-LAST" or "FIRST,LAST".
    var range: String?
    var interface: String?
  }

  /// Every problem with the answers, at least one.
  struct Problems: Error, Equatable {
    var messages: [String]
  }

  /// Fills in what was not said: from this machine's own network when the server is this machine,
  /// else from the server's address and the subnet.
  init(_ answers: Answers, on local: LocalNetwork) throws(Problems) {
    var problems: [String] = []
    func read<Value>(_ body: () throws(AddressProblem) -> Value) -> Value? {
      do {
        return try body()
      } catch {
        problems.append(error.message)
        return nil
      }
    }
    let server = read { () throws(AddressProblem) in try IPv4Address(checking: answers.server) }
    let givenSubnet = answers.subnet.map { text in
      read { () throws(AddressProblem) in try IPv4Subnet(checking: text) }
    }
    let givenRouter = answers.router.map { text in
      read { () throws(AddressProblem) in try IPv4Address(checking: text) }
    }
    let givenRange = answers.range.map { text in
      read { () throws(AddressProblem) in try Self.range(text) }
    }
    let givenDNS = answers.dns.map { text in
      read { () throws(AddressProblem) in try Self.list(text) }
    }
    if let name = answers.interface, let problem = Self.interfaceProblem(name) {
      problems.append(problem)
    }
    guard let server, problems.isEmpty else { throw Problems(messages: problems) }

    let own = local.interface(with: server)
    subnet = (givenSubnet ?? nil) ?? Self.subnet(of: server, own)
    self.server = server
    let ownRouter = own != nil && own?.name == local.defaultRoute?.interface
    let routerOnLink = ownRouter ? local.defaultRoute?.router : nil
    router =
      (givenRouter ?? nil)
      ?? routerOnLink.flatMap { [subnet] in subnet.hosts.contains($0) ? $0 : nil }
      ?? (server == subnet.hosts.lowerBound ? subnet.hosts.upperBound : subnet.hosts.lowerBound)
    dns = (givenDNS ?? nil) ?? [router]
    interface = answers.interface ?? own?.name ?? local.likelyServer?.name ?? "eth0"
    let freeRange = Self.freeRange(in: subnet, without: [server, router])
    range = (givenRange ?? nil) ?? freeRange ?? (subnet.hosts.upperBound...subnet.hosts.upperBound)
    problems = contradictions(hasFreeRange: freeRange != nil || givenRange != nil)
    guard problems.isEmpty else { throw Problems(messages: problems) }
  }

  private func contradictions(hasFreeRange: Bool) -> [String] {
    var problems: [String] = []
    for (name, address) in [("server", server), ("router", router)]
    where !subnet.hosts.contains(address) {
      problems.append(
        "the \(name) \(address) is not a machine of the subnet \(subnet)"
          + " (\(subnet.hosts.lowerBound) to \(subnet.hosts.upperBound))")
    }
    guard problems.isEmpty else { return problems }
    guard hasFreeRange else {
      return ["the subnet \(subnet) has no address left to give out: say one with --subnet"]
    }
    for address in [range.lowerBound, range.upperBound] where !subnet.hosts.contains(address) {
      problems.append(
        "the range ends at \(address), which is not a machine of the subnet \(subnet)"
          + " (\(subnet.hosts.lowerBound) to \(subnet.hosts.upperBound))")
    }
    for (name, address) in [("server", server), ("router", router)] where range.contains(address) {
      problems.append(
        "the range \(range.lowerBound) to \(range.upperBound) would give away the \(name)'s own"
          + " address \(address)")
    }
    return problems
  }

  /// The interface's own subnet if a site fits into it, else the 256 addresses around the server.
  private static func subnet(of server: IPv4Address, _ own: LocalNetwork.Interface?) -> IPv4Subnet {
    let prefix = own.flatMap { (8...30).contains($0.prefix) ? $0.prefix : nil } ?? 24
    return IPv4Subnet(of: server, prefixLength: prefix)
  }

  /// The addresses to give out: of a /24 those from .100 to .199, of others the same share, or what is
  /// left of that beside the addresses that are taken. Nil when there are none.
  private static func freeRange(in subnet: IPv4Subnet, without taken: [IPv4Address])
    -> ClosedRange<IPv4Address>?
  {
    let count = UInt64(subnet.broadcast.value - subnet.address.value) + 1
    func share(_ part: UInt64) -> UInt32 {
      subnet.address.value + UInt32(min(max(count * part / 256, 1), count - 2))
    }
    for (low, high) in [
      (share(100), share(199)), (subnet.hosts.lowerBound.value, subnet.hosts.upperBound.value),
    ] {
      // The longest stretch between addresses that are taken.
      var best: ClosedRange<UInt32>?
      var start = UInt64(low)
      let stops = taken.map { UInt64($0.value) }.filter {
        (UInt64(low)...UInt64(high)).contains($0)
      }
      for stop in stops.sorted() + [UInt64(high) + 1] {
        if start < stop {
          let stretch = UInt32(start)...UInt32(stop - 1)
          if stretch.count > best?.count ?? 0 { best = stretch }
        }
        start = stop + 1
      }
      if let best {
        return IPv4Address(value: best.lowerBound)...IPv4Address(value: best.upperBound)
      }
    }
    return nil
  }

  private static func range(_ text: String) throws(AddressProblem) -> ClosedRange<IPv4Address> {
    let parts = text.split(omittingEmptySubsequences: false, whereSeparator: { "-,".contains($0) })
    guard parts.count == 2 else {
      throw AddressProblem(
        "\"\(text.printable())\" is not a range such as 10.0.0.100-10.0.0.199")
    }
    let first = try IPv4Address(checking: String(parts[0]))
    let last = try IPv4Address(checking: String(parts[1]))
    guard first <= last else { throw AddressProblem("the range \(text) ends before it begins") }
    return first...last
  }

  private static func list(_ text: String) throws(AddressProblem) -> [IPv4Address] {
    var result: [IPv4Address] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      result.append(try IPv4Address(checking: String(part)))
    }
    return result
  }

  /// The kernel's own rules for names of interfaces, and no control characters.
  private static func interfaceProblem(_ name: String) -> String? {
    let isGood =
      (1...15).contains(name.utf8.count) && name != "." && name != ".."
      && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/:\"\\".utf8.contains($0) }
    return isGood ? nil : "\"\(name.printable())\" is not the name of a network interface"
  }
}
