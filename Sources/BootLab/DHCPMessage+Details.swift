/// What a DHCP message says, for people: its kind, its fields, its options (RFC 2132, 4578).
extension DHCPMessage {
  private static let kinds = [
    "", "DISCOVER", "OFFER", "REQUEST", "DECLINE", "ACK", "NAK", "RELEASE", "INFORM",
  ]

  /// How the data of an option is to be read.
  private enum Form { case address, text, number, opaque }

  /// The options that booting is about, in the order in which people want to see them. All others are counted.
  private static let known: [(code: UInt8, name: String, form: Form)] = [
    (93, "architecture (93)", .number), (60, "vendor class (60)", .text),
    (77, "user class (77)", .text),
    (Code.hidden, "user class (77), hidden from the servers", .text),
    (50, "wants address (50)", .address), (54, "server (54)", .address),
    (66, "boot server (66)", .text), (67, "boot file (67)", .text),
    (43, "vendor options (43)", .opaque), (1, "netmask (1)", .address),
    (3, "router (3)", .address), (6, "DNS (6)", .address), (51, "lease in seconds (51)", .number),
    (61, "client (61)", .opaque), (97, "machine (97)", .opaque), (175, "iPXE (175)", .opaque),
  ]

  /// Empty fields and options are left out.
  var details: [SeenEvent.Detail] {
    var result: [SeenEvent.Detail] = []
    if let kind = number(Code.messageType), Self.kinds.indices.contains(kind) {
      result.append(.init("message", Self.kinds[kind]))
    }
    if address != 0 { result.append(.init("your address", Frame.text(address))) }
    if server != 0 { result.append(.init("next server", Frame.text(server))) }
    if !file.isEmpty { result.append(.init("file", file)) }
    for (code, name, form) in Self.known {
      if let value = text(of: code, form) { result.append(.init(name, value)) }
    }
    let others = options.keys.filter { code in
      code != Code.messageType && !Self.known.contains { $0.code == code }
    }.sorted()
    if !others.isEmpty {
      result.append(.init("other options", others.map { String($0) }.joined(separator: " ")))
    }
    return result
  }

  private func text(of code: UInt8, _ form: Form) -> String? {
    guard let data = data(code) else { return nil }
    switch form {
    case .text: return text(code)
    case .opaque: return "\(data.count) bytes"
    case .number: return String(data.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    case .address:
      return stride(from: 0, to: data.count - data.count % 4, by: 4).map { index in
        data[(data.startIndex + index)...].prefix(4).map { String($0) }.joined(separator: ".")
      }.joined(separator: ", ")
    }
  }
}
