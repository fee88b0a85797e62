import Yams

/// A syntax error of the YAML parser in words that help, at the place that helps.
struct YAMLProblem {
  let diagnostic: Diagnostic

  init(_ error: YamlError, in file: SourceFile) {
    switch error {
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      diagnostic = Self.explain(problem, mark, context, file)
    case .reader(let problem, _, _, _):
      diagnostic = Diagnostic("\(file.name) is not YAML: \(problem)", at: nil)
    default:
      diagnostic = Diagnostic("\(file.name) is not YAML: \(error)", at: nil)
    }
  }

  private static func explain(
    _ problem: String, _ mark: Mark, _ context: YamlError.Context?, _ file: SourceFile
  ) -> Diagnostic {
    let place = location(mark, file)
    let start = context.map { location($0.mark, file) }
    if let braces = braces(before: place, file) { return .bracesNeedQuotes(at: braces) }
    if isBraces(place, file) {
      return .bracesNeedQuotesInside(at: place.part(offset: 0, length: 2))
    }
    if let fix = fixes[problem] {
      return Diagnostic("not YAML: \(fix.message)", at: place, help: fix.help)
    }
    switch problem {
    case "found character that cannot start any token": return badStart(place, file)
    case "mapping values are not allowed in this context": return secondColon(place, file)
    case "could not find expected ':'":
      return Diagnostic(
        "not YAML: a key without \":\"", at: start ?? place,
        help: "write \"key: value\"; more lines of a text need a deeper indentation than their key")
    case "did not find expected key":
      return Diagnostic(
        "not YAML: expected a key", at: place,
        notes: start.map { [.init("in the mapping that starts here", at: $0)] } ?? [],
        help: "keys of one mapping start in one column; quoted text ends at its second quote")
    case "did not find expected ',' or '}'":
      return Diagnostic(
        "not YAML: expected \",\" or \"}\"", at: place,
        notes: start.map { [.init("in the mapping that starts here", at: $0)] } ?? [])
    case "did not find expected ',' or ']'":
      return Diagnostic(
        "not YAML: expected \",\" or \"]\"", at: place,
        notes: start.map { [.init("in the list that starts here", at: $0)] } ?? [])
    case "did not find expected '-' indicator":
      return Diagnostic(
        "not YAML: expected \"- \"", at: place,
        notes: start.map { [.init("in the list that starts here", at: $0)] } ?? [],
        help: "entries of one list start in one column")
    case "but found another document":
      return Diagnostic(
        "a recipe file holds one document", at: place,
        help: "remove the \"---\", or split the file in two")
    case "found undefined alias":
      return Diagnostic(
        "anchors and aliases are not supported", at: place,
        help: "put the value between quotes if it starts with \"*\"")
    case "found unexpected end of stream":
      return Diagnostic(
        "not YAML: the file ends inside quoted text", at: start ?? place,
        help: "add the closing quote")
    default:
      let notes = context.map { [Diagnostic.Note($0.text, at: start)] } ?? []
      return Diagnostic("not YAML: \(problem)", at: place, notes: notes)
    }
  }

  /// The parser's words for problems that need no look at the text.
  private static let fixes: [String: (message: String, help: String)] = [
    "found unknown escape character": (
      "an unknown escape in quoted text",
      "write \\\\ for a backslash, or use single quotes"
    ),
    "block sequence entries are not allowed in this context": (
      "a list cannot start here", "start it in a line of its own, indented deeper than its key"
    ),
    "found a tab character that violates indentation": (
      "a tab where YAML wants spaces", "indent with spaces"
    ),
    "found a tab character where an indentation space is expected": (
      "a tab where YAML wants spaces", "indent with spaces"
    ),
    "did not find expected comment or line break": (
      "text behind the \"|\" or \">\"", "start the text in the next line"
    ),
  ]

  private static func secondColon(_ place: SourceLocation, _ file: SourceFile) -> Diagnostic {
    let before = file.line(place.line).unicodeScalars.prefix(place.offset)
    guard before.contains(":") else {
      return Diagnostic(
        "not YAML: a key where the text of the line above goes on", at: place,
        help: "the line above lacks its \":\", or this one is indented too far")
    }
    return Diagnostic(
      "not YAML: a second \":\" in one line", at: place,
      help: "put the value between quotes, or start a new line for the key")
  }

  private static func isBraces(_ place: SourceLocation, _ file: SourceFile) -> Bool {
    let index = file.byteIndex(line: place.line, offset: place.offset)
    return file.lineBytes(place.line)[index...].starts(with: "{{".utf8)
  }

  /// `key: {{name}}/path` is the usual reason for a syntax error behind it in the same line.
  private static func braces(before place: SourceLocation, _ file: SourceFile) -> SourceLocation? {
    let line = Array(file.line(place.line).unicodeScalars.prefix(place.offset))
    guard line.count >= 4 else { return nil }
    for index in 2..<(line.count - 1) where line[index] == "{" && line[index + 1] == "{" {
      if line[index - 1] == " ", [":", "-", ","].contains(line[index - 2]) {
        return SourceLocation(file, line: place.line, offset: index, length: 2)
      }
    }
    return nil
  }

  private static func badStart(_ place: SourceLocation, _ file: SourceFile) -> Diagnostic {
    let index = file.byteIndex(line: place.line, offset: place.offset)
    let character = index < file.bytes.count ? file.bytes[index] : UInt8(ascii: "?")
    if character == UInt8(ascii: "\t") {
      return Diagnostic(
        "not YAML: a tab where YAML wants spaces", at: place, help: "indent with spaces")
    }
    let text = String(decoding: [character], as: UTF8.self)
    return Diagnostic(
      "not YAML: a value cannot start with \(quoted(text))", at: place,
      help: "put the value between quotes")
  }

  /// The parser's position, moved to the last line when it is behind the end of the file.
  private static func location(_ mark: Mark, _ file: SourceFile) -> SourceLocation {
    guard mark.line > file.lineCount, file.lineCount > 0 else {
      return SourceLocation(file, line: max(mark.line, 1), offset: mark.column - 1)
    }
    let last = file.lineBytes(file.lineCount)
    let length = last.reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) }
    return SourceLocation(file, line: file.lineCount, offset: length)
  }
}

/// Bytes and characters that no recipe may hold (YAML 1.1 section 5.1), found before the parser runs
/// because it does not say where they are.
enum ForbiddenCharacter {
  static func diagnostic(in file: SourceFile) -> Diagnostic? {
    let bytes = file.bytes
    for (index, byte) in bytes.enumerated() {
      var value: UInt16?
      if byte < 0x20 || byte == 0x7f {
        let isAllowed = [UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r")].contains(byte)
        value = isAllowed ? nil : UInt16(byte)
      } else if byte == 0xc2, bytes[index + 1] < 0xa0, bytes[index + 1] != 0x85 {
        value = UInt16(bytes[index + 1])
      } else if byte == 0xef, bytes[index + 1] == 0xbb, bytes[index + 2] == 0xbf {
        value = 0xfeff
      } else if byte == 0xef, bytes[index + 1] == 0xbf, bytes[index + 2] >= 0xbe {
        value = 0xff40 + UInt16(bytes[index + 2])
      }
      guard let value else { continue }
      let place = file.position(ofByte: index)
      return Diagnostic(
        "a recipe cannot hold the character U+\(fourDigits(value))",
        at: SourceLocation(file, line: place.line, offset: place.offset), help: "remove it")
    }
    return nil
  }

  private static func fourDigits(_ value: UInt16) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: 4 - digits.count) + digits
  }
}
