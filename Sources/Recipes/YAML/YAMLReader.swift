import Yams

/// Reads one recipe file into located values: YAML 1.1 without what makes YAML surprising (anchors,
/// aliases, merge keys, tags, several documents, repeated keys).
struct YAMLReader {
  private let file: SourceFile
  private(set) var diagnostics: [Diagnostic] = []
  /// False when something that was written is missing from the result; what would follow from that is
  /// not worth telling.
  private(set) var isComplete = true
  /// The text of keys that were masked to get past the parser's own check for repeated keys.
  private var maskedKeys: [Place: String] = [:]

  private struct Place: Hashable {
    let line: Int
    let column: Int
  }

  init(_ file: SourceFile) { self.file = file }

  /// The file's one document; nil when it is empty or is not YAML, which `diagnostics` then says.
  mutating func read() -> LocatedValue? {
    if let problem = ForbiddenCharacter.diagnostic(in: file) {
      drop(problem)
      return nil
    }
    guard let root = compose() else { return nil }
    return convert(root)
  }

  private mutating func drop(_ diagnostic: Diagnostic) {
    diagnostics.append(diagnostic)
    isComplete = false
  }

  /// Yams stops at the first repeated key and names one place only. Masking that key (one scalar of
  /// it, so that every position stays true) and reading again finds them all, with both places.
  private mutating func compose() -> Node? {
    var text = file.text
    for attempt in 0... {
      do {
        // No resolver rules: typing scalars is ours, and the default ones are regular expressions.
        return try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
      } catch YamlError.duplicatedKeysInMapping(let names, let context) {
        // The mark is that of the first name.
        guard attempt < 50, let key = names.first,
          let masked = mask(context.mark, key, in: text, attempt)
        else {
          let place = SourceLocation(
            file, line: context.mark.line, offset: context.mark.column - 1)
          let list = names.map { quoted($0) }.joined(separator: ", ")
          drop(Diagnostic("these keys stand twice: \(list)", at: place))
          return nil
        }
        text = masked
      } catch let error as YamlError {
        drop(YAMLProblem(error, in: file).diagnostic)
        return nil
      } catch {
        drop(Diagnostic("cannot read \(file.name): \(error)", at: nil))
        return nil
      }
    }
    return nil
  }

