/// What the system use field of a directory record says (SUSP 1.12 and RRIP 1.12).
struct RockRidge {
  private(set) var name: [UInt8]?
  /// POSIX mode.
  private(set) var mode: UInt32?
  /// True for a folder in the place that it was moved to.
  private(set) var isRelocated = false
  private var link: LinkText?
  /// Where a folder is that was moved: this record only holds its place.
  private var movedTo: UInt32?
  private var isCompressed = false

  /// An entry needs one or two continuation areas; more than these are a loop.
  private static let mostContinuations = 32
  private static let largestContinuation: UInt32 = 64 << 10

  init(_ bytes: ArraySlice<UInt8>, skip: Int, _ volume: ISO9660) throws(ImageError) {
    var area = Fields(bytes.dropFirst(skip))
    for _ in 0...Self.mostContinuations {
      guard let next = try read(area) else { return }
      guard next.length <= Self.largestContinuation else {
        throw .damaged("a continuation area of Rock Ridge has \(next.length) bytes")
      }
      area = Fields(
        try volume.file.bytes(
          at: Int64(next.block) * volume.blockSize + Int64(next.offset), count: Int(next.length)))
    }
    throw .damaged("the continuation areas of Rock Ridge never end")
  }

  private typealias Continuation = (block: UInt32, offset: UInt32, length: UInt32)

  /// Reads one area; returns where it goes on.
  private mutating func read(_ area: Fields) throws(ImageError) -> Continuation? {
    var next: Continuation?
    var position = 0
    while position + 4 <= area.count {
      let length = Int(try area.byte(position + 2))
      // Zeros, or less than a field, are padding.
      guard length >= 4, length <= area.count - position else { break }
      let field = Fields(try area[position..<(position + length)])
      position += length
      switch String(decoding: try field[0..<2], as: UTF8.self) {
      case "CE":
        next = (try field.uint32(4), try field.uint32(12), try field.uint32(20))
      case "ST": return next
      case "NM": try readName(field)
      case "PX": mode = try field.uint32(4)
      case "SL":
        var text = link ?? LinkText()
        try text.append(field)
        link = text
      case "CL": movedTo = try field.uint32(4)
      case "RE": isRelocated = true
      case "ZF": isCompressed = true
      default: break
      }
    }
    return next
  }

  private mutating func readName(_ field: Fields) throws(ImageError) {
    let flags = try field.byte(4)
    // "." and ".." (flags 2 and 4) name nothing that is listed.
    guard flags & 6 == 0 else { return }
    name = (name ?? []) + (try field[5..<field.count])
    // 255 is the longest name that Linux has; the standard allows more.
    if let name, name.count > 4096 { throw .damaged("a name in it is longer than 4096 bytes") }
  }

  /// - Parameter recorded: What the directory record itself says.
  func kind(
    or recorded: ImageEntry.Kind, _ name: String, _ volume: ISO9660
  ) throws(ImageError) -> ImageEntry.Kind {
    if let movedTo { return .folder(try volume.folder(atBlock: movedTo)) }
    if case .folder = recorded { return recorded }
    switch (mode ?? (link == nil ? 0o100000 : 0o120000)) & 0o170000 {
    case 0o120000:
      guard let text = link?.text else { throw .damaged("its link '\(name)' leads nowhere") }
      return .link(try ISO9660.utf8(text[...], name))
    case 0o020000, 0o060000: return .special("a device")
    case 0o010000: return .special("a pipe")
    case 0o140000: return .special("a socket")
    default: return isCompressed ? .special("compressed with zisofs") : recorded
    }
  }
}

/// The target of a symbolic link, put together from SL fields (RRIP 4.1.3).
private struct LinkText {
  private(set) var text: [UInt8] = []
  /// The last component goes on in the next one.
  private var isOpen = false

  mutating func append(_ field: Fields) throws(ImageError) {
    var position = 5
    while position + 2 <= field.count {
      let flags = try field.byte(position)
      let length = Int(try field.byte(position + 1))
      let content = try field[(position + 2)..<(position + 2 + length)]
      position += 2 + length
      if !text.isEmpty, !isOpen, text != [UInt8(ascii: "/")] { text.append(UInt8(ascii: "/")) }
      switch flags & 0x0e {
      case 2: text += Array(".".utf8)
      case 4: text += Array("..".utf8)
      case 8: text = Array("/".utf8)
      default: text += content
      }
      isOpen = flags & 1 != 0
      if text.count > 4096 { throw .damaged("a link in it is longer than 4096 bytes") }
    }
  }
}
