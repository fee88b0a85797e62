/// A YAML value that knows where it stands. Scalars are text; what they mean is decided by the key
/// they belong to, so that `no`, `012` and `1.10` stay what the person wrote.
enum LocatedValue: Sendable {
  case scalar(Scalar)
  case list([LocatedValue], SourceLocation)
  case mapping(LocatedMapping)

  var location: SourceLocation {
    switch self {
    case .scalar(let scalar): scalar.location
    case .list(_, let location): location
    case .mapping(let mapping): mapping.location
    }
  }

  /// What a person would call it, for "expected …, found …".
  var kindName: String {
    switch self {
    case .scalar(let scalar): scalar.isNull ? "nothing" : "text"
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }
}

/// The entries of a mapping in the order of the file; no key stands twice.
struct LocatedMapping: Sendable {
  var entries: [(key: Scalar, value: LocatedValue)]
  let location: SourceLocation

  subscript(name: String) -> (key: Scalar, value: LocatedValue)? {
    entries.first { $0.key.text == name }
  }
}

/// One piece of text of a recipe.
struct Scalar: Sendable {
  enum Style: Sendable { case plain, quoted, literal, folded }

  let text: String
  let style: Style
  /// The whole scalar as written, quotes included, up to the end of its first line; the `|` of a
  /// block scalar.
  let location: SourceLocation

  /// True for a value left out, `~` and `null`, which mean "nothing here".
  var isNull: Bool { style == .plain && (text.isEmpty || text == "~" || text == "null") }

  /// The place in the file of a part of `text`, given in UTF-8 offsets; the whole scalar where escapes
  /// or folding have moved the text.
  func location(ofUTF8 range: Range<Int>) -> SourceLocation {
    let part = scalarRange(ofUTF8: range)
    switch style {
    case .literal: return literalLocation(line: part.line, part.offset, part.length)
    case .folded: return location
    case .plain, .quoted:
      let lead = style == .quoted ? 1 : 0
      let file = location.file
      let start = file.byteIndex(line: location.line, offset: location.offset + lead)
      let line = file.lineBytes(location.line)
      guard part.line == 0, start < line.endIndex else { return location }
      if line[start...].starts(with: text.utf8.prefix(range.upperBound)) {
        return location.part(offset: lead + part.offset, length: part.length)
      }
      return location
    }
  }

  /// The place of a 0-based line of a multi-line scalar.
  func location(ofLine line: Int) -> SourceLocation {
    guard style == .literal else { return location }
    let content = location.file.lineBytes(location.line + 1 + line)
    let length = content.reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let own = line < lines.count ? lines[line].unicodeScalars.count : length
    return literalLocation(line: line, 0, own)
  }

  // A literal block keeps its lines; only the indentation, the same in front of each, is gone.
  private func literalLocation(line: Int, _ offset: Int, _ length: Int) -> SourceLocation {
    let fileLine = location.line + 1 + line
    let content = location.file.lineBytes(fileLine)
    let lines = text.utf8.split(
      separator: UInt8(ascii: "\n"), maxSplits: line + 1, omittingEmptySubsequences: false)
    guard line < lines.count, content.count >= lines[line].count else { return location }
    let indentation = content.count - lines[line].count
    return SourceLocation(
      location.file, line: fileLine, offset: indentation + offset, length: length)
  }

  private func scalarRange(ofUTF8 range: Range<Int>) -> (line: Int, offset: Int, length: Int) {
    var line = 0
    var offset = 0
    var length = 0
    for (index, byte) in text.utf8.enumerated() {
      if index >= range.upperBound { break }
      if index < range.lowerBound, byte == UInt8(ascii: "\n") {
        line += 1
        offset = 0
      } else if byte & 0xc0 != 0x80 {
        if index < range.lowerBound { offset += 1 } else { length += 1 }
      }
    }
    return (line, offset, max(length, 1))
  }
}
