/// What the recipes say about the place that is served (`site:`).
public struct Site: Sendable, Equatable {
  public struct Network: Sendable, Equatable {
    public var subnet: IPv4Subnet?
    /// The first and the last address that a DHCP server hands out.
    public var range: ClosedRange<IPv4Address>?
    public var router: IPv4Address?
    public var dns: [IPv4Address] = []
    public var interface: String?
    /// Machines that always get the same address, in the order of the recipes.
    public var hosts: [Host] = []
  }

  /// The address of the machine that serves.
  public var server: IPv4Address?
  /// The URL of the output tree's root, without a slash at the end.
  public var http: String?
  /// The folder for the output tree, absolute.
  public var output: String?
  /// The folder for configs, absolute.
  public var configs: String?
  /// Where what a build says about itself goes; nil when the recipes do not say.
  public var records: RecordPlace?
  /// How what machines load is signed for iPXE; nil when it is not.
  public var signing: Signing?
  /// How EFI programs are signed for firmware; nil when they are not.
  public var secureBoot: SecureBoot?
  public var network = Network()
  /// Names of the person's own (`site.vars`), after substitution.
  public var variables: [String: String] = [:]
}

/// Where checksums, manifest, provenance and bill of materials go.
public enum RecordPlace: String, CaseIterable, Sendable {
  /// Into the served tree.
  case inTree = "in-tree"
  /// Into a folder beside it.
  case beside
  case none
}

/// The keys of `site:`.
enum SiteKeys {
  static let server = Key("server", .address, "The IPv4 address of the machine that serves.")
  static let http = Key(
    "http", .url(["http", "https"]),
    "The URL of the output tree's root; http://{{site.server}} when left out.")
  static let output = Key(
    "output", .folderToWrite, "The folder for the output tree, relative to the recipe's folder.")
  static let configs = Key(
    "configs", .folderToWrite,
    "The folder for configs; the output folder's name with -conf added when left out.")
  static let records = Key<RecordPlace>(
    "records", .word("in-tree, beside or none"),
    "Where SHA256SUMS, manifest.json, provenance and bill of materials go: into the tree (in-tree), into the output folder's name with -records added (beside), or nowhere (none), which it is when left out."
  )
  static let signing = Key(
    "signing", .signing,
    "The certificate for signatures that iPXE's imgverify accepts; pxebuild all --sign KEY makes them."
  )
  static let secureBoot = Key(
    "secure-boot", .secureBoot,
    "The private key and the certificate that EFI programs are signed with for UEFI Secure Boot.")
  static let network = Key("network", .network, "The network that is served.")
  static let vars = Key(
    "vars", .variables, "Names of your own, used as {{site.vars.NAME}} in any recipe.")

  static let record = RecordDescription(keys: [
    server.description, http.description, output.description, configs.description,
    records.description, signing.description, secureBoot.description, network.description,
    vars.description,
  ])

  static let subnet = Key("subnet", .subnet, "The network in CIDR notation, 10.0.0.0/24.")
  static let range = Key(
    "range", .addressRange, "The first and the last address that DHCP hands out.")
  static let router = Key("router", .address, "The default gateway.")
  static let dns = Key("dns", .oneOrList(.address), "The name servers.")
  static let interface = Key(
    "interface", .interface, "The network interface of the serving machine.")

  static let hosts = Key(
    "hosts", .hosts, "Machines that always get the same address, by host name.")

  static let networkRecord = RecordDescription(keys: [
    subnet.description, range.description, router.description, dns.description,
    interface.description, hosts.description,
  ])

  /// The names that `{{…}}` may hold when the recipes give them a value.
  static let variableNames =
    ["site.server", "site.http", "site.output", "site.configs"]
    + ["subnet", "netmask", "broadcast", "first", "last", "router", "dns", "interface"].map {
      "site.network.\($0)"
    }
}

private let addressPattern = "[0-9]{1,3}(\\.[0-9]{1,3}){3}"

extension ValueType<IPv4Address> {
  static var address: ValueType {
    .scalar("an IPv4 address", schema: textSchema(pattern: addressPattern)) {
      text, scalar, checker in
      if let address = IPv4Address(text) { return address }
      checker.error("expected an IPv4 address, found \(quoted(text))", at: scalar.location)
      return nil
    }
  }
}

extension ValueType<IPv4Subnet> {
  static var subnet: ValueType {
    .scalar(
      "a network in CIDR notation", schema: textSchema(pattern: addressPattern + "/[0-9]{1,2}")
    ) { text, scalar, checker in
      guard let subnet = IPv4Subnet(text) else {
        checker.error(
          "expected a network in CIDR notation, found \(quoted(text))", at: scalar.location,
          help: "write it like 10.0.0.0/24")
        return nil
      }
      guard text == subnet.description else {
        checker.error(
          "\(text) is an address inside a network, not the network", at: scalar.location,
          help: "write \(subnet)")
        return nil
      }
      return subnet
    }
  }
}

