import Menus

/// One entry of `machines:`: how some machines are known, and the script they get.
struct MachineEntry: Sendable {
  let values: [(key: MachinePage.Key, value: String)]
  let page: ServedReference
}

/// The keys of an entry of `machines:`.
enum MachineKeys {
  static let mac = Key(
    "mac", .oneOrList(.hardwareAddress),
    "MAC addresses of the interface that the machine boots from.")
  static let uuid = Key("uuid", .oneOrList(.machineUUID), "UUIDs of its SMBIOS tables.")
  static let serial = Key("serial", .oneOrList(.menuText), "Serial numbers of its SMBIOS tables.")
  static let hostname = Key(
    "hostname", .oneOrList(.hostname), "What the DHCP server calls the machine.")
  static let page = Key(
    "page", .served, isRequired: true, "The script for these machines: a menu or another target.")

  static let record = RecordDescription(keys: [
    mac.description, uuid.description, serial.description, hostname.description,
    page.description,
  ])

  static func entry(_ record: Record, _ checker: inout Checker) -> MachineEntry? {
    let keys: [(MachinePage.Key, Key<[String]>)] = [
      (.uuid, uuid), (.serial, serial), (.hostname, hostname),
    ]
    let addresses = (record[mac] ?? []).map { (key: MachinePage.Key.mac, value: "\($0)") }
    let values =
      addresses + keys.flatMap { name, key in (record[key] ?? []).map { (key: name, value: $0) } }
    guard record.isComplete, let page = record[page] else { return nil }
    guard !values.isEmpty else {
      checker.error(
        "an entry of machines: does not say which machines it is for", at: record.location,
        help: "give it one of the keys mac, uuid, serial, hostname")
      return nil
    }
    return MachineEntry(values: values, page: page)
  }
}

extension ValueType<[MachineEntry]> {
  static var machines: ValueType {
    let description = MachineKeys.record
    let schema: JSON = ["type": "array", "items": description.schema]
    return ValueType(name: "a list of machines", schema: schema) { value, checker in
      guard case .list(let elements, _) = value else {
        checker.error(
          "expected a list of machines, found \(value.kindName)", at: value.location,
          help: "write machines: [{mac: 52:54:00:12:34:56, page: office.ipxe}]")
        return nil
      }
      var entries: [MachineEntry] = []
      for element in elements {
        guard case .mapping(let mapping) = element else {
          checker.error("expected a mapping, found \(element.kindName)", at: element.location)
          continue
        }
        let record = description.read(
          mapping, owner: "machine", at: element.location, &checker)
        if let entry = MachineKeys.entry(record, &checker) { entries.append(entry) }
      }
      return entries.count == elements.count ? entries : nil
    }
  }
}

extension ValueType<String> {
  /// 32 hexadecimal digits in the groups of RFC 9562; the value has small digits.
  static var machineUUID: ValueType {
    .scalar(
      "a UUID", schema: textSchema(pattern: "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
    ) { text, scalar, checker in
      let parts = text.split(separator: "-", omittingEmptySubsequences: false)
      let isGood =
        parts.map(\.utf8.count) == [8, 4, 4, 4, 12]
        && parts.allSatisfy { $0.utf8.allSatisfy(isHexadecimal) }
      if isGood { return text.lowercased() }
      checker.error(
        "expected a UUID, found \(quoted(text))", at: scalar.location,
        help: "write it like 4c4c4544-0042-3510-8051-b4c04f4e3732")
      return nil
    }
  }

  /// A host's name (RFC 1123): letters, digits, "-" and dots.
  static var hostname: ValueType {
    .scalar("a host name", schema: textSchema(pattern: "[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")) {
      text, scalar, checker in
      let labels = text.split(separator: ".", omittingEmptySubsequences: false)
      let isGood =
        text.utf8.count <= 253
        && labels.allSatisfy { label in
          (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
            && !label.contains("_") && isVariableName(String(label))
        }
      if isGood { return text }
      checker.error("expected a host name, found \(quoted(text))", at: scalar.location)
      return nil
    }
  }
}