  /// The text with a mask in the key at a mark; nil when there is nothing in the key to mask.
  private mutating func mask(_ mark: Mark, _ key: String, in text: String, _ attempt: Int)
    -> String?
  {
    guard let replacement = Unicode.Scalar(UInt32(0xe000 + attempt)) else { return nil }
    // Scalars, not bytes: earlier masks have moved the bytes, not the scalars.
    let index = file.byteIndex(line: mark.line, offset: mark.column - 1)
    var position = file.bytes[..<index].reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) }
    var scalars = Array(text.unicodeScalars)
    guard position < scalars.count else { return nil }
    var count = 1
    let quote = scalars[position]
    if quote == "\"" || quote == "'" {
      position += 1
      guard position + 1 < scalars.count else { return nil }
      // An escape is masked as a whole: half of it could end the quoted text.
      let isEscape = scalars[position] == (quote == "'" ? "'" : "\\")
      if isEscape, quote == "\"" || scalars[position + 1] == "'" { count = 2 }
      if scalars[position] == quote, count == 1 { return nil }
    }
    for masked in position..<(position + count) { scalars[masked] = replacement }
    maskedKeys[Place(line: mark.line, column: mark.column)] = key
    var result = String.UnicodeScalarView()
    result.append(contentsOf: scalars)
    return String(result)
  }

  // MARK: values

  private mutating func convert(_ node: Node) -> LocatedValue? {
    guard let mark = node.mark else { return nil }
    let place = SourceLocation(file, line: mark.line, offset: mark.column - 1)
    if let problem = unsupported(at: place) {
      drop(problem)
      return nil
    }
    switch node {
    case .scalar(let scalar): return .scalar(convert(scalar, at: place))
    case .sequence(let sequence):
      // An element that could not be read is reported; the list goes on without it.
      return .list(sequence.compactMap { convert($0) }, place)
    case .mapping(let mapping): return convert(mapping, at: place)
    case .alias: return nil
    }
  }

  private func byte(at place: SourceLocation) -> UInt8? {
    let index = file.byteIndex(line: place.line, offset: place.offset)
    return index < file.bytes.count ? file.bytes[index] : nil
  }

  /// Anchors and tags stand first in a value, where no plain scalar can start with these characters.
  /// An alias cannot appear without its anchor, and what stands behind an anchor is never entered, so
  /// nested aliases cost nothing.
  private func unsupported(at place: SourceLocation) -> Diagnostic? {
    switch byte(at: place) {
    case UInt8(ascii: "&"):
      return Diagnostic(
        "anchors and aliases are not supported", at: wordLocation(place),
        help: "write the value out at each place, or use a variable of site.vars")
    case UInt8(ascii: "!"):
      return Diagnostic(
        "tags are not supported", at: wordLocation(place),
        help: "remove it; put the value between quotes if it starts with \"!\"")
    default: return nil
    }
  }

  private func wordLocation(_ place: SourceLocation) -> SourceLocation {
    let line = file.lineBytes(place.line)
    let start = file.byteIndex(line: place.line, offset: place.offset)
    let word = line[start...].prefix { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: ",") }
    let length = word.reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) }
    return SourceLocation(file, line: place.line, offset: place.offset, length: length)
  }

  private func convert(_ scalar: Node.Scalar, at place: SourceLocation) -> Scalar {
    let original = maskedKeys[Place(line: place.line, column: place.offset + 1)]
    let text = original ?? scalar.string
    switch scalar.style {
    case .literal: return Scalar(text: text, style: .literal, location: wordLocation(place))
    case .folded: return Scalar(text: text, style: .folded, location: wordLocation(place))
    case .singleQuoted, .doubleQuoted:
      return Scalar(text: text, style: .quoted, location: quotedLocation(place))
    case .plain, .any:
      return Scalar(text: text, style: .plain, location: plainLocation(place, text))
    }
  }

  private func plainLocation(_ place: SourceLocation, _ text: String) -> SourceLocation {
    let line = file.lineBytes(place.line)
    let start = file.byteIndex(line: place.line, offset: place.offset)
    let rest = start <= line.endIndex ? line[start...] : []
    if rest.starts(with: text.utf8) {
      let length = text.utf8.reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) }
      return SourceLocation(file, line: place.line, offset: place.offset, length: length)
    }
    // It goes on in the next line: mark all of its first one.
    let length = rest.reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) }
    return SourceLocation(file, line: place.line, offset: place.offset, length: length)
  }

  private func quotedLocation(_ place: SourceLocation) -> SourceLocation {
    let line = file.lineBytes(place.line)
    let start = file.byteIndex(line: place.line, offset: place.offset)
    guard start < line.endIndex else { return place }
    let quote = line[start]
    var end = start + 1
    while end < line.endIndex, line[end] != quote {
      end += quote == UInt8(ascii: "\"") && line[end] == UInt8(ascii: "\\") ? 2 : 1
    }
    let token = line[start..<min(end + 1, line.endIndex)]
    let length = token.reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) }
    return SourceLocation(file, line: place.line, offset: place.offset, length: length)
  }

  private mutating func convert(_ mapping: Node.Mapping, at place: SourceLocation) -> LocatedValue?
  {
    var result = LocatedMapping(entries: [], location: place)
    result.entries.reserveCapacity(mapping.count)
    // Most mappings have a few keys, where searching an array beats hashing.
    let isLarge = mapping.count > 16
    var seen: [String: SourceLocation] = [:]
    if isLarge { seen.reserveCapacity(mapping.count) }
    for (keyNode, valueNode) in mapping {
      guard let converted = convert(keyNode) else { continue }
      guard case .scalar(let key) = converted else {
        drop(notAKey(converted, in: place))
        return nil
      }
      if key.text == "<<", key.style == .plain {
        drop(
          Diagnostic(
            "merge keys (<<) are not supported", at: key.location,
            help: "write the keys out"))
        continue
      }
      if let first = isLarge ? seen[key.text] : result[key.text]?.key.location {
        diagnostics.append(.definedTwice(key, first: first))
        continue
      }
      if isLarge { seen[key.text] = key.location }
      guard let value = convert(valueNode) else { continue }
      result.entries.append((key, value))
    }
    return .mapping(result)
  }

  private func notAKey(_ key: LocatedValue, in place: SourceLocation) -> Diagnostic {
    if case .mapping = key, byte(at: place) == UInt8(ascii: "{"),
      byte(at: place.part(offset: 1, length: 1)) == UInt8(ascii: "{")
    {
      return .bracesNeedQuotes(at: place.part(offset: 0, length: 2))
    }
    return Diagnostic("a key must be text, this is \(key.kindName)", at: key.location)
  }
}
