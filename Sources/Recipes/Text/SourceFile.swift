/// The text of one recipe file, with its lines found once.
///
/// A class so that every located value can point at it for the price of a reference.
public final class SourceFile: Sendable {
  /// The path as a person would write it, for messages ("recipes/ipxe.yaml").
  public let name: String
  /// The absolute path of the folder that the file is in; relative paths in it start here.
  public let folder: String
  let bytes: [UInt8]
  /// The offset in `bytes` of the first byte of every line.
  private let lineStarts: [Int]

  /// - Precondition: `bytes` is valid UTF-8 (`SourceFile.decode` checks).
  init(name: String, folder: String, bytes: [UInt8]) {
    self.name = name
    self.folder = folder
    self.bytes = bytes
    self.lineStarts = Self.findLines(bytes)
  }

  /// The whole text.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The number of lines; a final line break starts no further line.
  public var lineCount: Int { lineStarts.count }

  /// The bytes of a 1-based line without its line break; empty for a line that does not exist.
  func lineBytes(_ line: Int) -> ArraySlice<UInt8> {
    guard line >= 1, line <= lineStarts.count else { return [] }
    let start = lineStarts[line - 1]
    var end = line < lineStarts.count ? lineStarts[line] : bytes.count
    while end > start {
      if bytes[end - 1] == UInt8(ascii: "\n") || bytes[end - 1] == UInt8(ascii: "\r") {
        end -= 1
      } else if end - start >= 2, Self.wideBreak(bytes, at: end - 2) == 2 {
        end -= 2
      } else if end - start >= 3, Self.wideBreak(bytes, at: end - 3) == 3 {
        end -= 3
      } else {
        break
      }
    }
    return bytes[start..<end]
  }

  /// The text of a 1-based line without its line break.
  public func line(_ line: Int) -> String { String(decoding: lineBytes(line), as: UTF8.self) }

  /// The 1-based line and the offset in Unicode scalars of a byte of the file.
  func position(ofByte index: Int) -> (line: Int, offset: Int) {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= index { low = middle } else { high = middle }
    }
    let start = lineStarts.isEmpty ? 0 : lineStarts[low]
    let before = bytes[start..<max(start, min(index, bytes.count))]
    return (low + 1, before.reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) })
  }

  /// The index in `bytes` of the Unicode scalar at `offset` of a 1-based line, or of the line's end.
  func byteIndex(line: Int, offset: Int) -> Int {
    let content = lineBytes(line)
    var index = content.startIndex
    var remaining = offset
    while remaining > 0, index < content.endIndex {
      index += 1
      while index < content.endIndex, content[index] & 0xc0 == 0x80 { index += 1 }
      remaining -= 1
    }
    return index
  }

  // The same line breaks as libyaml counts (YAML 1.1 section 5.4), so that its line numbers are ours.
  private static func findLines(_ bytes: [UInt8]) -> [Int] {
    var starts = bytes.isEmpty ? [] : [0]
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      var length = 0
      if byte == UInt8(ascii: "\n") {
        length = 1
      } else if byte == UInt8(ascii: "\r") {
        let isPair = index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "\n")
        length = isPair ? 2 : 1
      } else if byte >= 0xc2 {
        length = wideBreak(bytes, at: index)
      }
      index += max(length, 1)
      if length > 0, index < bytes.count { starts.append(index) }
    }
    return starts
  }

  /// The length in bytes of NEL, LINE SEPARATOR or PARAGRAPH SEPARATOR at an index; 0 for others.
  private static func wideBreak(_ bytes: [UInt8], at index: Int) -> Int {
    if index + 1 < bytes.count, bytes[index] == 0xc2, bytes[index + 1] == 0x85 { return 2 }
    if index + 2 < bytes.count, bytes[index] == 0xe2, bytes[index + 1] == 0x80,
      bytes[index + 2] == 0xa8 || bytes[index + 2] == 0xa9
    {
      return 3
    }
    return 0
  }
}

/// A place in a recipe: where a value starts and how long it is.
public struct SourceLocation: Sendable {
  public let file: SourceFile
  /// 1-based.
  public let line: Int
  /// 0-based, in Unicode scalars, as libyaml counts.
  let offset: Int
  /// In Unicode scalars, at least 1, all in one line.
  let length: Int

  init(_ file: SourceFile, line: Int, offset: Int, length: Int = 1) {
    self.file = file
    self.line = line
    self.offset = offset
    self.length = max(length, 1)
  }

  /// 1-based, in characters as a person counts them.
  public var column: Int {
    let content = file.lineBytes(line)
    let end = file.byteIndex(line: line, offset: offset)
    let before = content[content.startIndex..<end]
    if before.allSatisfy({ $0 < 0x80 }) { return offset + 1 }
    return String(decoding: before, as: UTF8.self).count + 1
  }

  /// A part of this place: `offset` scalars further on.
  func part(offset: Int, length: Int) -> SourceLocation {
    SourceLocation(file, line: line, offset: self.offset + offset, length: length)
  }
}

extension SourceLocation: Hashable, Comparable, CustomStringConvertible {
  public static func == (left: Self, right: Self) -> Bool {
    left.line == right.line && left.offset == right.offset && left.length == right.length
      && left.file.name == right.file.name
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(file.name)
    hasher.combine(line)
    hasher.combine(offset)
  }

  public static func < (left: Self, right: Self) -> Bool {
    if left.file.name != right.file.name { return left.file.name < right.file.name }
    return (left.line, left.offset) < (right.line, right.offset)
  }

  /// "recipes/ipxe.yaml:12:3"
  public var description: String { "\(file.name):\(line):\(column)" }
}
