/// What Samba and Windows know a password by: MD4 (RFC 1320) over its UTF-16 code units, low byte first. It is
/// as good as the password to whoever has it.
///
/// Code of our own, because the libraries at hand have dropped MD4 for good reason.
enum NTHash {
  /// 32 hexadecimal digits in capital letters, as `smbpasswd` files have them.
  static func text(of password: String) -> String {
    let bytes = password.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
    return md4(bytes).map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return digits.count == 1 ? "0\(digits)" : digits
    }.joined()
  }

  static func md4(_ message: [UInt8]) -> [UInt8] {
    var padded = message + [0x80]
    while padded.count % 64 != 56 { padded.append(0) }
    let bits = UInt64(message.count) * 8
    padded += (0..<8).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
    var state: [UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476]
    for start in stride(from: 0, to: padded.count, by: 64) {
      let words = (0..<16).map { word in
        (0..<4).reduce(UInt32(0)) { $0 | UInt32(padded[start + word * 4 + $1]) << UInt32(8 * $1) }
      }
      state = zip(state, rounds(state, words)).map { $0 &+ $1 }
    }
    return state.flatMap { word in
      (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) }
    }
  }

  private struct Round {
    var constant: UInt32
    /// The order in which the words of a block are taken.
    var order: [Int]
    var shifts: [UInt32]
    var mix: @Sendable (UInt32, UInt32, UInt32) -> UInt32
  }

  private static let plan = [
    Round(constant: 0, order: Array(0..<16), shifts: [3, 7, 11, 19]) { ($0 & $1) | (~$0 & $2) },
    Round(
      constant: 0x5a82_7999, order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
      shifts: [3, 5, 9, 13]
    ) { ($0 & $1) | ($0 & $2) | ($1 & $2) },
    Round(
      constant: 0x6ed9_eba1, order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
      shifts: [3, 9, 11, 15]
    ) { $0 ^ $1 ^ $2 },
  ]

  private static func rounds(_ start: [UInt32], _ words: [UInt32]) -> [UInt32] {
    var (a, b, c, d) = (start[0], start[1], start[2], start[3])
    for round in plan {
      for (step, word) in round.order.enumerated() {
        let sum = a &+ round.mix(b, c, d) &+ words[word] &+ round.constant
        let shift = round.shifts[step % 4]
        (a, b, c, d) = (d, sum << shift | sum >> (32 - shift), b, c)
      }
    }
    return [a, b, c, d]
  }
}
