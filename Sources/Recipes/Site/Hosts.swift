/// The hardware address of a network card: six bytes.
public struct HardwareAddress: Hashable, Sendable, CustomStringConvertible {
  public let bytes: [UInt8]

  /// Reads six pairs of hexadecimal digits with ":" or "-" between; nil for anything else.
  public init?(_ text: some StringProtocol) {
    let separator: Character = text.contains("-") ? "-" : ":"
    let parts = text.split(separator: separator, omittingEmptySubsequences: false)
    let bytes = parts.compactMap { part in
      part.utf8.count == 2 && part.utf8.allSatisfy(isHexadecimal) ? UInt8(part, radix: 16) : nil
    }
    guard parts.count == 6, bytes.count == 6 else { return nil }
    self.bytes = bytes
  }

  /// True for an address that no single card has.
  var isGroup: Bool { bytes[0] & 1 == 1 || bytes.allSatisfy { $0 == 0 } }

  /// In small letters with ":" between.
  public var description: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
  }
}

extension Site {
  /// A machine that always gets the same address.
  public struct Host: Sendable, Equatable {
    /// Its host name.
    public var name: String
    public var hardware: HardwareAddress
    public var address: IPv4Address
    let location: SourceLocation
    let addressLocation: SourceLocation
  }
}

/// The keys of one of `site.network.hosts`.
enum HostKeys {
  static let mac = Key(
    "mac", .hardwareAddress, isRequired: true, "The hardware address of its network card.")
  static let address = Key("address", .address, isRequired: true, "The address that it gets.")

  static let record = RecordDescription(keys: [mac.description, address.description])
}

extension ValueType<HardwareAddress> {
  static var hardwareAddress: ValueType {
    let pattern = "[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}"
    return .scalar("a hardware address", schema: textSchema(pattern: pattern)) {
      text, scalar, checker in
      guard let address = HardwareAddress(text) else {
        checker.error(
          "expected a hardware address, found \(quoted(text))", at: scalar.location,
          help: "write it like 52:54:00:12:34:56")
        return nil
      }
      guard !address.isGroup else {
        checker.error(
          "\(text) is not the address of one network card", at: scalar.location,
          help: "ip link, or the firmware's setup, shows it")
        return nil
      }
      return address
    }
  }
}

extension ValueType<[Site.Host]> {
  /// Machines by host name.
  static var hosts: ValueType {
    let schema: JSON = [
      "type": "object", "propertyNames": ["pattern": "^[A-Za-z][A-Za-z0-9-]{0,62}$"],
      "additionalProperties": HostKeys.record.schema,
    ]
    return ValueType(name: "a mapping of host names", schema: schema) { value, checker in
      guard case .mapping(let mapping) = value else {
        checker.error(
          "expected a mapping of host names, found \(value.kindName)", at: value.location,
          help: "write hosts: { lab1: { mac: 52:54:00:12:34:56, address: 10.0.0.50 } }")
        return nil
      }
      let hosts = mapping.entries.compactMap { host($0.key, $0.value, &checker) }
      checkDoubles(hosts, &checker)
      return hosts.count == mapping.entries.count ? hosts : nil
    }
  }

  private static func host(_ name: Scalar, _ value: LocatedValue, _ checker: inout Checker)
    -> Site.Host?
  {
    guard isHostName(name.text) else {
      checker.error(
        "\(quoted(name.text)) is not a host name", at: name.location,
        help: "a host name is a letter, then letters, digits and \"-\", 63 in all")
      return nil
    }
    let owner = "host \(quoted(name.text))"
    guard case .mapping(let mapping) = value else {
      checker.error(
        "\(owner) must be a mapping, found \(value.kindName)", at: value.location,
        help: "write \(name.text): { mac: 52:54:00:12:34:56, address: 10.0.0.50 }")
      return nil
    }
    let record = HostKeys.record.read(mapping, owner: owner, at: name.location, &checker)
    guard let hardware = record[HostKeys.mac], let address = record[HostKeys.address] else {
      return nil
    }
    return Site.Host(
      name: name.text, hardware: hardware, address: address, location: name.location,
      addressLocation: record.location(HostKeys.address))
  }

  private static func checkDoubles(_ hosts: [Site.Host], _ checker: inout Checker) {
    var cards: [HardwareAddress: Site.Host] = [:]
    var addresses: [IPv4Address: Site.Host] = [:]
    var names: [String: Site.Host] = [:]
    for host in hosts {
      let same: [(what: String, other: Site.Host?)] = [
        ("the hardware address \(host.hardware)", cards.updateValue(host, forKey: host.hardware)),
        ("the address \(host.address)", addresses.updateValue(host, forKey: host.address)),
        ("the same name", names.updateValue(host, forKey: host.name.lowercased())),
      ]
      for case (let what, let other?) in same {
        checker.error(
          "hosts \(quoted(other.name)) and \(quoted(host.name)) have \(what)", at: host.location,
          notes: [.init("the other one is here", at: other.location)])
      }
    }
  }
}

/// One label of RFC 1123 that starts with a letter; some DHCP servers take a number for something else.
private func isHostName(_ name: String) -> Bool {
  let letters = name.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
  // dnsmasq takes these two words for instructions.
  let isTaken = ["ignore", "infinite"].contains(name.lowercased())
  return letters && name.first?.isLetter == true && name.last != "-" && name.utf8.count <= 63
    && !isTaken
}

/// Checks `hosts:` against the rest of `site:`.
enum HostCheck {
  static func run(_ network: Site.Network, subnet: IPv4Subnet, _ checker: inout Checker) {
    for host in network.hosts {
      if !subnet.contains(host.address) {
        checker.error(
          "\(host.address) of host \(quoted(host.name)) is not in \(subnet)",
          at: host.addressLocation)
      } else if subnet.prefixLength <= 30, !subnet.hosts.contains(host.address) {
        checker.error(
          "\(host.address) is \(subnet)'s own address or its broadcast address",
          at: host.addressLocation,
          help: "choose an address from \(subnet.hosts.lowerBound) to "
            + "\(subnet.hosts.upperBound)")
      } else if network.range?.contains(host.address) == true {
        checker.warn(
          "\(host.address) of host \(quoted(host.name)) is in the range that DHCP hands out to any machine",
          at: host.addressLocation, help: "choose an address outside the range")
      }
    }
  }
}
