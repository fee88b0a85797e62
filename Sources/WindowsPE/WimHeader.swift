/// The header of a WIM, as far as it says whether wimboot and Windows' boot loader can read it.
public struct WimHeader: Sendable, Equatable {
  public enum Compression: Sendable, Equatable { case none, xpress, lzx, lzms, unknown }

  public var compression: Compression
  /// In bytes.
  public var chunkSize: UInt32
  /// The number of this file of a split WIM, and how many there are.
  public var part: UInt16
  public var partCount: UInt16
  public var imageCount: UInt32
  /// True when files are compressed together (ESD).
  public var isSolid: Bool

  /// The bytes that have to be read of a file.
  public static let size = 208
  static let magic: [UInt8] = Array("MSWIM\0\0\0".utf8)
  /// The largest file that wimboot takes (its sizes have 32 bits).
  public static let largestFile: Int64 = (1 << 32) - 1

  /// True for the first bytes of a WIM of any kind.
  public static func isWim(_ bytes: some Collection<UInt8>) -> Bool { bytes.starts(with: magic) }

  /// Nil for what is no WIM (wimlib's include/wimlib/header.h has the format).
  public init?(_ bytes: some Collection<UInt8>) {
    let bytes = Array(bytes.prefix(Self.size))
    guard bytes.count == Self.size, Self.isWim(bytes) else { return nil }
    func number(_ place: Int, _ length: Int) -> UInt32 {
      (0..<length).reduce(0) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) }
    }
    let flags = number(16, 4)
    compression =
      if flags & 0x2 == 0 { .none } else if flags & 0x2_0000 != 0 {
        .xpress
      } else if flags
        & 0x4_0000 != 0
      { .lzx } else if flags & 0x8_0000 != 0 { .lzms } else { .unknown }
    chunkSize = number(20, 4)
    part = UInt16(truncatingIfNeeded: number(40, 2))
    partCount = UInt16(truncatingIfNeeded: number(42, 2))
    imageCount = number(44, 4)
    isSolid = number(12, 4) == 0xe00
  }

  /// Why an image of this kind cannot boot from the network, and what to do; nil when it can.
  public var problem: (reason: String, advice: String)? {
    let convert = "wimlib-imagex export OLD.wim IMAGE NEW.wim --compress=LZX --chunk-size=32K"
    if partCount > 1 {
      return (
        "it is part \(part) of \(partCount) of a split WIM",
        "join the parts: wimlib-imagex join NEW.wim *.swm"
      )
    }
    switch compression {
    case .lzms: return ("it is compressed with LZMS, as an .esd is", "convert it: \(convert)")
    case .unknown:
      return ("it is compressed in a way that nobody knows", "convert it: \(convert)")
    case .none, .xpress, .lzx: break
    }
    if isSolid {
      return ("its files are compressed together (solid)", "convert it: \(convert)")
    }
    if compression != .none, chunkSize != 32 << 10 {
      return (
        "it is compressed in chunks of \(chunkSize) bytes, and the boot programs read 32768 only",
        "convert it: \(convert)"
      )
    }
    return nil
  }
}
