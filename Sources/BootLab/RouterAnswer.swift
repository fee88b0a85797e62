/// What the lab says to a machine that looks for an IPv6 router: that there is one, and that it leads nowhere
/// (RFC 4861, 4443).
///
/// iPXE sets up IPv4 and IPv6 together, and waits for a router's word for as long as that may take: some thirteen
/// seconds for each iPXE that starts, on a network where nobody says anything. Firmware does not ask.
enum RouterAnswer {
  /// The address of the router on the cable; made up.
  private static let link: [UInt8] = [0x52, 0x54, 0, 0xff, 0xff, 1]
  private static let address: [UInt8] = [0xfe, 0x80] + [UInt8](repeating: 0, count: 13) + [1]
  private static let icmp: UInt8 = 58

  /// The frame that answers one; nil for a frame that asks for no router.
  static func frame(for bytes: [UInt8]) -> [UInt8]? {
    let solicitation: UInt8 = 133
    guard bytes.count >= 58, bytes.word(12) == 0x86dd, bytes[20] == icmp,
      bytes[54] == solicitation
    else { return nil }
    // iPXE asks from an address, and takes no frame to itself that is addressed to everybody.
    let asker = Array(bytes[22..<38])
    // Type, code and checksum; a hop limit; no flags; a lifetime of 0: not a router to go through.
    var message: [UInt8] = [134, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    let sum = checksum(of: message, to: asker)
    message[2] = UInt8(sum >> 8)
    message[3] = UInt8(sum & 0xff)
    let header: [UInt8] = [0x60, 0, 0, 0, 0, UInt8(message.count), icmp, 255]
    let frame = [Array(bytes[6..<12]), link, [0x86, 0xdd], header, address, asker, message]
    return frame.flatMap(\.self)
  }

  /// Over the message and what it stands for of the header (RFC 8200, 8.1).
  private static func checksum(of message: [UInt8], to asker: [UInt8]) -> UInt16 {
    let rest: [UInt8] = [0, 0, 0, UInt8(message.count), 0, 0, 0, icmp]
    let all = [address, asker, rest, message].flatMap(\.self)
    var sum: UInt32 = 0
    for index in stride(from: 0, to: all.count, by: 2) { sum += UInt32(all.word(index)) }
    while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
    return ~UInt16(sum)
  }
}
