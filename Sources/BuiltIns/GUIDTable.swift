/// A GUID partition table with one partition (UEFI specification 2.10, 5.3).
struct GUIDTable {
  struct Partition {
    /// In sectors of 512 bytes.
    var first: Int
    var count: Int
    /// An EFI system partition; else data.
    var isSystem: Bool
    /// What a BIOS's boot code in the first sector looks for.
    var startsBIOS: Bool
    var name: String
  }

  /// A header, and 128 entries of 128 bytes.
  private static let entrySectors = 32

  /// From the second sector on: the header, then the entries.
  let primary: [UInt8]
  /// Up to the last sector: the entries, then the header.
  let backup: [UInt8]

  /// - Parameter sectors: Of the whole disk.
  init(identity: StickIdentity, sectors: Int, partition: Partition) {
    let entries = Self.entries(identity, partition)
    func header(at own: Int, other: Int, entriesAt: Int) -> [UInt8] {
      Self.header(
        identity, entries, own: own, other: other, entriesAt: entriesAt, last: sectors - 1)
    }
    primary = header(at: 1, other: sectors - 1, entriesAt: 2) + entries
    backup =
      entries
      + header(at: sectors - 1, other: 1, entriesAt: sectors - 1 - Self.entrySectors)
  }

  /// The entry of a first sector that tells older programs that all of the disk is taken.
  static func protectiveEntry(sectors: Int) -> [UInt8] {
    [0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff] + littleEndian(1, 4) + littleEndian(sectors - 1, 4)
  }

  private static func entries(_ identity: StickIdentity, _ partition: Partition) -> [UInt8] {
    // EFI system partition; basic data.
    let type: [UInt8] =
      partition.isSystem
      ? [
        0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9,
        0x3b,
      ]
      : [
        0xa2, 0xa0, 0xd0, 0xeb, 0xe5, 0xb9, 0x33, 0x44, 0x87, 0xc0, 0x68, 0xb6, 0xb7, 0x26, 0x99,
        0xc7,
      ]
    var bytes = type + identity.partition + littleEndian(partition.first, 8)
    bytes += littleEndian(partition.first + partition.count - 1, 8)
    bytes += littleEndian(partition.startsBIOS ? 1 << 2 : 0, 8)
    let name = partition.name.utf16.prefix(36).flatMap { littleEndian(Int($0), 2) }
    bytes += name + Array(repeating: 0, count: 72 - name.count)
    return bytes + Array(repeating: 0, count: entrySectors * 512 - bytes.count)
  }

  private static func header(
    _ identity: StickIdentity, _ entries: [UInt8], own: Int, other: Int, entriesAt: Int, last: Int
  ) -> [UInt8] {
    // Revision 1.0, 92 bytes.
    let start = Array("EFI PART".utf8) + [0, 0, 1, 0, 92, 0, 0, 0]
    var end = [0, 0, 0, 0] + littleEndian(own, 8) + littleEndian(other, 8)
    end += littleEndian(2 + entrySectors, 8) + littleEndian(last - 1 - entrySectors, 8)
    end += identity.disk + littleEndian(entriesAt, 8)
    end += littleEndian(128, 4) + littleEndian(128, 4) + littleEndian(Int(crc32(entries)), 4)
    let sum = crc32(start + [0, 0, 0, 0] + end)
    return start + littleEndian(Int(sum), 4) + end + Array(repeating: 0, count: 512 - 92)
  }

  private static func littleEndian(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }

  /// The CRC of Ethernet (ISO 3309), which the specification asks for.
  private static func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(UInt32.max) { sum, byte in
      (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in
        sum >> 1 ^ (sum & 1 == 1 ? 0xedb8_8320 : 0)
      }
    }
  }
}
