/// The place of a descriptor in a UDF file system: a block of one of its partitions.
struct UDFAddress: Hashable {
  var block: UInt32
  /// An index into the logical volume's partition maps.
  var partition: UInt16

  init(block: UInt32, partition: UInt16) {
    self.block = block
    self.partition = partition
  }

  /// The location in a `long_ad` (ECMA-167 4/14.14.2).
  init(longDescriptor fields: Fields, at index: Int) throws(ImageError) {
    block = try fields.uint32(index + 4)
    partition = try fields.uint16(index + 8)
  }
}

/// A UDF file system (ECMA-167 in the profile of OSTA UDF 1.02 to 2.60), read-only: partitions of type 1
/// and metadata partitions. Numbers in parentheses are sections of ECMA-167.
struct UDF {
  enum Partition {
    /// Blocks follow one another from `start` (in bytes) on.
    case physical(start: Int64)
    /// Blocks are those of a file (UDF 2.50, 2.2.10).
    case metadata(FileContent)
  }

  let file: ImageFile
  /// In bytes.
  let blockSize: Int64
  private(set) var partitions: [Partition] = []
  private(set) var root = ImageFolder.entry(UDFAddress(block: 0, partition: 0))
  let volumeID: String

  /// Nil when nothing says that there is one.
  init?(_ file: ImageFile) throws(ImageError) {
    guard try Self.isRecorded(in: file) else { return nil }
    guard let anchor = try Self.anchor(of: file) else {
      throw .damaged("it says that it is UDF, but has no anchor where one should be")
    }
    self.file = file
    blockSize = anchor.blockSize
    var found: UDFVolumeDescriptors?
    var failure = ImageError.damaged("its UDF file system has no volume descriptors")
    for extent in anchor.sequences where found == nil {
      do throws(ImageError) {
        found = try UDFVolumeDescriptors(file, extent, blockSize: anchor.blockSize)
      } catch {
        failure = error
      }
    }
    guard let found else { throw failure }
    volumeID = found.volumeID
    try addPartitions(found)
    root = try rootFolder(found.fileSetAddress)
  }

  /// The volume recognition sequence (2/9.1) has NSR02 or NSR03. Its descriptors are 2048 bytes or a block
  /// apart, so that every 2048 bytes are looked at.
  private static func isRecorded(in file: ImageFile) throws(ImageError) -> Bool {
    for index in 0..<64 {
      let offset = Int64(32768 + index * 2048)
      guard offset <= file.size - 7 else { return false }
      let mark = try file.bytes(at: offset + 1, count: 5)
      if mark.elementsEqual("NSR02".utf8) || mark.elementsEqual("NSR03".utf8) { return true }
    }
    return false
  }

  /// Where a sequence of volume descriptors is, in bytes.
  struct Sequence {
    var offset: Int64
    var length: Int64
  }

  /// The anchor volume descriptor pointer (3/10.2) in block 256, or 256 blocks before the end or in the
  /// last one. Nothing says how large a block is but that it is there.
  private static func anchor(of file: ImageFile) throws(ImageError) -> (
    blockSize: Int64, sequences: [Sequence]
  )? {
    for blockSize: Int64 in [2048, 512, 4096, 1024] {
      let last = file.size / blockSize - 1
      for block in [256, last - 256, last] where block >= 256 {
        guard block <= last,
          let tagged = try? descriptor(file, at: block * blockSize, blockSize: blockSize),
          tagged.tag == 2, tagged.location == UInt32(truncatingIfNeeded: block)
        else { continue }
        var sequences: [Sequence] = []
        for index in [16, 24] {
          let length = Int64(try tagged.fields.uint32(index))
          let start = Int64(try tagged.fields.uint32(index + 4))
          sequences.append(Sequence(offset: start * blockSize, length: length))
        }
        return (blockSize, sequences)
      }
    }
    return nil
  }

  // MARK: descriptors

  /// A descriptor whose tag (3/7.2) is right.
  struct Tagged {
    var tag: UInt16
    var location: UInt32
    var fields: Fields
  }

