/// An IPv4 address.
struct IPv4Address: Hashable, Sendable, Comparable, CustomStringConvertible {
  var value: UInt32

  init(_ value: UInt32) { self.value = value }

  /// Reads "10.0.0.200": four decimal numbers without leading zeros, which some programs read as
  /// octal.
  ///
  /// - Throws: `AddressProblem` saying what is wrong.
  init(_ text: String) throws(AddressProblem) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else {
      throw AddressProblem("\"\(text.printable())\" is not an IPv4 address such as 10.0.0.200")
    }
    var value: UInt32 = 0
    for part in parts {
      guard let number = decimal(part) else {
        throw AddressProblem("\"\(text.printable())\" is not an IPv4 address such as 10.0.0.200")
      }
      guard number <= 255 else {
        throw AddressProblem("\"\(text)\" is not an IPv4 address: \(part) is more than 255")
      }
      guard part.utf8.count == 1 || part.utf8.first != UInt8(ascii: "0") else {
        throw AddressProblem("\"\(text)\" is not an IPv4 address: \(part) begins with a zero")
      }
      value = value << 8 | UInt32(number)
    }
    self.value = value
  }

  var description: String {
    [24, 16, 8, 0].map { String(value >> UInt32($0) & 0xFF) }.joined(separator: ".")
  }

  static func < (left: IPv4Address, right: IPv4Address) -> Bool { left.value < right.value }
}

/// An IPv4 network: "10.0.0.0/24".
struct IPv4Subnet: Hashable, Sendable, CustomStringConvertible {
  /// The first address, all host bits zero.
  let network: IPv4Address
  /// Bits of the network part, 8 to 30: what is larger or smaller has no room for a site.
  let prefix: Int

  /// The subnet that an address lies in.
  ///
  /// - Precondition: `prefix` is from 8 to 30.
  init(of address: IPv4Address, prefix: Int) {
    precondition((8...30).contains(prefix), "a subnet of a site has a prefix from 8 to 30")
    network = IPv4Address(address.value & ~Self.hostBits(prefix))
    self.prefix = prefix
  }

  /// Reads "10.0.0.0/24".
  ///
  /// - Throws: `AddressProblem` saying what is wrong.
  init(_ text: String) throws(AddressProblem) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let prefix = decimal(parts[1]) else {
      throw AddressProblem("\"\(text.printable())\" is not a subnet such as 10.0.0.0/24")
    }
    let address = try IPv4Address(String(parts[0]))
    guard (8...30).contains(prefix) else {
      throw AddressProblem("the subnet \(text) has a prefix that is not from 8 to 30")
    }
    self.init(of: address, prefix: prefix)
    guard network == address else {
      throw AddressProblem(
        "\(text) is an address inside the subnet \(self): write the subnet itself")
    }
  }

  var broadcast: IPv4Address { IPv4Address(network.value | Self.hostBits(prefix)) }
  var firstHost: IPv4Address { IPv4Address(network.value + 1) }
  var lastHost: IPv4Address { IPv4Address(broadcast.value - 1) }

  /// True for an address that a machine of this subnet may have.
  func hasHost(_ address: IPv4Address) -> Bool { (firstHost...lastHost).contains(address) }

  var description: String { "\(network)/\(prefix)" }

  private static func hostBits(_ prefix: Int) -> UInt32 { UInt32.max >> UInt32(prefix) }
}

/// What is wrong with an address; one line for people.
struct AddressProblem: Error, Equatable {
  var message: String

  init(_ message: String) { self.message = message }
}

/// A number of at most five decimal digits and nothing else.
private func decimal(_ text: Substring) -> Int? {
  let digits = text.utf8
  guard (1...5).contains(digits.count) else { return nil }
  guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
    return nil
  }
  return Int(text)
}
