/// Writes small ISO 9660 images for tests: what no mastering program would write.
struct ISOWriter {
  struct Entry {
    var name: String
    var content: [UInt8] = []
    /// Rock Ridge fields, put after the name's.
    var fields: [UInt8] = []
    /// A folder that is the root itself.
    var isLoop = false
    /// What the record says in place of the truth.
    var size: UInt32?
    var block: UInt32?
    var flags: UInt8 = 0
  }

  static let blockSize = 2048
  private static let rootBlock = 18

  static func image(_ entries: [Entry], volumeID: String = "TEST") -> [UInt8] {
    // How many blocks the records need is known once they are written with any numbers.
    let rootSize = folder(entries, rootSize: 0).count
    let all = folder(entries, rootSize: rootSize)
    let data = entries.flatMap { padded($0.content) }
    var descriptor = [UInt8](repeating: 0, count: blockSize)
    descriptor.replaceSubrange(0..<7, with: [1] + Array("CD001".utf8) + [1])
    let name = Array(volumeID.utf8)
    descriptor.replaceSubrange(40..<72, with: name + [UInt8](repeating: 32, count: 32 - name.count))
    descriptor.replaceSubrange(128..<130, with: [0, 8])
    descriptor.replaceSubrange(
      156..<190, with: record([0], UInt32(rootBlock), UInt32(rootSize), 2, []))
    var end = [UInt8](repeating: 0, count: blockSize)
    end.replaceSubrange(0..<7, with: [255] + Array("CD001".utf8) + [1])
    return [UInt8](repeating: 0, count: 16 * blockSize) + descriptor + end + all + data
  }

  /// The root's records; none crosses a block.
  private static func folder(_ entries: [Entry], rootSize: Int) -> [UInt8] {
    let size = UInt32(rootSize)
    var all = record([0], UInt32(rootBlock), size, 2, [0x53, 0x50, 7, 1, 0xbe, 0xef, 0])
    all += record([1], UInt32(rootBlock), size, 2, [])
    var block = rootBlock + rootSize / blockSize
    for entry in entries {
      let bytes = written(entry, firstBlock: UInt32(block), rootSize: size)
      let room = blockSize - all.count % blockSize
      if bytes.count > room { all += [UInt8](repeating: 0, count: room) }
      all += bytes
      block += (entry.content.count + blockSize - 1) / blockSize
    }
    return padded(all)
  }

  /// A symbolic link's fields: its mode and its parts, each with its flags (8 the root, 4 "..").
  static func link(_ parts: [(flags: UInt8, name: String)]) -> [UInt8] {
    let components = parts.flatMap { [$0.flags, UInt8($0.name.utf8.count)] + Array($0.name.utf8) }
    return mode(0o120777) + [0x53, 0x4c, UInt8(5 + components.count), 1, 0] + components
  }

  static func mode(_ mode: UInt32) -> [UInt8] {
    [0x50, 0x58, 36, 1] + both(mode) + [UInt8](repeating: 0, count: 24)
  }

  /// Where the fields of an entry go on.
  static func continuation(block: UInt32, offset: UInt32, length: UInt32) -> [UInt8] {
    [0x43, 0x45, 28, 1] + both(block) + both(offset) + both(length)
  }

  private static func written(_ entry: Entry, firstBlock: UInt32, rootSize: UInt32) -> [UInt8] {
    let name = Array(entry.name.utf8)
    let nameField = [0x4e, 0x4d, UInt8(5 + name.count), 1, 0] + name
    return record(
      Array("F.;1".utf8), entry.isLoop ? UInt32(rootBlock) : entry.block ?? firstBlock,
      entry.isLoop ? rootSize : entry.size ?? UInt32(entry.content.count),
      entry.isLoop ? 2 : entry.flags, nameField + entry.fields)
  }

  private static func record(
    _ identifier: [UInt8], _ block: UInt32, _ size: UInt32, _ flags: UInt8, _ use: [UInt8]
  ) -> [UInt8] {
    var bytes: [UInt8] = [0, 0] + both(block) + both(size) + [UInt8](repeating: 0, count: 7)
    bytes += [flags, 0, 0, 1, 0, 0, 1, UInt8(identifier.count)] + identifier
    if identifier.count % 2 == 0 { bytes.append(0) }
    bytes += use
    if bytes.count % 2 == 1 { bytes.append(0) }
    bytes[0] = UInt8(bytes.count)
    return bytes
  }

  private static func both(_ value: UInt32) -> [UInt8] {
    let little = (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
    return little + little.reversed()
  }

  private static func padded(_ bytes: [UInt8]) -> [UInt8] {
    let rest = bytes.count % blockSize
    return rest == 0 ? bytes : bytes + [UInt8](repeating: 0, count: blockSize - rest)
  }
}
