/// `kea-dhcp4.conf` (Kea Administrator Reference Manual, "The DHCPv4 Server" and "Client Classification").
struct KeaConfig: Sendable {
  let network: DHCPNetwork
  let answers: BootAnswers

  init(_ network: DHCPNetwork, _ answers: BootAnswers) {
    self.network = network
    self.answers = answers
  }

  var text: String {
    let server: JSON = [
      "comment": .string("For kea-dhcp4: /etc/kea/kea-dhcp4.conf. \(ConfigNote.whence)"),
      "interfaces-config": ["interfaces": [.string(network.interface ?? "*")]],
      "lease-database": ["type": "memfile", "lfc-interval": 3600],
      "valid-lifetime": .number(network.leaseTime),
      "authoritative": .bool(network.isAuthoritative),
      "client-classes": .array([ipxe] + answers.groups.map(clientClass)),
      "subnet4": [subnet],
    ]
    return (["Dhcp4": server] as JSON).serialised() + "\n"
  }

  /// The class of iPXE itself, which comes first: those that follow leave its members out.
  private var ipxe: JSON {
    var members: [(String, JSON)] = [
      ("name", .string(Self.ipxeClass)),
      ("test", .string("option[77].hex == '\(BootAnswers.userClass)'")),
    ]
    if let script = answers.script { members += files(script) }
    return .object(members)
  }

  private static let ipxeClass = "ipxe"

  private func clientClass(_ group: BootAnswers.Group) -> JSON {
    let conditions = group.clients.map { "option[93].hex == \(Self.hexadecimal($0.rawValue))" }
    let test = "not member('\(Self.ipxeClass)') and (\(conditions.joined(separator: " or ")))"
    var members: [(String, JSON)] = [
      ("comment", .string(group.names)), ("name", .string(group.tag)), ("test", .string(test)),
    ]
    members += files(group.file)
    if group.isHTTP {
      let option: JSON = [
        "name": "vendor-class-identifier", "data": .string(BootAnswers.httpVendorClass),
        "always-send": true,
      ]
      members.append(("option-data", [option]))
    }
    return .object(members)
  }

  private func files(_ file: String) -> [(String, JSON)] {
    [("next-server", .string("\(answers.server)")), ("boot-file-name", .string(file))]
  }

  private var subnet: JSON {
    let pool = "\(network.range.lowerBound) - \(network.range.upperBound)"
    var options: [JSON] = [
      ["name": "broadcast-address", "data": .string("\(network.subnet.broadcast)")]
    ]
    if let router = network.router {
      options.append(["name": "routers", "data": .string("\(router)")])
    }
    if !network.dns.isEmpty {
      let list = network.dns.map(\.description).joined(separator: ", ")
      options.append(["name": "domain-name-servers", "data": .string(list)])
    }
    let reservations = network.hosts.map { host -> JSON in
      [
        "hw-address": .string("\(host.hardware)"), "ip-address": .string("\(host.address)"),
        "hostname": .string(host.name),
      ]
    }
    return [
      "id": 1, "subnet": .string("\(network.subnet)"), "pools": [["pool": .string(pool)]],
      "option-data": .array(options), "reservations": .array(reservations),
    ]
  }

  /// 7 as "0x0007": an option's bytes.
  private static func hexadecimal(_ number: Int) -> String {
    let digits = String(number, radix: 16)
    return "0x" + String(repeating: "0", count: 4 - digits.count) + digits
  }
}
