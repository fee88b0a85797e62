/// An Ethernet frame that holds an IPv4 packet of UDP or TCP (RFC 791, 768, 9293).
///
/// What comes from a machine is not trusted: a frame that is too short, or no such packet, is nil.
struct Frame {
  enum Transport { case udp, tcp }

  let transport: Transport
  let source: UInt32
  let destination: UInt32
  let sourcePort: Int
  let destinationPort: Int
  /// Where its data is in the frame's bytes.
  let payload: Range<Int>
  /// Of TCP: the flags FIN, SYN, RST (bits 0 to 2), ACK (4).
  let flags: UInt8
  /// Of UDP: where the checksum is.
  let checksum: Int

  init?(_ bytes: [UInt8]) {
    guard bytes.count >= 34, bytes[12] == 8, bytes[13] == 0, bytes[14] >> 4 == 4 else { return nil }
    let header = Int(bytes[14] & 15) * 4
    let end = 14 + Int(bytes.word(16))
    let start = 14 + header
    // Later fragments have no header of their own.
    guard header >= 20, end <= bytes.count, bytes.word(20) & 0x1fff == 0, start + 8 <= end else {
      return nil
    }
    source = bytes.long(26)
    destination = bytes.long(30)
    sourcePort = Int(bytes.word(start))
    destinationPort = Int(bytes.word(start + 2))
    switch bytes[23] {
    case 17:
      transport = .udp
      flags = 0
      checksum = start + 6
      payload = (start + 8)..<end
    case 6:
      guard start + 20 <= end else { return nil }
      let data = start + Int(bytes[start + 12] >> 4) * 4
      guard data >= start + 20, data <= end else { return nil }
      transport = .tcp
      flags = bytes[start + 13]
      checksum = start + 16
      payload = data..<end
    default: return nil
    }
  }

  /// An address in the usual form.
  static func text(_ address: UInt32) -> String {
    [24, 16, 8, 0].map { String(address >> UInt32($0) & 255) }.joined(separator: ".")
  }
}

extension [UInt8] {
  /// Two bytes in network order.
  func word(_ index: Int) -> UInt16 { UInt16(self[index]) << 8 | UInt16(self[index + 1]) }

  /// Four bytes in network order.
  func long(_ index: Int) -> UInt32 { UInt32(word(index)) << 16 | UInt32(word(index + 2)) }
}
