import Crypto

/// What a blob is known by: the SHA-256 of its bytes and their number.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
  // Four words rather than a string: a tree of ten thousand files holds ten thousand of these.
  private let word0: UInt64
  private let word1: UInt64
  private let word2: UInt64
  private let word3: UInt64
  /// Size of the blob in bytes.
  public let size: Int64

  /// - Precondition: `bytes` has 32 elements.
  public init(sha256 bytes: some Sequence<UInt8>, size: Int64) {
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    var index = 0
    for byte in bytes {
      switch index / 8 {
      case 0: words.0 = words.0 << 8 | UInt64(byte)
      case 1: words.1 = words.1 << 8 | UInt64(byte)
      case 2: words.2 = words.2 << 8 | UInt64(byte)
      default: words.3 = words.3 << 8 | UInt64(byte)
      }
      index += 1
    }
    precondition(index == 32, "a SHA-256 has 32 bytes")
    (word0, word1, word2, word3) = words
    self.size = size
  }

  /// The digest of bytes in memory.
  public init(of bytes: some Collection<UInt8>) {
    var hasher = SHA256()
    if bytes.withContiguousStorageIfAvailable({ hasher.update(bufferPointer: .init($0)) }) == nil {
      hasher.update(data: Array(bytes))
    }
    self.init(sha256: hasher.finalize(), size: Int64(bytes.count))
  }

  /// Reads 64 hexadecimal digits of either case; nil for anything else.
  public init?(hex: some StringProtocol, size: Int64) {
    guard hex.utf8.count == 64, size >= 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32)
    var high: UInt8?
    for character in hex.utf8 {
      let digit: UInt8
      switch character {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = character - UInt8(ascii: "A") + 10
      default: return nil
      }
      if let upper = high {
        bytes.append(upper << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    self.init(sha256: bytes, size: size)
  }

  /// 64 lower-case hexadecimal digits.
  public var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(unsafeUninitializedCapacity: 64) { buffer in
      var position = 0
      for word in [word0, word1, word2, word3] {
        for shift in stride(from: 60, through: 0, by: -4) {
          buffer[position] = digits[Int(word >> UInt64(shift) & 0xf)]
          position += 1
        }
      }
      return 64
    }
  }

  /// The first twelve hexadecimal digits, for people.
  public var short: String { String(hex.prefix(12)) }

  public var description: String { "\(hex)/\(size)" }
}
