/// Writes small UDF images for tests, honest ones and others: 2048-byte blocks, one partition, with or
/// without a metadata partition.
struct UDFWriter {
  indirect enum Node: Sendable {
    /// Bytes inside the file entry.
    case embedded([UInt8])
    case file([UInt8], isExecutable: Bool = false)
    /// Two blocks of data with a hole before each, described by a chain of allocation extents.
    case sparse(size: Int, hole: Int, data: [UInt8])
    case folder([(String, Node)])
    case link([LinkPart])
    /// Of a file type of ECMA-167 4/14.6.6.
    case special(UInt8)
    /// A folder whose entry is the root's.
    case loop
    /// A file that claims a size and one extent at a block of the partition.
    case lie(size: UInt64, extent: UInt32, block: UInt32)
  }

  enum LinkPart: Sendable {
    case root, up, here
    case name(String)
  }

  static let blockSize = 2048
  /// The partition's first block.
  static let start = 257

  var usesMetadata = false
  var usesLongDescriptors = false
  var usesExtendedEntries = false
  private var physical: [UInt8] = []
  private var metadata: [UInt8] = []
  private var rootBlock = 0

  init() {}

  /// The bytes of an image with a root folder.
  mutating func image(_ entries: [(String, Node)], volumeID: String = "TEST") -> [UInt8] {
    physical = []
    metadata = []
    // The first block: the file entry of the metadata file. Then the file set and the root.
    if usesMetadata { _ = Self.allocate(1, &physical) }
    let fileSet = allocateDescriptor()
    rootBlock = allocateDescriptor()
    writeFolder(entries, at: rootBlock, parent: rootBlock)
    var set = [UInt8](repeating: 0, count: 512)
    put(longDescriptor(2048, rootBlock, descriptorPartition), into: &set, at: 400)
    writeDescriptor(tagged(256, fileSet, set), at: fileSet)
    if usesMetadata { placeMetadata() }
    return wholeImage(volumeID: volumeID, fileSet: fileSet)
  }

  // MARK: blocks

  private var descriptorPartition: UInt16 { usesMetadata ? 1 : 0 }

  private static func allocate(_ count: Int, _ space: inout [UInt8]) -> Int {
    let block = space.count / Self.blockSize
    space += [UInt8](repeating: 0, count: count * Self.blockSize)
    return block
  }

  private mutating func allocateDescriptor() -> Int {
    usesMetadata ? Self.allocate(1, &metadata) : Self.allocate(1, &physical)
  }

  private mutating func writeDescriptor(_ bytes: [UInt8], at block: Int) {
    if usesMetadata {
      put(bytes, into: &metadata, at: block * Self.blockSize)
    } else {
      put(bytes, into: &physical, at: block * Self.blockSize)
    }
  }

  private mutating func writeData(_ bytes: [UInt8]) -> Int {
    let count = (bytes.count + Self.blockSize - 1) / Self.blockSize
    let block = Self.allocate(max(1, count), &physical)
    put(bytes, into: &physical, at: block * Self.blockSize)
    return block
  }

  private func put(_ bytes: [UInt8], into space: inout [UInt8], at offset: Int) {
    space.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
  }

  // MARK: descriptors

  private func number(_ value: UInt64, _ length: Int) -> [UInt8] {
    (0..<length).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
  }

  private func tagged(_ tag: UInt16, _ location: Int, _ body: [UInt8]) -> [UInt8] {
    var bytes = body
    put(number(UInt64(tag), 2) + number(3, 2), into: &bytes, at: 0)
    put(number(UInt64(Self.crc(bytes[16...])), 2), into: &bytes, at: 8)
    put(number(UInt64(bytes.count - 16), 2), into: &bytes, at: 10)
    put(number(UInt64(location), 4), into: &bytes, at: 12)
    bytes[4] = 0
    bytes[4] = bytes[..<16].reduce(0, &+)
    return bytes
  }

  /// A second implementation, bit by bit, of what the reader does with a table.
  private static func crc(_ bytes: ArraySlice<UInt8>) -> UInt16 {
    var value: UInt16 = 0
    for byte in bytes {
      for bit in (0..<8).reversed() {
        let isSet = (value >> 15) ^ (UInt16(byte) >> UInt16(bit) & 1) == 1
        value = value << 1 ^ (isSet ? 0x1021 : 0)
      }
    }
    return value
  }

  private func longDescriptor(_ length: UInt32, _ block: Int, _ partition: UInt16) -> [UInt8] {
    number(UInt64(length), 4) + number(UInt64(block), 4) + number(UInt64(partition), 2)
      + [UInt8](repeating: 0, count: 6)
  }

