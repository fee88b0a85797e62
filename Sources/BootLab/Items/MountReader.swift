/// Finds what an NFS server's mountd says to machines (ONC RPC, RFC 5531; the MOUNT protocol, RFC 1813, appendix I).
struct MountReader {
  /// The paths that are asked for, by the number of the call.
  private var calls: [UInt32: String] = [:]

  private static let mountProgram: UInt32 = 100_005
  /// The procedure MNT.
  private static let mount: UInt32 = 1
  /// More calls than any machine makes; the rest is made up.
  private static let mostCalls = 256
  private static let longestPath = 1024

  /// - Parameter data: What a UDP or a TCP packet holds.
  mutating func event(of data: ArraySlice<UInt8>) -> NetworkEvent? {
    // Over TCP the length comes first.
    message(Array(data)) ?? message(Array(data.dropFirst(4)))
  }

  private mutating func message(_ bytes: [UInt8]) -> NetworkEvent? {
    guard bytes.count >= 24, bytes.count <= 4096 else { return nil }
    switch bytes.long(4) {
    case 0: call(bytes)
    case 1: return reply(bytes)
    default: break
    }
    return nil
  }

  private mutating func call(_ bytes: [UInt8]) {
    guard bytes.count >= 40, bytes.long(8) == 2, bytes.long(12) == Self.mountProgram,
      bytes.long(20) == Self.mount, calls.count < Self.mostCalls,
      let verifier = Self.skip(bytes, 24), let start = Self.skip(bytes, verifier),
      start + 4 <= bytes.count
    else { return }
    let length = Int(bytes.long(start))
    guard length <= Self.longestPath, start + 4 + length <= bytes.count else { return }
    calls[bytes.long(0)] = String(
      decoding: bytes[(start + 4)..<(start + 4 + length)], as: UTF8.self)
  }

  /// The end of credentials or of a verifier: a kind, a length, and so many bytes in groups of four.
  private static func skip(_ bytes: [UInt8], _ start: Int) -> Int? {
    guard start + 8 <= bytes.count else { return nil }
    let length = Int(bytes.long(start + 4))
    guard length <= 400 else { return nil }
    let end = start + 8 + (length + 3) / 4 * 4
    return end <= bytes.count ? end : nil
  }

  private mutating func reply(_ bytes: [UInt8]) -> NetworkEvent? {
    guard let path = calls.removeValue(forKey: bytes.long(0)), bytes.long(8) == 0,
      let end = Self.skip(bytes, 12), end + 8 <= bytes.count, bytes.long(end) == 0
    else { return nil }
    return .mounted(path: path, status: Int(bytes.long(end + 4)))
  }
}
