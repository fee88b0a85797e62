extension UDF {
  /// What a file entry or extended file entry (ECMA-167 4/14.9, 4/14.17) says.
  struct FileEntry {
    /// 4 a folder, 5 a file, 12 a link, … (4/14.6.6).
    var type: UInt8
    var isExecutable: Bool
    var content: FileContent
  }

  func fileEntry(at address: UDFAddress) throws(ImageError) -> FileEntry {
    let (tagged, offset) = try descriptor(at: address)
    let fields = tagged.fields
    // Where the lengths of the extended attributes and of the allocation descriptors stand.
    let lengths: Int
    switch tagged.tag {
    case 261: lengths = 168
    case 266: lengths = 208
    default: throw .damaged("a file entry of it is of the unknown kind \(tagged.tag)")
    }
    guard try fields.uint16(20) == 4 else {
      throw ImageError(
        .unsupported, "it has files of allocation strategy \(try fields.uint16(20)); only 4 is read"
      )
    }
    let size = try fields.uint64(56)
    guard let size = Int64(exactly: size) else {
      throw .damaged("a file in it claims to have \(size) bytes")
    }
    let (attributes, allocation) = (
      Int64(try fields.uint32(lengths)), Int64(try fields.uint32(lengths + 4))
    )
    let start = Int64(lengths + 8) + attributes
    guard start + allocation <= Int64(fields.count) else {
      throw .damaged("a file entry of it is cut off")
    }
    let area = Fields(try fields[Int(start)..<Int(start + allocation)])
    var content: FileContent
    switch try fields.uint16(34) & 7 {
    case 0, 1:
      content = try allocated(
        area, isLong: try fields.uint16(34) & 7 == 1, size: size, partition: address.partition)
    case 3:
      guard size <= allocation else { throw .damaged("a file in it is longer than its file entry") }
      content = FileContent()
      try content.append(offset: offset + start, length: size)
    default:
      throw ImageError(.unsupported, "it has files with extended allocation descriptors")
    }
    // The right to execute of the others, the group and the owner.
    let permissions = try fields.uint32(44)
    return FileEntry(
      type: try fields.byte(27), isExecutable: permissions & 0x421 != 0, content: content)
  }

  /// Many more areas than a file of the largest size in the worst order has.
  private static let mostAreas = 1 << 14

  /// Follows allocation descriptors (4/14.14) to the end of the file.
  private func allocated(
    _ first: Fields, isLong: Bool, size: Int64, partition: UInt16
  ) throws(ImageError) -> FileContent {
    var content = FileContent()
    var area = first
    var position = 0
    var areas = 0
    let step = isLong ? 16 : 8
    while content.size < size, position + step <= area.count {
      let word = try area.uint32(position)
      let address =
        isLong
        ? try UDFAddress(longDescriptor: area, at: position)
        : UDFAddress(block: try area.uint32(position + 4), partition: partition)
      position += step
      let length = Int64(word & 0x3fff_ffff)
      if length == 0 { break }
      let wanted = min(length, size - content.size)
      switch word >> 30 {
      case 0:
        for extent in try locate(address, length: wanted).extents {
          try content.append(offset: extent.offset, length: extent.length)
        }
      // Not written, with or without space set aside: zeros.
      case 1, 2: try content.append(offset: nil, length: wanted)
      default:
        areas += 1
        guard areas <= Self.mostAreas else {
          throw .damaged("the pieces of a file in it never end")
        }
        area = try self.area(at: address)
        position = 0
      }
    }
    guard content.size == size else {
      throw .damaged("a file in it claims to have \(size) bytes, but has \(content.size)")
    }
    return content
  }

  /// The descriptors of an allocation extent (4/14.5).
  private func area(at address: UDFAddress) throws(ImageError) -> Fields {
    let fields = try descriptor(at: address).tagged
    let length = Int(try fields.fields.uint32(20))
    guard fields.tag == 258, length <= fields.fields.count - 24 else {
      throw .damaged("the list of a file's pieces is cut off")
    }
    return Fields(try fields.fields[24..<(24 + length)])
  }

  // MARK: folders

  /// Larger than a folder of half a million entries.
  private static let largestFolder: Int64 = 64 << 20

  /// - Parameter name: What messages call the folder.
  func entries(at address: UDFAddress, name: String) throws(ImageError) -> [ImageEntry] {
    let folder = try fileEntry(at: address)
    guard folder.type == 4 else { throw .damaged("its folder '\(name)' is no folder") }
    let bytes = try folder.content.bytes(in: file, atMost: Self.largestFolder, name: name)
    var entries: [ImageEntry] = []
    var position = 0
    // A file identifier descriptor (4/14.4) has 38 bytes at least.
    while position + 38 <= bytes.count {
      let head = Fields(bytes[position...])
      let nameLength = Int(try head.byte(19))
      let privateLength = Int(try head.uint16(36))
      let length = (38 + privateLength + nameLength + 3) / 4 * 4
      let tagged = try Self.descriptor(Fields(try head[0..<min(length, head.count)]))
      guard tagged.tag == 257, 38 + privateLength + nameLength <= head.count else {
        throw .damaged("an entry of its folder '\(name)' is cut off")
      }
      position += length
      // Deleted entries, and the one for the parent.
      guard try head.byte(18) & 0x0c == 0 else { continue }
      let start = 38 + privateLength
      guard let text = UDFText.decode(try head[start..<(start + nameLength)]) else {
        throw .damaged("a name in its folder '\(name)' is not in the encoding of UDF")
      }
      let target = try UDFAddress(longDescriptor: head, at: 20)
      entries.append(try entry(text, at: target, isFolder: try head.byte(18) & 2 != 0))
    }
    return entries
  }

  private func entry(_ name: String, at address: UDFAddress, isFolder: Bool) throws(ImageError)
    -> ImageEntry
  {
    // A folder's own entry is read when the folder is.
    if isFolder {
      return ImageEntry(name: name, kind: .folder(.entry(address)), isExecutable: false)
    }
    let entry = try fileEntry(at: address)
    let kind: ImageEntry.Kind
    switch entry.type {
    // 0 is what some writers leave there; 249 is a file for real-time playing.
    case 0, 5, 249: kind = .file(entry.content)
    case 12: kind = .link(try link(entry.content, name: name))
    case 6, 7: kind = .special("a device")
    case 9: kind = .special("a pipe")
    case 10: kind = .special("a socket")
    default: kind = .special("of the unknown kind \(entry.type)")
    }
    return ImageEntry(name: name, kind: kind, isExecutable: entry.isExecutable)
  }

  /// The path components (4/14.16) of a symbolic link as a path.
  private func link(_ content: FileContent, name: String) throws(ImageError) -> String {
    let fields = Fields(try content.bytes(in: file, atMost: 64 << 10, name: name))
    var text = ""
    var position = 0
    while position + 4 <= fields.count {
      let length = Int(try fields.byte(position + 1))
      let identifier = try fields[(position + 4)..<(position + 4 + length)]
      if !text.isEmpty, text != "/" { text += "/" }
      switch try fields.byte(position) {
      case 1, 2: text = "/"
      case 3: text += ".."
      case 4: text += "."
      default:
        guard let part = UDFText.decode(identifier) else {
          throw .damaged("its link '\(name)' is not in the encoding of UDF")
        }
        text += part
      }
      position += 4 + length
    }
    return text
  }
}
