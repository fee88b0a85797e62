import BuildEngine
import DiskImages
import SystemPackage

/// The named parts of a file whose format is known: the sections of a PE or ELF program, the files of a disc image.
/// Nothing of it is trusted: what does not fit is no part.
struct FileParts: Sendable {
  private struct Part: Sendable {
    var name: String
    var range: Range<Int64>
  }

  private let parts: [Part]
  /// What is before the first part, and between parts.
  private let before: String
  private let between: String

  /// Nil for a format that is not known.
  init?(_ path: FilePath) {
    let found: [Part]
    if let sections = Self.sections(of: path) {
      (found, before, between) = (sections, "headers", "between sections")
    } else if let files = Self.files(of: path) {
      (found, before, between) = (files, "outside of files", "outside of files")
    } else {
      return nil
    }
    guard !found.isEmpty else { return nil }
    parts = found.sorted { $0.range.lowerBound < $1.range.lowerBound }
  }

  /// What a byte belongs to.
  func part(at offset: Int64) -> String {
    // The last one that begins at or before it.
    var (low, high) = (0, parts.count)
    while low < high {
      let middle = (low + high) / 2
      if parts[middle].range.lowerBound <= offset { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return before }
    let part = parts[low - 1]
    return part.range.contains(offset) ? part.name : between
  }

  // MARK: Programs

  private static func sections(of path: FilePath) -> [Part]? {
    guard let file = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else {
      return nil
    }
    defer { try? file.close() }  // opened for reading only
    let reader = HeaderReader(file: file)
    guard let magic = reader.bytes(at: 0, count: 4) else { return nil }
    if magic.starts(with: Array("MZ".utf8)) { return peSections(reader) }
    if magic == [0x7f] + Array("ELF".utf8) { return elfSections(reader) }
    return nil
  }

  /// Microsoft's PE and COFF specification, sections 3 and 4.
  private static func peSections(_ reader: HeaderReader) -> [Part]? {
    guard let header = reader.number(at: 0x3c, 4),
      reader.bytes(at: header, count: 4) == [0x50, 0x45, 0, 0],
      let count = reader.number(at: header + 6, 2), let optional = reader.number(at: header + 20, 2)
    else { return nil }
    return (0..<count).compactMap { index in
      let place = header + 24 + optional + index * 40
      guard let name = reader.bytes(at: place, count: 8),
        let size = reader.number(at: place + 16, 4),
        let start = reader.number(at: place + 20, 4), size > 0
      else { return nil }
      let text = String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
      return Part(name: "section \(text)", range: start..<start + size)
    }
  }

  /// The ELF specification's section header table, little-endian.
  private static func elfSections(_ reader: HeaderReader) -> [Part]? {
    let is64 = reader.number(at: 4, 1) == 2
    guard reader.number(at: 5, 1) == 1,
      let table = reader.number(at: is64 ? 0x28 : 0x20, is64 ? 8 : 4),
      let size = reader.number(at: is64 ? 0x3a : 0x2e, 2),
      let count = reader.number(at: is64 ? 0x3c : 0x30, 2),
      let names = reader.number(at: is64 ? 0x3e : 0x32, 2)
    else { return nil }
    let width = is64 ? 8 : 4
    func place(_ index: Int64) -> (start: Int64, size: Int64)? {
      let header = table.addingReportingOverflow(index * size)
      guard !header.overflow,
        let start = reader.number(at: header.partialValue + (is64 ? 0x18 : 0x10), width),
        let length = reader.number(at: header.partialValue + (is64 ? 0x20 : 0x14), width),
        start >= 0, length > 0, !start.addingReportingOverflow(length).overflow
      else { return nil }
      return (start, length)
    }
    guard let strings = place(names) else { return nil }
    let noBits: Int64 = 8
    return (0..<count).compactMap { index in
      guard let part = place(index), let name = reader.number(at: table + index * size, 4),
        reader.number(at: table + index * size + 4, 4) != noBits,
        let bytes = reader.bytes(at: strings.start + name, count: 64, atLeast: 1)
      else { return nil }
      let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      return Part(name: "section \(text)", range: part.start..<part.start + part.size)
    }
  }

  // MARK: Disc images

  private static func files(of path: FilePath) -> [Part]? {
    guard let image = try? DiskImage(ImageFile(path: path.string)),
      let tree = try? ImageTree(image)
    else { return nil }
    var parts: [Part] = []
    func visit(_ folder: ImageTree.Folder, _ prefix: String) {
      for entry in folder.entries {
        switch entry.kind {
        case .folder(let inner): visit(inner, prefix + entry.name + "/")
        case .file(let content, _):
          for extent in content.extents {
            guard let offset = extent.offset else { continue }
            parts.append(
              Part(name: "file \(prefix)\(entry.name)", range: offset..<offset + extent.length))
          }
        default: break
        }
      }
    }
    visit(tree.root, "")
    return parts
  }
}

/// Reads numbers and bytes of a file's headers.
private struct HeaderReader {
  let file: FileDescriptor

  /// Nil when the file has fewer than `least` bytes there (`count` when left out).
  func bytes(at offset: Int64, count: Int, atLeast least: Int? = nil) -> [UInt8]? {
    guard offset >= 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    let read = try? bytes.withUnsafeMutableBytes {
      try file.read(fromAbsoluteOffset: offset, into: $0)
    }
    guard let read, read >= least ?? count else { return nil }
    return Array(bytes.prefix(read))
  }

  /// A little-endian number without a sign.
  func number(at offset: Int64, _ width: Int) -> Int64? {
    guard let bytes = bytes(at: offset, count: width) else { return nil }
    let value = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int64(exactly: value)
  }
}