  private func descriptor(_ length: UInt32, _ block: Int) -> [UInt8] {
    usesLongDescriptors || usesMetadata
      ? longDescriptor(length, block, 0) : number(UInt64(length), 4) + number(UInt64(block), 4)
  }

  /// Of `length` bytes in pieces that are no longer than one extent can be.
  private func fileEntry(
    type: UInt8, size: UInt64, allocation: [UInt8], isEmbedded: Bool, at block: Int,
    isExecutable: Bool = false, isShort: Bool = false
  ) -> [UInt8] {
    let head = usesExtendedEntries ? 216 : 176
    var body = [UInt8](repeating: 0, count: head)
    body[20] = 4
    body[27] = type
    let isLong = (usesLongDescriptors || usesMetadata) && !isShort
    body[34] = isEmbedded ? 3 : isLong ? 1 : 0
    put(number(isExecutable ? 0x14a5 : 0x1084, 4), into: &body, at: 44)
    put(number(size, 8), into: &body, at: 56)
    put(number(UInt64(allocation.count), 4), into: &body, at: head - 4)
    return tagged(usesExtendedEntries ? 266 : 261, block, body + allocation)
  }

  private static func text(_ name: String) -> [UInt8] {
    if name.unicodeScalars.allSatisfy({ $0.value < 256 }) {
      return [8] + name.unicodeScalars.map { UInt8($0.value) }
    }
    return [16] + name.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
  }

  // MARK: nodes

  private mutating func writeFolder(_ entries: [(String, Node)], at block: Int, parent: Int) {
    var bytes = identifier([], parent, characteristics: 0x0a)
    for (name, node) in entries {
      let place: Int
      var characteristics: UInt8 = 0
      switch node {
      case .folder: characteristics = 2
      case .loop: characteristics = 2
      default: break
      }
      if case .loop = node {
        place = rootBlock
      } else {
        place = allocateDescriptor()
        write(node, at: place, parent: block)
      }
      bytes += identifier(Self.text(name), place, characteristics: characteristics)
    }
    // Small folders are embedded, as metadata partitions have them; larger ones have a short descriptor.
    if bytes.count <= 1500 {
      writeDescriptor(
        fileEntry(
          type: 4, size: UInt64(bytes.count), allocation: bytes, isEmbedded: true, at: block),
        at: block)
      return
    }
    let count = (bytes.count + Self.blockSize - 1) / Self.blockSize
    let data = usesMetadata ? Self.allocate(count, &metadata) : Self.allocate(count, &physical)
    if usesMetadata {
      put(bytes, into: &metadata, at: data * Self.blockSize)
    } else {
      put(bytes, into: &physical, at: data * Self.blockSize)
    }
    writeDescriptor(
      fileEntry(
        type: 4, size: UInt64(bytes.count),
        allocation: number(UInt64(bytes.count), 4) + number(UInt64(data), 4), isEmbedded: false,
        at: block, isShort: true), at: block)
  }

  private func identifier(_ name: [UInt8], _ block: Int, characteristics: UInt8) -> [UInt8] {
    var body = [UInt8](repeating: 0, count: 38)
    body[18] = characteristics
    body[19] = UInt8(name.count)
    put(longDescriptor(2048, block, descriptorPartition), into: &body, at: 20)
    body += name
    while body.count % 4 != 0 { body.append(0) }
    return tagged(257, 0, body)
  }

  private mutating func write(_ node: Node, at block: Int, parent: Int) {
    switch node {
    case .loop: break
    case .folder(let entries): writeFolder(entries, at: block, parent: parent)
    case .embedded(let bytes):
      writeDescriptor(
        fileEntry(
          type: 5, size: UInt64(bytes.count), allocation: bytes, isEmbedded: true, at: block),
        at: block)
    case .file(let bytes, let isExecutable):
      // In two extents of different place.
      let half = bytes.count / 2 / Self.blockSize * Self.blockSize
      var allocation: [UInt8] = []
      if half > 0 {
        let first = writeData(Array(bytes[..<half]))
        _ = Self.allocate(1, &physical)
        allocation += descriptor(UInt32(half), first)
      }
      let second = writeData(Array(bytes[half...]))
      allocation += descriptor(UInt32(bytes.count - half), second)
      writeDescriptor(
        fileEntry(
          type: 5, size: UInt64(bytes.count), allocation: allocation, isEmbedded: false, at: block,
          isExecutable: isExecutable), at: block)
    case .sparse(let size, let hole, let data):
      writeSparse(size: size, hole: hole, data, at: block)
    case .link(let parts):
      var bytes: [UInt8] = []
      for part in parts {
        switch part {
        case .root: bytes += [2, 0, 0, 0]
        case .up: bytes += [3, 0, 0, 0]
        case .here: bytes += [4, 0, 0, 0]
        case .name(let name):
          let text = Self.text(name)
          bytes += [5, UInt8(text.count), 0, 0] + text
        }
      }
      writeDescriptor(
        fileEntry(
          type: 12, size: UInt64(bytes.count), allocation: bytes, isEmbedded: true, at: block),
        at: block)
    case .special(let type):
      writeDescriptor(
        fileEntry(type: type, size: 0, allocation: [], isEmbedded: false, at: block), at: block)
    case .lie(let size, let extent, let place):
      writeDescriptor(
        fileEntry(
          type: 5, size: size, allocation: descriptor(extent, Int(place)), isEmbedded: false,
          at: block), at: block)
    }
  }

