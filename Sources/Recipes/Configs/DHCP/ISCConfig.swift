/// `dhcpd.conf` of ISC DHCP (dhcpd.conf(5), dhcp-eval(5)).
struct ISCConfig: Sendable {
  let network: DHCPNetwork
  let answers: BootAnswers

  init(_ network: DHCPNetwork, _ answers: BootAnswers) {
    self.network = network
    self.answers = answers
  }

  var text: String {
    let parts = [head, options, hosts, subnet].filter { !$0.isEmpty }
    return parts.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
  }

  private var head: [String] {
    var lines = [ConfigNote.hash("isc-dhcp-server", file: "/etc/dhcp/dhcpd.conf")]
    if let interface = network.interface {
      lines.append("# In /etc/default/isc-dhcp-server: INTERFACESv4=\(Self.quoted(interface))")
    }
    lines += [
      "default-lease-time \(network.leaseTime);", "max-lease-time \(network.leaseTime);",
      network.isAuthoritative ? "authoritative;" : "not authoritative;",
    ]
    return lines
  }

  private var options: [String] {
    func lines(_ options: [EncapsulatedOption]) -> [String] {
      options.map { "option ipxe.\($0.name) code \($0.code) = \($0.kind.isc);" }
    }
    return [
      "# What firmware says it is: the client system architecture of RFC 4578.",
      "option arch code 93 = unsigned integer 16;", "# iPXE's own options.", "option space ipxe;",
      "option ipxe-encap-opts code 175 = encapsulate ipxe;",
    ] + lines(EncapsulatedOption.settings) + ["option iscsi-initiator-iqn code 203 = string;"]
      + ["# What iPXE says it can do."] + lines(EncapsulatedOption.features)
  }

  private var hosts: [String] {
    network.hosts.map { host in
      """
      host \(host.name) {
        hardware ethernet \(host.hardware);
        fixed-address \(host.address);
        option host-name \(Self.quoted(host.name));
      }
      """
    }
  }

  private var subnet: [String] {
    var lines = [
      "subnet \(network.subnet.address) netmask \(network.subnet.netmask) {",
      "  range \(network.range.lowerBound) \(network.range.upperBound);",
      "  option subnet-mask \(network.subnet.netmask);",
      "  option broadcast-address \(network.subnet.broadcast);",
    ]
    if let router = network.router { lines.append("  option routers \(router);") }
    if !network.dns.isEmpty {
      let list = network.dns.map(\.description).joined(separator: ", ")
      lines.append("  option domain-name-servers \(list);")
    }
    lines.append("  ping-check true;")
    return lines + branches + ["}"]
  }

  /// One chain of conditions, iPXE first. A condition on an option that is absent is neither true nor false
  /// inside "not (…)", so there is none of those.
  private var branches: [String] {
    let isIPXE = "exists user-class and option user-class = \(Self.quoted(BootAnswers.userClass))"
    var lines = ["  if \(isIPXE) {"]
    if let script = answers.script {
      lines += ["    next-server \(answers.server);", "    filename \(Self.quoted(script));"]
    }
    for group in answers.groups {
      let conditions = group.clients.map { "option arch = \(Self.hexadecimal($0.rawValue))" }
      lines += [
        "  } else if \(conditions.joined(separator: " or ")) {", "    # \(group.names)",
        "    next-server \(answers.server);", "    filename \(Self.quoted(group.file));",
      ]
      if group.isHTTP {
        let name = Self.quoted(BootAnswers.httpVendorClass)
        lines.append("    option vendor-class-identifier \(name);")
      }
    }
    return lines + ["  }"]
  }

  /// 7 as "00:07": an option's bytes.
  private static func hexadecimal(_ number: Int) -> String {
    [number >> 8, number & 0xff].map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined(separator: ":")
  }

  /// A string between double quotes; what is no printable ASCII as octal escapes.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        result += "\\" + String(Unicode.Scalar(byte))
      case 0x20...0x7e: result.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 8)
        result += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
      }
    }
    return result + "\""
  }
}
