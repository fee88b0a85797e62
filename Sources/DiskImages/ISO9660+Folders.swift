extension ISO9660 {
  /// Larger than a folder of a million entries.
  private static let largestFolder: Int64 = 64 << 20

  /// What a folder holds, as it is written there.
  ///
  /// - Parameter name: What messages call it.
  func entries(offset: Int64, size: Int64, name: String) throws(ImageError) -> [ImageEntry] {
    guard size <= Self.largestFolder else {
      throw .damaged("its folder '\(name)' claims to have \(size) bytes, more than is possible")
    }
    let bytes = try file.bytes(at: offset, count: Int(size))
    var entries: [ImageEntry] = []
    var unfinished: (entry: ImageEntry, identifier: ArraySlice<UInt8>, content: FileContent)?
    var position = 0
    while position < bytes.count {
      let length = Int(bytes[position])
      if length == 0 {
        // Records do not cross sectors; the rest of one is zeros.
        position = (position / Self.sectorSize + 1) * Self.sectorSize
        continue
      }
      guard length >= 34, length <= bytes.count - position else {
        throw .damaged("an entry of its folder '\(name)' is cut off")
      }
      let record = Fields(bytes[position..<(position + length)])
      position += length
      let nameLength = Int(try record.byte(32))
      let identifier = try record[33..<(33 + nameLength)]
      let flags = try record.byte(25)
      // "." and "..", and what Macintosh files have beside their data.
      if identifier.elementsEqual([0]) || identifier.elementsEqual([1]) || flags & 4 != 0 {
        continue
      }
      // The parts of a file that is larger than one extent can be (4 GiB) follow one another.
      if var open = unfinished {
        guard open.identifier.elementsEqual(identifier) else {
          throw .damaged("a file in its folder '\(name)' lacks its last part")
        }
        try append(record, to: &open.content)
        unfinished = flags & 0x80 != 0 ? open : nil
        if unfinished == nil {
          open.entry.kind = .file(open.content)
          entries.append(open.entry)
        }
        continue
      }
      guard let entry = try self.entry(record, identifier, flags: flags, in: name) else { continue }
      if flags & 0x80 != 0, case .file(let content) = entry.kind {
        unfinished = (entry, identifier, content)
      } else {
        entries.append(entry)
      }
    }
    if unfinished != nil { throw .damaged("a file in its folder '\(name)' lacks its last part") }
    return entries
  }

  /// Nil for a folder that stands here only because it was too deep in its own place.
  private func entry(
    _ record: Fields, _ identifier: ArraySlice<UInt8>, flags: UInt8, in folder: String
  ) throws(ImageError) -> ImageEntry? {
    let isFolder = flags & 2 != 0
    let offset = (Int64(try record.uint32(2)) + Int64(try record.byte(1))) * blockSize
    let kind: ImageEntry.Kind
    if isFolder {
      kind = .folder(.extent(offset: offset, size: Int64(try record.uint32(10))))
    } else {
      var content = FileContent()
      try append(record, to: &content)
      kind = .file(content)
    }
    switch names {
    case .plain:
      return ImageEntry(
        name: Self.withoutVersion(try Self.utf8(identifier, folder)), kind: kind,
        isExecutable: false)
    case .joliet:
      return ImageEntry(
        name: Self.withoutVersion(Self.utf16(identifier)), kind: kind, isExecutable: false)
    case .rockRidge(let skip):
      // The identifier is padded to an even length.
      let start = 33 + identifier.count + (identifier.count % 2 == 0 ? 1 : 0)
      let use = try RockRidge(try record[min(start, record.count)..<record.count], skip: skip, self)
      if use.isRelocated { return nil }
      var name = Self.withoutVersion(String(decoding: identifier, as: UTF8.self))
      if let own = use.name { name = try Self.utf8(own[...], folder) }
      return ImageEntry(
        name: name, kind: try use.kind(or: kind, name, self),
        isExecutable: (use.mode ?? 0) & 0o111 != 0)
    }
  }

  private func append(_ record: Fields, to content: inout FileContent) throws(ImageError) {
    guard try record.byte(26) == 0, try record.byte(27) == 0 else {
      throw ImageError(.unsupported, "it has an interleaved file, which is not read here")
    }
    let block = Int64(try record.uint32(2)) + Int64(try record.byte(1))
    try content.append(offset: block * blockSize, length: Int64(try record.uint32(10)))
  }

  /// A folder that is given by its first block only: its own entry "." says how long it is.
  func folder(atBlock block: UInt32) throws(ImageError) -> ImageFolder {
    let offset = Int64(block) * blockSize
    let record = Fields(try file.bytes(at: offset, count: 34))
    guard try record.byte(0) >= 34, try record.byte(32) == 1, try record.byte(33) == 0 else {
      throw .damaged("a folder that was moved is not where it should be")
    }
    return .extent(offset: offset, size: Int64(try record.uint32(10)))
  }

  /// `README.TXT;1` and `VMLINUZ.;1` are the names README.TXT and VMLINUZ.
  private static func withoutVersion(_ name: String) -> String {
    var name = name[...]
    if let mark = name.lastIndex(of: ";"), name[mark...].dropFirst().allSatisfy(\.isNumber) {
      name = name[..<mark]
    }
    if name.count > 1, name.hasSuffix("."), name != ".." { name = name.dropLast() }
    return String(name)
  }

  static func utf8(_ bytes: ArraySlice<UInt8>, _ folder: String) throws(ImageError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ImageError(
        .unsupported,
        "a name in its folder '\(folder)' is not UTF-8: '\(String(decoding: bytes, as: UTF8.self))'"
      )
    }
    return text
  }

  private static func utf16(_ bytes: ArraySlice<UInt8>) -> String {
    var units: [UInt16] = []
    var index = bytes.startIndex
    while index + 1 < bytes.endIndex {
      units.append(UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1]))
      index += 2
    }
    return String(decoding: units, as: UTF16.self)
  }
}
