/// The form of dnsmasq's files (dnsmasq(8), "CONFIG FILE").
enum DnsmasqText {
  /// A value that is no list: quoted where dnsmasq would take a character of it for its own. Nil for what its
  /// files cannot hold.
  static func value(_ text: String) -> String? {
    guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f }) else {
      return nil
    }
    guard text.utf8.allSatisfy(isPlain) else {
      let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      return "\"\(escaped)\""
    }
    return text
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    isLetterOrDigit(byte) || "/._-:%+@~=&?".utf8.contains(byte)
  }

  /// How many files it sends at a time unless a recipe says otherwise. Its own limit is 50; with the 1024 open files
  /// that a shell or a service of systemd has, it goes down to 974 and says so.
  static let clients = 900

  /// The lines of a TFTP server; nil after an error.
  ///
  /// - Parameter clients: How many files it sends at a time.
  static func tftp(_ config: Config, root: String, clients: Int?, _ checker: inout Checker)
    -> [String]?
  {
    guard let value = value(root) else {
      checker.error(
        "dnsmasq cannot serve the folder \(quoted(root))", at: config.location,
        help: "choose an output folder without control characters")
      return nil
    }
    return [
      "enable-tftp", "tftp-root=\(value)",
      "# With dnsmasq's own limit, 50, the others in a room of machines wait for ever.",
      "tftp-max=\(clients ?? self.clients)",
    ]
  }

  /// The first lines: what the file is for, no DNS, and the network interface.
  static func head(_ service: String, _ interface: String?) -> [String] {
    var lines = [
      ConfigNote.hash("dnsmasq", file: "dnsmasq --conf-file=FILE"), "# \(service) and no DNS.",
      "port=0",
    ]
    if let interface, let value = value(interface) {
      lines += ["interface=\(value)", "bind-dynamic"]
    }
    return lines
  }
}
