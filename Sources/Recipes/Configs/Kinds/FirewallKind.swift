/// `firewall: nftables` — lets in what the other configs serve, and nothing else.
enum FirewallKind {
  enum Program: String, CaseIterable, Sendable { case nftables }

  static let firewall = Key<Program>(
    "firewall", .word("nftables"), isRequired: true, "nftables: a file for nft -f.")
  static let also = Key(
    "also", .oneOrList(.servedPort), "Other ports to let in: [tcp/22] for SSH.")

  static let kind = ConfigKind(
    name: "firewall", summary: "A firewall that lets in what the other configs serve.",
    keys: [firewall.description, also.description], programs: { _ in ["nft"] }, make: make)

  private static func make(_ config: Config, _ served: ServedSite, _ checker: inout Checker)
    -> ConfigContent?
  {
    if !config.values.isWritten(also.name) {
      checker.warn(
        "\(config.owner) shuts SSH out", at: config.location,
        help: "add also: tcp/22, or also: [] when that is meant")
    }
    let others = served.recipes.configs.filter { $0.kind.name != kind.name }
    let ports = Set(others.flatMap { $0.kind.ports($0, served) } + (config.values[also] ?? []))
    if others.isEmpty {
      checker.warn(
        "\(config.owner) lets in nothing: there are no other configs", at: config.location,
        help: "add the configs of the servers that run on the machine")
    }
    let hasKernelNFS = others.contains { $0.values[NFSKind.nfs] == .kernel }
    if hasKernelNFS, !others.contains(where: { $0.values[NFSKind.nfs] == .ports }) {
      checker.warn(
        "mountd's port is another one after each start, and no firewall can know it",
        at: config.location, help: "add nfs.conf: { nfs: ports } to configs:")
    }
    let interface = served.site.network.interface
    if let interface, let problem = problem(with: interface) {
      checker.error(
        "\(config.owner) cannot name the interface \(quoted(interface)): nft has no way to write \(problem)",
        at: config.location, help: "rename the interface, or leave it out of site.network")
      return nil
    }
    let names = others.filter { !$0.kind.ports($0, served).isEmpty }.map(\.path)
    return .file(
      ConfigText(
        text: text(ports, of: names, on: interface)))
  }

  /// Why nft cannot take an interface's name, or nil: nothing escapes in its quoted texts, a star at the end stands
  /// for anything, and of letters beyond ASCII its pages say nothing.
  private static func problem(with interface: String) -> String? {
    let odd = interface.unicodeScalars.first { !$0.isASCII || "\"*\\".unicodeScalars.contains($0) }
    return odd.map { quoted(String($0)) }
  }

  /// - Precondition: nft can take the interface's name.
  private static func text(
    _ ports: Set<ServedPort>, of names: [String], on interface: String?
  ) -> String {
    let source = interface.map { "iifname \"\($0)\" " } ?? ""
    let opened = ServedPort.Transport.allCases.compactMap { transport -> String? in
      let numbers = ports.filter { $0.transport == transport }.map(\.number).sorted()
      guard !numbers.isEmpty else { return nil }
      let list = numbers.map(String.init).joined(separator: ", ")
      return "    \(source)\(transport.rawValue) dport { \(list) } accept"
    }
    let served = names.isEmpty ? "nothing" : names.map(printable).joined(separator: ", ")
    let head = """
      #!/usr/sbin/nft -f
      \(ConfigNote.hash("nftables", file: "/etc/nftables.conf"))
      # It replaces its own table and no other. Opened for: \(served)
      table inet pxebuild
      delete table inet pxebuild

      table inet pxebuild {
        chain input {
          type filter hook input priority filter; policy drop;
          iifname "lo" accept
          # Answers, the parts of a file that TFTP sends from a port of its own among them.
          ct state established,related accept
          ct state invalid drop
          meta l4proto { icmp, ipv6-icmp } accept

      """
    return head + opened.map { "\($0)\n" }.joined() + "  }\n}\n"
  }
}

extension ValueType<ServedPort> {
  /// "tcp/22"
  static var servedPort: ValueType {
    .scalar("a port, like tcp/22", schema: textSchema(pattern: "(tcp|udp)/[0-9]{1,5}")) {
      text, scalar, checker in
      let parts = text.split(separator: "/", omittingEmptySubsequences: false)
      if parts.count == 2, let transport = ServedPort.Transport(rawValue: String(parts[0])),
        parts[1].utf8.allSatisfy(isDigit), let number = Int(parts[1]),
        (1...65535).contains(number)
      {
        return ServedPort(transport: transport, number: number)
      }
      checker.error(
        "expected a port, found \(quoted(text))", at: scalar.location, help: "write it like tcp/22")
      return nil
    }
  }
}
