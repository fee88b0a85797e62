/// An IPv4 address.
public struct IPv4Address: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let value: UInt32

  public init(value: UInt32) { self.value = value }

  /// Reads four decimal numbers with dots between; nil for anything else ("010.0.0.1" too, which some
  /// programs read as octal).
  public init?(_ text: some StringProtocol) {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
      guard let number = decimal(part, atMost: 255) else { return nil }
      value = value << 8 | UInt32(number)
    }
    self.value = value
  }

  public static func < (left: Self, right: Self) -> Bool { left.value < right.value }

  public var description: String {
    [24, 16, 8, 0].map { String(value >> UInt32($0) & 0xff) }.joined(separator: ".")
  }
}

/// An IPv4 network in CIDR notation.
public struct IPv4Subnet: Hashable, Sendable, CustomStringConvertible {
  /// The network's own address: the bits behind the prefix are zero.
  public let address: IPv4Address
  /// 0 to 32.
  public let prefixLength: Int

  /// Reads "10.0.0.0/24"; nil for anything that is not an address, a slash and 0 to 32. The address
  /// may have bits behind the prefix set; `written` tells.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let address = IPv4Address(parts[0]),
      let length = decimal(parts[1].utf8, atMost: 32)
    else { return nil }
    prefixLength = length
    self.address = IPv4Address(value: address.value & Self.mask(length))
  }

  /// The network that an address lies in.
  ///
  /// - Precondition: `prefixLength` is from 0 to 32.
  public init(of address: IPv4Address, prefixLength: Int) {
    precondition((0...32).contains(prefixLength), "an IPv4 prefix has 0 to 32 bits")
    self.address = IPv4Address(value: address.value & Self.mask(prefixLength))
    self.prefixLength = prefixLength
  }

  private static func mask(_ length: Int) -> UInt32 {
    length == 0 ? 0 : UInt32.max << UInt32(32 - length)
  }

  public var netmask: IPv4Address { IPv4Address(value: Self.mask(prefixLength)) }

  public var broadcast: IPv4Address {
    IPv4Address(value: address.value | ~Self.mask(prefixLength))
  }

  /// The first and the last address that a machine may have.
  ///
  /// - Precondition: the prefix has at most 30 bits.
  public var hosts: ClosedRange<IPv4Address> {
    IPv4Address(value: address.value + 1)...IPv4Address(value: broadcast.value - 1)
  }

  public func contains(_ other: IPv4Address) -> Bool {
    other.value & Self.mask(prefixLength) == address.value
  }

  public var description: String { "\(address)/\(prefixLength)" }
}

/// A decimal number without sign or leading zero.
private func decimal(_ digits: some Collection<UInt8>, atMost limit: Int) -> Int? {
  guard let first = digits.first, digits.count <= 3 else { return nil }
  if first == UInt8(ascii: "0"), digits.count > 1 { return nil }
  var value = 0
  for digit in digits {
    guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
    value = value * 10 + Int(digit - UInt8(ascii: "0"))
  }
  return value <= limit ? value : nil
}