  /// Holes of both kinds, then the data, then a chained area with holes for the rest.
  private mutating func writeSparse(size: Int, hole: Int, _ data: [UInt8], at block: Int) {
    let place = writeData(data)
    var rest: [UInt8] = []
    var left = size - hole - data.count
    let longest = (1 << 30) - Self.blockSize
    while left > 0 {
      let length = min(left, longest)
      rest += descriptor(UInt32(length) | 2 << 30, 0)
      left -= length
    }
    let area = Self.allocate(1, &physical)
    var body = [UInt8](repeating: 0, count: 24)
    put(number(UInt64(rest.count), 4), into: &body, at: 20)
    put(tagged(258, area, body + rest), into: &physical, at: area * Self.blockSize)
    let allocation =
      descriptor(UInt32(hole) | 1 << 30, 0) + descriptor(UInt32(data.count), place)
      + descriptor(UInt32(Self.blockSize) | 3 << 30, area)
    writeDescriptor(
      fileEntry(
        type: 5, size: UInt64(size), allocation: allocation, isEmbedded: false, at: block),
      at: block)
  }

  // MARK: the volume

  /// In two pieces, as a metadata file may be.
  private mutating func placeMetadata() {
    let half = metadata.count / 2 / Self.blockSize * Self.blockSize
    let first = writeData(Array(metadata[..<half]))
    _ = Self.allocate(1, &physical)
    let second = writeData(Array(metadata[half...]))
    let allocation =
      number(UInt64(half), 4) + number(UInt64(first), 4)
      + number(UInt64(metadata.count - half), 4) + number(UInt64(second), 4)
    put(
      fileEntry(
        type: 250, size: UInt64(metadata.count), allocation: allocation, isEmbedded: false, at: 0,
        isShort: true), into: &physical, at: 0)
  }

  private func wholeImage(volumeID: String, fileSet: Int) -> [UInt8] {
    var image = [UInt8](repeating: 0, count: Self.start * Self.blockSize) + physical
    for (index, mark) in ["BEA01", "NSR03", "TEA01"].enumerated() {
      put([0] + Array(mark.utf8) + [1], into: &image, at: (16 + index) * Self.blockSize)
    }
    var partition = [UInt8](repeating: 0, count: 512)
    put(number(UInt64(Self.start), 4), into: &partition, at: 188)
    put(number(UInt64(physical.count / Self.blockSize), 4), into: &partition, at: 192)
    var logical = [UInt8](repeating: 0, count: 440)
    let name = Self.text(volumeID)
    put(name, into: &logical, at: 84)
    logical[84 + 127] = UInt8(name.count)
    put(number(UInt64(Self.blockSize), 4), into: &logical, at: 212)
    put(longDescriptor(2048, fileSet, descriptorPartition), into: &logical, at: 248)
    var maps: [UInt8] = [1, 6, 1, 0, 0, 0]
    if usesMetadata {
      var map = [UInt8](repeating: 0, count: 64)
      map[0] = 2
      map[1] = 64
      put(Array("*UDF Metadata Partition".utf8), into: &map, at: 5)
      map[36] = 1
      maps += map
    }
    put(number(UInt64(maps.count), 4), into: &logical, at: 264)
    put(number(usesMetadata ? 2 : 1, 4), into: &logical, at: 268)
    let sequence: [(UInt16, [UInt8])] = [
      (1, [UInt8](repeating: 0, count: 512)), (5, partition), (6, logical + maps),
      (8, [UInt8](repeating: 0, count: 512)),
    ]
    for (index, (tag, body)) in sequence.enumerated() {
      put(tagged(tag, 32 + index, body), into: &image, at: (32 + index) * Self.blockSize)
    }
    var anchor = [UInt8](repeating: 0, count: 512)
    let place = number(UInt64(16 * Self.blockSize), 4) + number(32, 4)
    put(place + place, into: &anchor, at: 16)
    put(tagged(2, 256, anchor), into: &image, at: 256 * Self.blockSize)
    return image
  }
}
