/// The names that `{{…}}` may hold, each resolved when it is first used, so that the values of
/// `site:` may use one another in any order.
struct Variables: Sendable {
  private var written: [String: Scalar] = [:]
  private var values: [String: String] = [:]
  /// Names whose own value has an error, reported once where they are defined.
  private var broken: Set<String> = []
  private var inProgress: [String] = []
  /// Names of `site:` that exist but have no value here, for a better message than "unknown".
  private let settable: Set<String>

  init(settable: [String]) { self.settable = Set(settable) }

  /// A value as written in the recipe.
  mutating func define(_ name: String, as scalar: Scalar) { written[name] = scalar }

  /// A value that follows from others.
  mutating func define(_ name: String, value: String) { values[name] = value }

  func isDefined(_ name: String) -> Bool { values[name] != nil || written[name] != nil }

  var names: [String] { Set(values.keys).union(written.keys).sorted() }

  /// The value of a name, or nil with a diagnostic (or after one).
  mutating func value(
    of name: String, usedAt place: SourceLocation, _ diagnostics: inout [Diagnostic]
  ) -> String? {
    if let known = values[name] { return known }
    if broken.contains(name) { return nil }
    if let first = inProgress.firstIndex(of: name) {
      let cycle = (inProgress[first...] + [name]).joined(separator: " -> ")
      broken.formUnion(inProgress[first...])
      diagnostics.append(Diagnostic("a value is defined by itself: \(cycle)", at: place))
      return nil
    }
    guard let scalar = written[name] else {
      diagnostics.append(unknown(name, at: place))
      return nil
    }
    inProgress.append(name)
    defer { inProgress.removeLast() }
    guard let value = substitute(scalar, &diagnostics) else {
      broken.insert(name)
      return nil
    }
    values[name] = value
    return value
  }

  private func unknown(_ name: String, at place: SourceLocation) -> Diagnostic {
    if settable.contains(name) {
      return Diagnostic(
        "\(quoted(name)) has no value", at: place,
        help: "add it to a site: section, or write the value itself here")
    }
    let help =
      nearest(to: name, among: names + settable.sorted()).map { "did you mean \(quoted($0))?" }
      ?? (names.isEmpty
        ? "no recipe has a site: section that defines names"
        : "known names: \(names.joined(separator: ", "))")
    return Diagnostic("unknown name \(quoted(name))", at: place, help: help)
  }

  /// The text of a scalar with every `{{name}}` replaced and every `{{{{` turned into `{{`; nil after a
  /// diagnostic. iPXE's own `${…}` is left alone.
  mutating func substitute(_ scalar: Scalar, _ diagnostics: inout [Diagnostic]) -> String? {
    let text = Array(scalar.text.utf8)
    guard var open = Self.find("{{", in: text, from: 0) else { return scalar.text }
    var result: [UInt8] = []
    var position = 0
    var isGood = true
    while true {
      result += text[position..<open]
      if text[open...].starts(with: "{{{{".utf8) {
        result += "{{".utf8
        position = open + 4
      } else if let close = Self.find("}}", in: text, from: open + 2),
        !text[open..<close].contains(UInt8(ascii: "\n"))
      {
        if let value = self.value(
          in: text[(open + 2)..<close], scalar, &diagnostics)
        {
          result += value.utf8
        } else {
          isGood = false
        }
        position = close + 2
      } else {
        diagnostics.append(
          Diagnostic(
            "\"{{\" without \"}}\"", at: scalar.location(ofUTF8: open..<(open + 2)),
            help: "write {{{{ for two braces as they are"))
        return nil
      }
      guard let next = Self.find("{{", in: text, from: position) else { break }
      open = next
    }
    result += text[position...]
    return isGood ? String(decoding: result, as: UTF8.self) : nil
  }

  /// A part of a text after substitution and the part of the scalar that it came from.
  struct Piece {
    /// In bytes of the text.
    let length: Int
    let written: Range<Int>
    /// True for the value of a name.
    let isReplaced: Bool
  }

  /// The parts of a scalar, or of a line of it, that `substitute` made a text of; empty when the text is
  /// the scalar's own.
  func pieces(of text: [UInt8]) -> [Piece] {
    var pieces: [Piece] = []
    var position = 0
    while let open = Self.find("{{", in: text, from: position) {
      let isEscape = text[open...].starts(with: "{{{{".utf8)
      guard let close = isEscape ? open + 2 : Self.find("}}", in: text, from: open + 2) else {
        break
      }
      var name = text[min(open + 2, close)..<close]
      while name.first == UInt8(ascii: " ") { name = name.dropFirst() }
      while name.last == UInt8(ascii: " ") { name = name.dropLast() }
      let length =
        isEscape ? 2 : values[String(decoding: name, as: UTF8.self)]?.utf8.count ?? 0
      pieces.append(
        Piece(length: open - position, written: position..<open, isReplaced: false))
      pieces.append(Piece(length: length, written: open..<close + 2, isReplaced: true))
      position = close + 2
    }
    if !pieces.isEmpty {
      pieces.append(
        Piece(length: text.count - position, written: position..<text.count, isReplaced: false))
    }
    return pieces
  }

  private mutating func value(
    in inner: ArraySlice<UInt8>, _ scalar: Scalar, _ diagnostics: inout [Diagnostic]
  ) -> String? {
    var name = inner
    while name.first == UInt8(ascii: " ") { name = name.dropFirst() }
    while name.last == UInt8(ascii: " ") { name = name.dropLast() }
    let range = name.isEmpty ? (inner.startIndex - 2)..<(inner.endIndex + 2) : name.indices
    let place = scalar.location(ofUTF8: range)
    guard !name.isEmpty else {
      diagnostics.append(
        Diagnostic(
          "{{}} names nothing", at: place, help: "write {{{{ for two braces as they are"))
      return nil
    }
    return value(of: String(decoding: name, as: UTF8.self), usedAt: place, &diagnostics)
  }

  private static func find(_ mark: StaticString, in text: [UInt8], from start: Int) -> Int? {
    let byte = mark.utf8Start.pointee
    var index = start
    while index + 1 < text.count {
      if text[index] == byte, text[index + 1] == byte { return index }
      index += 1
    }
    return nil
  }
}
