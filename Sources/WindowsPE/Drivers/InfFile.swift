/// A driver's setup information (.inf), as text: sections with lines, every one with its number.
///
/// The format is that of "General Syntax Rules for INF Files" in Microsoft's driver documentation.
public struct InfFile: Sendable {
  /// What is wrong with it, and in which line (from 1 on; nil for the whole file).
  public struct Problem: Error, Sendable, Equatable {
    public var line: Int?
    public var text: String

    public init(line: Int? = nil, _ text: String) {
      self.line = line
      self.text = text
    }
  }

  /// `key = value, value`; a line without "=" has no key.
  public struct Line: Sendable, Equatable {
    public var key: String?
    public var values: [String]
    public var number: Int
  }

  public struct Section: Sendable, Equatable {
    /// As written.
    public var name: String
    public var lines: [Line]
    public var number: Int
  }

  /// By name in small letters; those of one name are one.
  private var sections: [String: Section] = [:]
  private var strings: [String: String] = [:]

  /// - Throws: what Windows could not read.
  public init(_ bytes: [UInt8]) throws(Problem) {
    var current: String?
    for (number, text) in Self.lines(of: try Self.text(of: bytes)) {
      if text.first == "[" {
        guard let end = text.firstIndex(of: "]") else {
          throw Problem(line: number, "a section's name has no \"]\"")
        }
        let name = Self.trimmed(text[text.index(after: text.startIndex)..<end])
        current = name.lowercased()
        if sections[name.lowercased()] == nil {
          sections[name.lowercased()] = Section(name: name, lines: [], number: number)
        }
      } else if let current {
        sections[current]?.lines.append(Self.line(text, number))
      } else {
        throw Problem(line: number, "there is text before the first section")
      }
    }
    for (name, section) in sections.sorted(by: { $0.key < $1.key })
    where name == "strings" || name.hasPrefix("strings.") {
      for line in section.lines {
        guard let key = line.key?.lowercased(), let value = line.values.first else { continue }
        // The section without a language is for all that others do not say.
        if name == "strings" || strings[key] == nil { strings[key] = value }
      }
    }
  }

  /// A section, whatever the case of its name.
  public func section(_ name: String) -> Section? { sections[name.lowercased()] }

  /// The names of all sections, in small letters, sorted.
  public var sectionNames: [String] { sections.keys.sorted() }

  /// The values of a key in a section.
  public func values(_ key: String, in section: String) -> [String]? {
    self.section(section)?.lines.first { $0.key?.lowercased() == key.lowercased() }?.values
      .map(expanded)
  }

  /// A text with each `%name%` replaced by what [Strings] says.
  public func expanded(_ text: String) -> String {
    guard text.contains("%") else { return text }
    var result = ""
    var rest = text[...]
    while let start = rest.firstIndex(of: "%") {
      result += rest[..<start]
      let after = rest.index(after: start)
      guard let end = rest[after...].firstIndex(of: "%") else {
        rest = rest[start...]
        break
      }
      let name = rest[after..<end]
      // "%%" is a percent sign, and what [Strings] does not have stays as it is.
      result += name.isEmpty ? "%" : strings[name.lowercased()] ?? "%\(name)%"
      rest = rest[rest.index(after: end)...]
    }
    return result + rest
  }

  // MARK: Text

  /// Windows takes UTF-16 with a byte order mark; everything else is ANSI to it.
  private static func text(of bytes: [UInt8]) throws(Problem) -> String {
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) {
      throw Problem(
        "it is UTF-8 with a byte order mark, which Windows does not read: save it as UTF-16 LE")
    }
    let isLittle = bytes.starts(with: [0xff, 0xfe])
    if isLittle || bytes.starts(with: [0xfe, 0xff]) {
      guard bytes.count % 2 == 0 else { throw Problem("it is UTF-16 and ends in half a character") }
      var units: [UInt16] = []
      units.reserveCapacity(bytes.count / 2)
      for place in stride(from: 2, to: bytes.count, by: 2) {
        let (low, high) =
          isLittle ? (bytes[place], bytes[place + 1]) : (bytes[place + 1], bytes[place])
        units.append(UInt16(high) << 8 | UInt16(low))
      }
      return String(decoding: units, as: UTF16.self)
    }
    guard !bytes.contains(0) else {
      throw Problem("it has zero bytes: it is UTF-16 without a byte order mark, or no .inf file")
    }
    // Each byte is a letter of some code page; what matters here is ASCII.
    return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
  }

  /// The lines that say something, with their numbers; one that ends in a backslash goes on in the next.
  private static func lines(of text: String) -> [(Int, String)] {
    var result: [(Int, String)] = []
    var open: (number: Int, text: String)?
    var number = 0
    for raw in text.split(
      omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }
    ) {
      number += 1
      var line = trimmed(withoutComment(raw))
      let goesOn = line.hasSuffix("\\")
      if goesOn { line = trimmed(line.dropLast()) }
      let whole =
        open.map { (number: $0.number, text: $0.text + line) } ?? (number: number, text: line)
      open = goesOn ? whole : nil
      if !goesOn, !whole.text.isEmpty { result.append((whole.number, whole.text)) }
    }
    if let open, !open.text.isEmpty { result.append((open.number, open.text)) }
    return result
  }

  private static func withoutComment(_ line: Substring) -> Substring {
    var isQuoted = false
    for index in line.indices {
      if line[index] == "\"" { isQuoted.toggle() }
      if line[index] == ";", !isQuoted { return line[..<index] }
    }
    return line
  }

  private static func line(_ text: String, _ number: Int) -> Line {
    var parts: [String] = []
    var key: String?
    var part = ""
    var isQuoted = false
    for character in text {
      switch character {
      case "\"":
        isQuoted.toggle()
        part.append(character)
      case "=" where !isQuoted && key == nil && parts.isEmpty:
        key = unquoted(part)
        part = ""
      case "," where !isQuoted:
        parts.append(unquoted(part))
        part = ""
      default: part.append(character)
      }
    }
    if !(part.allSatisfy(\.isWhitespace) && parts.isEmpty) { parts.append(unquoted(part)) }
    return Line(key: key, values: parts, number: number)
  }

  /// Without blanks around and quotes; two quotes inside are one.
  private static func unquoted(_ text: String) -> String {
    let text = trimmed(text)
    guard text.contains("\"") else { return text }
    var result = ""
    var isQuoted = false
    var characters = text[...]
    while let character = characters.popFirst() {
      guard character == "\"" else {
        result.append(character)
        continue
      }
      if isQuoted, characters.first == "\"" {
        characters.removeFirst()
        result.append("\"")
      } else {
        isQuoted.toggle()
      }
    }
    return result
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    var text = text[...]
    while text.first?.isWhitespace == true { text = text.dropFirst() }
    while text.last?.isWhitespace == true { text = text.dropLast() }
    return String(text)
  }
}