  static func descriptor(_ file: ImageFile, at offset: Int64, blockSize: Int64) throws(ImageError)
    -> Tagged
  {
    try descriptor(Fields(try file.bytes(at: offset, count: Int(blockSize))))
  }

  static func descriptor(_ fields: Fields) throws(ImageError) -> Tagged {
    let head = try fields[0..<16]
    var sum: UInt8 = 0
    for (index, byte) in head.enumerated() where index != 4 { sum &+= byte }
    guard sum == head[head.startIndex + 4] else {
      throw .damaged("the tag of one of its UDF descriptors is wrong")
    }
    let length = Int(try fields.uint16(10))
    guard length <= fields.count - 16,
      crc(try fields[16..<(16 + length)]) == (try fields.uint16(8))
    else { throw .damaged("the checksum of one of its UDF descriptors is wrong") }
    return Tagged(tag: try fields.uint16(0), location: try fields.uint32(12), fields: fields)
  }

  /// CRC-16 with the polynomial x^16 + x^12 + x^5 + 1 (3/7.2.6).
  static func crc(_ bytes: ArraySlice<UInt8>) -> UInt16 {
    var value: UInt16 = 0
    for byte in bytes { value = value << 8 ^ crcTable[Int(UInt8(value >> 8) ^ byte)] }
    return value
  }

  private static let crcTable: [UInt16] = (0..<256).map { byte in
    (0..<8).reduce(UInt16(byte) << 8) { value, _ in
      value & 0x8000 == 0 ? value << 1 : value << 1 ^ 0x1021
    }
  }

  /// The descriptor in a block of a partition, with its place in the image.
  func descriptor(at address: UDFAddress) throws(ImageError) -> (tagged: Tagged, offset: Int64) {
    let place = try locate(address, length: blockSize)
    guard place.extents.count == 1, let offset = place.extents[0].offset else {
      throw .damaged("one of its UDF descriptors is in a hole")
    }
    return (try Self.descriptor(file, at: offset, blockSize: blockSize), offset)
  }

  /// Where bytes of a partition are in the image.
  func locate(_ address: UDFAddress, length: Int64) throws(ImageError) -> FileContent {
    guard Int(address.partition) < partitions.count else {
      throw .damaged(
        "something in it lies in partition \(address.partition), which it does not have")
    }
    let start = Int64(address.block) * blockSize
    switch partitions[Int(address.partition)] {
    case .physical(let base):
      var place = FileContent()
      try place.append(offset: base + start, length: length)
      return place
    case .metadata(let content): return try content.part(from: start, length: length)
    }
  }

  // MARK: partitions and the root

  private mutating func addPartitions(_ found: UDFVolumeDescriptors) throws(ImageError) {
    // A metadata partition's own file lies in one of type 1, wherever the map of that stands.
    for map in found.maps { partitions.append(.physical(start: try found.start(of: map))) }
    for (index, map) in found.maps.enumerated() {
      guard case .metadata(let number, let main, let mirror) = map else { continue }
      let base = found.maps.firstIndex { other in
        if case .physical(number) = other { true } else { false }
      }
      guard let base else {
        throw .damaged("its metadata partition lies in a partition that it does not have")
      }
      func content(_ block: UInt32) throws(ImageError) -> FileContent {
        try fileEntry(at: UDFAddress(block: block, partition: UInt16(base))).content
      }
      let metadata: FileContent
      do throws(ImageError) { metadata = try content(main) } catch {
        // The mirror is there for this; when it is no better, the first error says more.
        guard let second = try? content(mirror) else { throw error }
        metadata = second
      }
      partitions[index] = .metadata(metadata)
    }
  }

  private func rootFolder(_ fileSet: UDFAddress) throws(ImageError) -> ImageFolder {
    let set = try descriptor(at: fileSet).tagged
    guard set.tag == 256 else { throw .damaged("its UDF file system has no file set") }
    return .entry(try UDFAddress(longDescriptor: set.fields, at: 400))
  }
}
