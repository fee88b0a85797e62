/// An ISO 9660 file system (ECMA-119) with the names of its Rock Ridge (RRIP 1.12) or Joliet extension
/// where it has one.
struct ISO9660 {
  /// Where names and kinds come from, the best that the image has.
  enum Names: Equatable {
    case plain, joliet
    /// The bytes to skip in each system use field (SUSP 5.3).
    case rockRidge(skip: Int)
  }

  let file: ImageFile
  let blockSize: Int64
  let root: ImageFolder
  let names: Names
  /// Without the blanks at its end.
  let volumeID: String

  /// Structures of the descriptors are in sectors of this size whatever the block size is.
  static let sectorSize = 2048
  private static let firstDescriptor: Int64 = 16
  /// An image has three or four; a hostile one could go on to its end.
  private static let mostDescriptors: Int64 = 64

  /// Nil when there is no primary volume descriptor.
  init?(_ file: ImageFile) throws(ImageError) {
    var primary: Fields?
    var joliet: Fields?
    for index in 0..<Self.mostDescriptors {
      let offset = (Self.firstDescriptor + index) * Int64(Self.sectorSize)
      guard offset <= file.size - Int64(Self.sectorSize) else { break }
      let sector = Fields(try file.bytes(at: offset, count: Self.sectorSize))
      guard try sector[1..<6].elementsEqual("CD001".utf8) else { break }
      let type = try sector.byte(0)
      if type == 255 { break }
      if type == 1, primary == nil { primary = sector }
      if type == 2, joliet == nil, try Self.isJoliet(sector) { joliet = sector }
    }
    guard let primary else { return nil }
    self.file = file
    volumeID = Self.trimmed(String(decoding: try primary[40..<72], as: UTF8.self))
    let size = try Self.blockSize(of: primary)
    let primaryRoot = try Self.root(of: primary, blockSize: size)
    if let skip = try Self.rockRidgeSkip(primaryRoot, in: file) {
      names = .rockRidge(skip: skip)
      (blockSize, root) = (size, primaryRoot)
    } else if let joliet {
      names = .joliet
      blockSize = try Self.blockSize(of: joliet)
      root = try Self.root(of: joliet, blockSize: blockSize)
    } else {
      names = .plain
      (blockSize, root) = (size, primaryRoot)
    }
  }

  /// The three levels of UCS-2 are told by an escape sequence (Joliet specification, 3.1).
  private static func isJoliet(_ sector: Fields) throws(ImageError) -> Bool {
    let sequence = Array(try sector[88..<91])
    return ["%/@", "%/C", "%/E"].contains { sequence.elementsEqual($0.utf8) }
  }

  private static func blockSize(of descriptor: Fields) throws(ImageError) -> Int64 {
    let size = Int64(try descriptor.uint16(128))
    guard [512, 1024, 2048].contains(size) else {
      throw .damaged("its volume descriptor says that blocks have \(size) bytes")
    }
    return size
  }

  private static func root(of descriptor: Fields, blockSize: Int64) throws(ImageError)
    -> ImageFolder
  {
    let record = Fields(try descriptor[156..<190])
    let block = Int64(try record.uint32(2)) + Int64(try record.byte(1))
    return .extent(offset: block * blockSize, size: Int64(try record.uint32(10)))
  }

  /// The first entry of the root, ".", starts with SP where the System Use Sharing Protocol is used.
  private static func rockRidgeSkip(_ root: ImageFolder, in file: ImageFile) throws(ImageError)
    -> Int?
  {
    guard case .extent(let offset, let size) = root, size >= 34 else { return nil }
    let count = min(size, 255, max(0, file.size - offset))
    let bytes = Fields(try file.bytes(at: offset, count: Int(count)))
    let length = Int(try bytes.byte(0))
    guard length >= 34, length <= bytes.count else { return nil }
    let use = Fields(try bytes[34..<length])
    // CD-ROM XA discs have 14 bytes of their own before.
    for start in [0, 14] where use.count >= start + 7 {
      guard try use[start..<(start + 6)].elementsEqual([0x53, 0x50, 7, 1, 0xbe, 0xef]) else {
        continue
      }
      return Int(try use.byte(start + 6))
    }
    return nil
  }

  static func trimmed(_ text: String) -> String {
    var text = text[...]
    while let last = text.last, last == " " || last == "\0" { text = text.dropLast() }
    return String(text)
  }
}
