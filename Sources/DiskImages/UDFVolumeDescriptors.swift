/// What the volume descriptor sequence (ECMA-167 3/8.4.2) says.
struct UDFVolumeDescriptors {
  /// A partition map (3/10.7). Numbers are those of partition descriptors.
  enum Map {
    case physical(partition: UInt16)
    /// With the blocks of the metadata file and of its mirror (UDF 2.50, 2.2.10).
    case metadata(partition: UInt16, main: UInt32, mirror: UInt32)
  }

  private(set) var maps: [Map] = []
  private(set) var fileSetAddress = UDFAddress(block: 0, partition: 0)
  private(set) var volumeID = ""
  private let blockSize: Int64
  /// First blocks, by partition number.
  private var starts: [UInt16: (sequence: UInt32, block: UInt32)] = [:]

  /// A sequence has 16 blocks by UDF; these are more than any has.
  private static let mostDescriptors = 256

  init(_ file: ImageFile, _ sequence: UDF.Sequence, blockSize: Int64) throws(ImageError) {
    self.blockSize = blockSize
    var logical: (sequence: UInt32, fields: Fields)?
    var offset = sequence.offset
    var end = offset + min(sequence.length, Int64(Self.mostDescriptors) * blockSize)
    for _ in 0..<Self.mostDescriptors where offset + blockSize <= end {
      // A block that was never written ends the sequence like a terminating descriptor.
      guard let next = try? UDF.descriptor(file, at: offset, blockSize: blockSize) else { break }
      offset += blockSize
      switch next.tag {
      case 3:  // volume descriptor pointer: the sequence goes on there
        offset = Int64(try next.fields.uint32(24)) * blockSize
        end =
          offset + min(Int64(try next.fields.uint32(20)), Int64(Self.mostDescriptors) * blockSize)
      case 5:
        let number = try next.fields.uint16(22)
        let version = try next.fields.uint32(16)
        if starts[number].map({ $0.sequence <= version }) ?? true {
          starts[number] = (version, try next.fields.uint32(188))
        }
      case 6:
        let version = try next.fields.uint32(16)
        if logical.map({ $0.sequence <= version }) ?? true { logical = (version, next.fields) }
      case 8: end = offset
      default: break
      }
    }
    guard let logical else { throw .damaged("its UDF file system has no logical volume") }
    try read(logical.fields)
  }

  private mutating func read(_ volume: Fields) throws(ImageError) {
    let size = Int64(try volume.uint32(212))
    guard size == blockSize else {
      throw .damaged("its UDF file system has blocks of \(size) bytes in sectors of \(blockSize)")
    }
    volumeID = ISO9660.trimmed(UDFText.fixed(try volume[84..<212]))
    fileSetAddress = try UDFAddress(longDescriptor: volume, at: 248)
    let length = Int(try volume.uint32(264))
    guard length <= volume.count - 440 else { throw .damaged("its partition maps are cut off") }
    var position = 440
    for _ in 0..<(try volume.uint32(268)) {
      guard position + 2 <= 440 + length else { throw .damaged("its partition maps are cut off") }
      let size = Int(try volume.byte(position + 1))
      guard size >= 6, position + size <= 440 + length else {
        throw .damaged("its partition maps are cut off")
      }
      maps.append(try Self.map(Fields(try volume[position..<(position + size)])))
      position += size
    }
  }

  private static func map(_ map: Fields) throws(ImageError) -> Map {
    let type = try map.byte(0)
    if type == 1 { return .physical(partition: try map.uint16(4)) }
    guard type == 2, map.count >= 64 else {
      throw .damaged("it has a partition map of type \(type), which does not exist")
    }
    let name = String(decoding: try map[5..<28].prefix { $0 != 0 }, as: UTF8.self)
    guard name == "*UDF Metadata Partition" else {
      throw ImageError(
        .unsupported,
        "it has a '\(name)', as discs that were written bit by bit have; only whole images are read"
      )
    }
    return .metadata(
      partition: try map.uint16(38), main: try map.uint32(40), mirror: try map.uint32(44))
  }

  /// In bytes.
  func start(of map: Map) throws(ImageError) -> Int64 {
    let number: UInt16 =
      switch map {
      case .physical(let number): number
      case .metadata(let number, _, _): number
      }
    guard let start = starts[number] else {
      throw .damaged("its UDF file system lies in partition \(number), which it does not have")
    }
    return Int64(start.block) * blockSize
  }
}

/// Text of UDF (OSTA compressed Unicode, UDF 2.1.1).
enum UDFText {
  /// Nil when it says neither 8 nor 16 bits a character.
  static func decode(_ bytes: ArraySlice<UInt8>) -> String? {
    guard let compression = bytes.first else { return "" }
    let rest = bytes.dropFirst()
    switch compression {
    case 8: return String(String.UnicodeScalarView(rest.map { UnicodeScalar($0) }))
    case 16:
      var units: [UInt16] = []
      var index = rest.startIndex
      while index + 1 < rest.endIndex {
        units.append(UInt16(rest[index]) << 8 | UInt16(rest[index + 1]))
        index += 2
      }
      return String(decoding: units, as: UTF16.self)
    default: return nil
    }
  }

  /// A field of fixed size whose last byte is the length in it.
  static func fixed(_ bytes: ArraySlice<UInt8>) -> String {
    let length = min(Int(bytes.last ?? 0), max(0, bytes.count - 1))
    return decode(bytes.prefix(length)) ?? ""
  }
}
