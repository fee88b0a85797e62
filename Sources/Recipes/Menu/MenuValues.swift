import Menus

// The types that only menus have.

extension Checker {
  /// False, after a diagnostic, for text that iPXE would not leave as it is.
  mutating func isPlainForIPXE(_ text: String, _ scalar: Scalar) -> Bool {
    if let expansion = text.firstRange(of: "${") {
      let rest = text[expansion.lowerBound...]
      let shown = rest.firstIndex(of: "}").map { String(rest[...$0]) } ?? String(rest)
      error(
        "iPXE would expand \(quoted(shown)) in this text", at: place(of: shown, in: scalar, text),
        help: "an item of the kind script: has lines of your own, in which ${…} is iPXE's")
      return false
    }
    guard MenuText.isRefused(text) else { return true }
    error("\(quoted(text)) holds a character that iPXE's scripts cannot", at: scalar.location)
    return false
  }

  private func place(of part: String, in scalar: Scalar, _ text: String) -> SourceLocation {
    guard scalar.text == text, let range = text.firstRange(of: part) else { return scalar.location }
    let start = text.utf8.distance(from: text.utf8.startIndex, to: range.lowerBound)
    return scalar.location(ofUTF8: start..<(start + part.utf8.count))
  }
}

extension ValueType<String> {
  /// One line for a screen.
  static var menuText: ValueType {
    .scalar("one line of text", schema: anyScalarSchema) { text, scalar, checker in
      guard !text.isEmpty else {
        checker.error("expected one line of text, found \(quoted(text))", at: scalar.location)
        return nil
      }
      return checker.isPlainForIPXE(text, scalar) ? text : nil
    }
  }

  /// What an item is called: it becomes part of a label.
  static var itemName: ValueType {
    .scalar("the name of an item", schema: textSchema(pattern: "[A-Za-z0-9_-]{1,64}")) {
      text, scalar, checker in
      if isVariableName(text), text.utf8.count <= 64 { return text }
      checker.error(
        "expected the name of an item, found \(quoted(text))", at: scalar.location,
        help: "names have letters, digits, \"-\" and \"_\" only, 64 at most")
      return nil
    }
  }

  static var hotkey: ValueType {
    .scalar("a letter or a digit", schema: textSchema(pattern: "[A-Za-z0-9]")) {
      text, scalar, checker in
      if text.utf8.count == 1, isVariableName(text), text != "-", text != "_" { return text }
      checker.error("expected a letter or a digit, found \(quoted(text))", at: scalar.location)
      return nil
    }
  }
}

extension ValueType<[String]> {
  /// Words with blanks between, or a list of such texts.
  static var arguments: ValueType {
    let texts = ValueType<[String]>.oneOrList(.menuText)
    return ValueType(name: "words, or a list of them", schema: texts.schema) { value, checker in
      texts.read(value, &checker).map { lines in
        lines.flatMap { $0.split(separator: " ").map(String.init) }
      }
    }
  }
}

extension ValueType<Int> {
  /// Older versions of iPXE count 1024 ticks a second in 32 bits of milliseconds.
  static var menuTimeout: ValueType {
    let longest = 4194
    return .scalar("a number of seconds", schema: textSchema(pattern: "[0-9]{1,4}")) {
      text, scalar, checker in
      let isNumber = !text.isEmpty && text.utf8.allSatisfy(isDigit)
      guard isNumber else {
        checker.error(
          "expected a number of seconds, found \(quoted(text))", at: scalar.location,
          help: "write 30 for half a minute; 0, or no timeout: at all, waits for ever")
        return nil
      }
      guard let seconds = Int(text), seconds <= longest else {
        checker.error(
          "a timeout has at most \(longest) seconds, which is what iPXE can count",
          at: scalar.location, help: "0, or no timeout: at all, waits for ever")
        return nil
      }
      return seconds
    }
  }
}

extension ValueType<Int64> {
  /// A number of bytes, a whole number with a unit: `700 MB`, `4 GiB`.
  static var diskSize: ValueType {
    let units: [(String, Int64)] = [
      ("", 1), ("B", 1), ("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("KiB", 1 << 10),
      ("MiB", 1 << 20), ("GiB", 1 << 30),
    ]
    return .scalar("a size", schema: textSchema(pattern: "[0-9]+ ?([kMG]?B|[KMG]iB)?")) {
      text, scalar, checker in
      let digits = text.prefix { $0.isASCII && $0.isNumber }
      let unit = text.dropFirst(digits.count).drop { $0 == " " }
      if let number = Int64(digits), let factor = units.first(where: { $0.0 == unit })?.1 {
        let (size, overflows) = number.multipliedReportingOverflow(by: factor)
        if !overflows { return size }
      }
      checker.error(
        "expected a size, found \(quoted(text))", at: scalar.location,
        help: "write it like 700 MB or 4 GiB")
      return nil
    }
  }
}

extension ValueType<MenuColours> {
  /// `white on blue`. The part of the screen is the key's.
  static func colours(_ part: MenuColours.Part) -> ValueType {
    let names = MenuColours.Colour.allCases.map { "\($0)" }
    let one = names.joined(separator: "|")
    return .scalar("two colours", schema: textSchema(pattern: "(\(one)) on (\(one))")) {
      text, scalar, checker in
      let words = text.split(separator: " ").map(String.init)
      let colours = words.map { word in
        MenuColours.Colour.allCases.first { "\($0)" == word }
      }
      if words.count == 3, words[1] == "on", let front = colours[0], let back = colours[2] {
        return MenuColours(part: part, foreground: front, background: back)
      }
      checker.error(
        "expected two colours, found \(quoted(text))", at: scalar.location,
        help: "write them like white on blue, of \(names.joined(separator: ", "))")
      return nil
    }
  }
}

/// The keys of `colours:`, one for each kind of text.
private let colourKeys: [Key<MenuColours>] = [
  Key("normal", .colours(.normal), "Items and everything without a colour of its own."),
  Key("selected", .colours(.selected), "The marked item."),
  Key("separator", .colours(.separator), "Separators."),
  Key("edit", .colours(.edit), "What is being typed."),
  Key("alert", .colours(.alert), "Errors."),
  Key("url", .colours(.url), "Addresses."),
]

extension ValueType<[MenuColours]> {
  static var menuColours: ValueType {
    let keys = colourKeys
    let record = RecordDescription(keys: keys.map(\.description))
    return ValueType(name: "a mapping", schema: record.schema) { value, checker in
      guard case .mapping(let mapping) = value else {
        checker.error(
          "expected a mapping, found \(value.kindName)", at: value.location,
          help: "write colours: {normal: white on blue}")
        return nil
      }
      let read = record.read(mapping, owner: "colours", at: value.location, &checker)
      return read.isComplete ? keys.compactMap { read[$0] } : nil
    }
  }
}
