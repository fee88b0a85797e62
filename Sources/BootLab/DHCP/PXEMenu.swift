/// What option 43 says to a PXE client (PXE specification 2.1, section 2.2): boot servers, and a menu of them.
struct PXEMenu: Sendable, Equatable {
  enum Code {
    static let control: UInt8 = 6
    static let bootServers: UInt8 = 8
    static let items: UInt8 = 9
    static let chosen: UInt8 = 71
  }

  /// The first item of the menu, by its type.
  var item: UInt16?
  /// The address of that item's server, else of the first one.
  var server: UInt32?

  /// Reads as much as makes sense: it comes from the network.
  init(_ bytes: ArraySlice<UInt8>) {
    var servers: [(type: UInt16, address: UInt32)] = []
    var rest = bytes
    while let code = rest.popFirst(), code != 255 {
      if code == 0 { continue }
      guard let length = rest.popFirst().map(Int.init), length <= rest.count else { break }
      let value = Array(rest.prefix(length))
      rest = rest.dropFirst(length)
      if code == Code.bootServers { servers += Self.servers(value) }
      if code == Code.items, item == nil, value.count >= 3 { item = value.word(0) }
    }
    server = servers.first { $0.type == item }?.address ?? servers.first?.address
  }

  /// Entries of a type, a number of addresses, and those addresses.
  private static func servers(_ bytes: [UInt8]) -> [(type: UInt16, address: UInt32)] {
    var result: [(UInt16, UInt32)] = []
    var index = 0
    while index + 3 <= bytes.count {
      let count = Int(bytes[index + 2])
      guard index + 3 + 4 * count <= bytes.count else { break }
      if count > 0 { result.append((bytes.word(index), bytes.long(index + 3))) }
      index += 3 + 4 * count
    }
    return result
  }
}