extension ValueType<ClosedRange<IPv4Address>> {
  static var addressRange: ValueType {
    let address = ValueType<IPv4Address>.address
    let schema: JSON = [
      "type": "array", "items": address.schema, "minItems": 2, "maxItems": 2,
    ]
    return ValueType(name: "the first and the last address", schema: schema) { value, checker in
      guard case .list(let elements, let place) = value, elements.count == 2 else {
        checker.error(
          "expected the first and the last address", at: value.location,
          help: "write range: [10.0.0.100, 10.0.0.199]")
        return nil
      }
      let first = address.read(elements[0], &checker)
      let last = address.read(elements[1], &checker)
      guard let first, let last else { return nil }
      guard first <= last else {
        checker.error("the range ends before it starts", at: place, help: "swap the two addresses")
        return nil
      }
      return first...last
    }
  }
}

extension ValueType<String> {
  /// A folder that may not exist yet; the value is absolute.
  static var folderToWrite: ValueType {
    .scalar("a folder", schema: anyScalarSchema) { text, scalar, checker in
      guard !text.isEmpty, !text.utf8.contains(0) else {
        checker.error("expected a folder, found \(quoted(text))", at: scalar.location)
        return nil
      }
      return absolutePath(text, from: scalar.location.file.folder)
    }
  }

  /// A network interface as Linux names them: at most 15 bytes, no slash or space (`dev_valid_name`). Linux would
  /// take DEL as well, which no server's file can hold.
  static var interface: ValueType {
    .scalar("a network interface", schema: anyScalarSchema) { text, scalar, checker in
      let isGood =
        (1...15).contains(text.utf8.count) && text != "." && text != ".."
        && !text.utf8.contains { $0 <= 0x20 || $0 == 0x7f || "/:".utf8.contains($0) }
      if isGood { return text }
      checker.error("expected a network interface, found \(quoted(text))", at: scalar.location)
      return nil
    }
  }
}

extension ValueType<[String: String]> {
  /// `NAME: text` pairs, names of letters, digits, "-" and "_".
  static var variables: ValueType {
    let schema: JSON = [
      "type": "object", "propertyNames": ["pattern": "^[A-Za-z0-9_-]+$"],
      "additionalProperties": anyScalarSchema,
    ]
    return ValueType(name: "a mapping of names to texts", schema: schema) { value, checker in
      guard case .mapping(let mapping) = value else {
        checker.error(
          "expected a mapping of names to texts, found \(value.kindName)", at: value.location)
        return nil
      }
      var result: [String: String] = [:]
      for (key, value) in mapping.entries {
        guard isVariableName(key.text) else {
          checker.error(
            "a name in site.vars has letters, digits, \"-\" and \"_\" only", at: key.location)
          continue
        }
        if let text = ValueType<String>.text.read(value, &checker) { result[key.text] = text }
      }
      return result
    }
  }
}

func isVariableName(_ name: String) -> Bool {
  !name.isEmpty
    && name.utf8.allSatisfy { isLetterOrDigit($0) || "-_".utf8.contains($0) }
}

extension ValueType<Site.Network> {
  static var network: ValueType {
    ValueType(name: "a mapping", schema: SiteKeys.networkRecord.schema) { value, checker in
      guard case .mapping(let mapping) = value else {
        checker.error("expected a mapping, found \(value.kindName)", at: value.location)
        return nil
      }
      let record = SiteKeys.networkRecord.read(
        mapping, owner: "site.network", at: value.location, &checker)
      var network = Site.Network()
      network.subnet = record[SiteKeys.subnet]
      network.range = record[SiteKeys.range]
      network.router = record[SiteKeys.router]
      network.dns = record[SiteKeys.dns] ?? []
      network.interface = record[SiteKeys.interface]
      network.hosts = record[SiteKeys.hosts] ?? []
      check(network, record, &checker)
      return network
    }
  }

  private static func check(_ network: Site.Network, _ record: Record, _ checker: inout Checker) {
    if let range = network.range, !record.isWritten("subnet") {
      checker.error(
        "a range of addresses needs the network they are in",
        at: record.keyLocation(SiteKeys.range),
        help: "add subnet:, for instance \(IPv4Address(value: range.lowerBound.value & ~255))/24")
    }
    guard let subnet = network.subnet else { return }
    HostCheck.run(network, subnet: subnet, &checker)
    if let range = network.range {
      var places = [record.location(SiteKeys.range), record.location(SiteKeys.range)]
      if case .list(let elements, _)? = record.written(SiteKeys.range) {
        places = elements.map(\.location)
      }
      for (address, place) in zip([range.lowerBound, range.upperBound], places)
      where !subnet.contains(address) {
        checker.error(
          "\(address) is not in \(subnet)", at: place,
          notes: [.init("the network is given here", at: record.location(SiteKeys.subnet))])
      }
    }
    if let router = network.router, !subnet.contains(router) {
      checker.error(
        "the router \(router) is not in \(subnet)", at: record.location(SiteKeys.router),
        notes: [.init("the network is given here", at: record.location(SiteKeys.subnet))])
    }
  }
}
