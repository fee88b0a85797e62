/// `dhcp: isc`, `kea` or `dnsmasq` — a DHCP server that tells each machine what to boot.
enum DHCPKind {
  enum Server: String, CaseIterable, Sendable { case isc, kea, dnsmasq }
  /// `server` hands out addresses; `proxy` only says what to boot, beside a server that does the rest.
  enum Mode: String, CaseIterable, Sendable { case server, proxy }

  static let dhcp = Key<Server>(
    "dhcp", .word("a DHCP server"), isRequired: true, "isc (dhcpd), kea or dnsmasq.")
  static let mode = Key<Mode>(
    "mode", .word("server or proxy"),
    "proxy: only say what to boot, beside the DHCP server that is there; server when left out.")
  static let script = Key(
    "script", .line("the name of a target"),
    "The target that iPXE loads, whatever machine it runs on; install.ipxe when left out.")
  static let leaseTime = Key(
    "lease-time", .integer("a number of seconds", 120...31_536_000),
    "How long a machine may keep its address, in seconds; 7200 when left out.")
  static let authoritative = Key(
    "authoritative", .boolean,
    "true: this is the network's only DHCP server, and tells machines that their old address is wrong."
  )
  static let serveTFTP = Key(
    "serve-tftp", .boolean, "true: the same dnsmasq is the TFTP server too.")

  static let kind = ConfigKind(
    name: "dhcp", summary: "A DHCP server that tells each machine what to boot.",
    keys: [
      dhcp.description, mode.description, script.description, leaseTime.description,
      authoritative.description, serveTFTP.description,
    ],
    programs: { config in
      switch config.values[dhcp] {
      case .isc: ["dhcpd"]
      case .kea: ["kea-dhcp4"]
      case .dnsmasq: ["dnsmasq"]
      case nil: []
      }
    },
    ports: { config, _ in
      [.udp(67)] + (config.values[mode] == .proxy ? [.udp(4011)] : [])
        + (config.values[serveTFTP] == true ? [.udp(69)] : [])
    }, make: make)

  /// The target that a config sends iPXE to; nil for a config of another kind.
  static func scriptName(_ config: Config) -> String? {
    config.kind.name == kind.name ? config.values[script] ?? defaultScript : nil
  }

  private static let defaultScript = "install.ipxe"

  private static func make(_ config: Config, _ served: ServedSite, _ checker: inout Checker)
    -> ConfigContent?
  {
    let values = config.values
    guard let server = values[dhcp], fit(values, server, &checker) else { return nil }
    let answers = BootAnswers(
      for: config, script: values[Self.script] ?? defaultScript, served, &checker)
    if values[mode] == .proxy {
      let subnet = config.need(.subnet, of: served, &checker)
      guard let answers, let subnet else { return nil }
      return DnsmasqProxy(answers: answers, subnet: subnet).content(config, served, &checker)
    }
    guard let network = DHCPNetwork(config, served, &checker), let answers else { return nil }
    switch server {
    case .isc: return .file(ConfigText(text: ISCConfig(network, answers).text))
    case .kea: return .file(ConfigText(text: KeaConfig(network, answers).text))
    case .dnsmasq:
      return DnsmasqConfig(network: network, answers: answers).content(config, served, &checker)
    }
  }

  /// Keys that mean nothing for this server.
  private static func fit(_ values: Record, _ server: Server, _ checker: inout Checker) -> Bool {
    var isGood = true
    if values[mode] == .proxy, server != .dnsmasq {
      isGood = false
      checker.error(
        "\(server.rawValue) cannot be a proxy", at: values.location(mode),
        help: "write dhcp: dnsmasq, which can")
    }
    if values[serveTFTP] == true, server != .dnsmasq {
      isGood = false
      checker.error(
        "\(server.rawValue) is no TFTP server", at: values.keyLocation(serveTFTP),
        help: "write a config of its own for that, with tftp: hpa")
    }
    guard values[mode] == .proxy else { return isGood }
    let leases: [(name: String, place: SourceLocation)] = [
      (leaseTime.name, values.keyLocation(leaseTime)),
      (authoritative.name, values.keyLocation(authoritative)),
    ]
    for (name, place) in leases where values.isWritten(name) {
      isGood = false
      checker.error(
        "a proxy hands out no addresses, so \(quoted(name)) means nothing", at: place,
        help: "remove the key")
    }
    return isGood
  }
}

/// What a DHCP server says beside what to boot.
struct DHCPNetwork: Sendable {
  let subnet: IPv4Subnet
  let range: ClosedRange<IPv4Address>
  let router: IPv4Address?
  let dns: [IPv4Address]
  let interface: String?
  let hosts: [Site.Host]
  /// In seconds.
  let leaseTime: Int
  let isAuthoritative: Bool

  /// Nil after an error at the config.
  init?(_ config: Config, _ served: ServedSite, _ checker: inout Checker) {
    let subnet = config.need(.subnet, of: served, &checker)
    let range = config.need(.range, of: served, &checker)
    guard let subnet, let range else { return nil }
    let network = served.site.network
    self.subnet = subnet
    self.range = range
    router = network.router
    dns = network.dns
    interface = network.interface
    hosts = network.hosts
    leaseTime = config.values[DHCPKind.leaseTime] ?? 7200
    isAuthoritative = config.values[DHCPKind.authoritative] ?? false
  }
}
