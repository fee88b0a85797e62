/// `tftp: hpa` or `tftp: dnsmasq` — a TFTP server whose root is the output tree.
enum TFTPKind {
  enum Server: String, CaseIterable, Sendable { case hpa, dnsmasq }

  static let tftp = Key<Server>(
    "tftp", .word("a TFTP server"), isRequired: true, "hpa or dnsmasq.")
  static let clients = Key<Int>(
    "clients", .integer("a number of clients", 1...65535),
    "How many files dnsmasq sends at a time; 900 when left out.")

  static let kind = ConfigKind(
    name: "tftp", summary: "A TFTP server that serves the output tree.",
    keys: [tftp.description, clients.description],
    programs: { $0.values[tftp].map { [$0 == .hpa ? "in.tftpd" : "dnsmasq"] } ?? [] },
    ports: { _, _ in [.udp(69)] }, make: make)

  private static func make(_ config: Config, _ served: ServedSite, _ checker: inout Checker)
    -> ConfigContent?
  {
    guard let server = config.values[tftp] else { return nil }
    if server == .hpa, config.values[clients] != nil {
      checker.error(
        "in.tftpd has no limit of clients", at: config.values.keyLocation(clients),
        help: "remove the key; it is dnsmasq's")
      return nil
    }
    guard let address = config.need(.server, of: served, &checker) else { return nil }
    switch server {
    case .hpa: return hpa(config, root: served.output, address, &checker)
    case .dnsmasq: return dnsmasq(config, served, &checker)
    }
  }

  /// What Debian's init script reads as a shell, and puts into a command line without quotes.
  private static func hpa(
    _ config: Config, root: String, _ address: IPv4Address, _ checker: inout Checker
  ) -> ConfigContent? {
    guard root.unicodeScalars.allSatisfy({ !isUnprintable($0) }) else {
      checker.error(
        "tftpd-hpa cannot serve the folder \(quoted(root))", at: config.location,
        help: "choose an output folder without control characters")
      return nil
    }
    if !root.utf8.allSatisfy(isPlain) {
      checker.warn(
        "the init script of tftpd-hpa cannot serve the folder \(quoted(root)): it splits it",
        at: config.location,
        help: "choose an output folder of letters, digits, \"/\", \".\", \"_\" and \"-\" only")
    }
    return .file(
      ConfigText(
        text: """
          \(ConfigNote.hash("in.tftpd", file: "/etc/default/tftpd-hpa"))
          TFTP_USERNAME="tftp"
          TFTP_DIRECTORY=\(shellQuoted(root))
          TFTP_ADDRESS="\(address):69"
          TFTP_OPTIONS="--secure"
          RUN_DAEMON="yes"

          """))
  }

  /// A string between double quotes, as POSIX shells read it.
  private static func shellQuoted(_ text: String) -> String {
    var result = "\""
    for character in text {
      if "\"\\$`".contains(character) { result += "\\" }
      result.append(character)
    }
    return result + "\""
  }

  private static func dnsmasq(
    _ config: Config, _ served: ServedSite, _ checker: inout Checker
  ) -> ConfigContent? {
    let tftp = DnsmasqText.tftp(
      config, root: served.output, clients: config.values[clients], &checker)
    guard let tftp else { return nil }
    let lines = DnsmasqText.head("TFTP", served.site.network.interface) + tftp
    return .file(ConfigText(text: lines.joined(separator: "\n") + "\n"))
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    isLetterOrDigit(byte) || "/._-".utf8.contains(byte)
  }
}
