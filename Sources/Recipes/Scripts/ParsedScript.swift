/// An iPXE script taken apart as iPXE does it: lines (with `\` at the end going on in the next one), a
/// label in front, words between spaces, commands between `&&`, `||` and `;`, and `#` at the start of a
/// word ending it all. Words are split before `${…}` is filled in, and quotes mean nothing.
struct ParsedScript: Sendable {
  struct Word: Sendable {
    let text: String
    /// Where it stands in the script, in bytes; of a word that goes on in the next line, the first part.
    let range: Range<Int>
    /// True when it holds `${`, so that only iPXE knows the whole of it.
    let hasSettings: Bool

    /// Text as it is, the name inside `${…}`, or `${` without an end.
    enum Part { case text(Substring), setting(Substring), broken }

    /// The parts of the word in order.
    var parts: [Part] {
      var parts: [Part] = []
      let bytes = text.utf8
      var start = bytes.startIndex
      var index = start
      while index < bytes.endIndex {
        let next = bytes.index(after: index)
        guard bytes[index] == UInt8(ascii: "$"), next < bytes.endIndex,
          bytes[next] == UInt8(ascii: "{")
        else {
          index = next
          continue
        }
        if start < index { parts.append(.text(text[start..<index])) }
        let open = bytes.index(after: next)
        guard let close = bytes[open...].firstIndex(of: UInt8(ascii: "}")) else {
          return parts + [.broken]
        }
        parts.append(.setting(text[open..<close]))
        index = bytes.index(after: close)
        start = index
      }
      if start < index { parts.append(.text(text[start..<index])) }
      return parts
    }
  }

  /// What decides whether the next command of the line runs.
  enum Separator: Sendable { case onSuccess, onFailure, always, end }

  struct Command: Sendable {
    /// The command's name and its arguments; never empty.
    let words: [Word]
    /// What stands behind the command.
    let separator: Separator
    /// What stands in front of it; `.always` for the first command of a line.
    let condition: Separator
    /// True when the script goes on after the command has failed, because of an `||` or `;` further on.
    var mayFail = false
    /// True in front of an `||` with nothing behind it: its failure is no matter.
    var isOptional = false

    var name: Word { words[0] }
    var isConditional: Bool { condition != .always }
  }

  struct Line: Sendable {
    /// What stands behind the `:` in front of the commands.
    let label: Word?
    let commands: [Command]
    /// False for what stands behind `exit` or `goto` without a label of its own: nothing leads there.
    var isReachable = true
  }

  /// The lines that have a label or a command.
  let lines: [Line]

  /// The commands that can run, in the order of the script.
  var commands: some Sequence<Command> {
    lines.lazy.filter(\.isReachable).flatMap(\.commands)
  }

  /// The mark that makes a file a script, and white space after it: iPXE's own test (src/image/script.c).
  static func isScript(_ bytes: some Collection<UInt8>) -> Bool {
    let mark = "#!ipxe".utf8
    guard bytes.starts(with: mark) else { return false }
    return bytes.dropFirst(mark.count).first.map(isSpace) ?? false
  }

  /// How many bytes `isScript` wants to see.
  static let markLength = 7

  init(_ bytes: [UInt8]) {
    var lines: [Line] = []
    var start = 0
    while start < bytes.count {
      let line = LogicalLine(bytes, from: start)
      start = line.end
      if let read = Self.read(line) { lines.append(read) }
    }
    self.lines = Self.markingReachable(lines)
  }

  private static func read(_ line: LogicalLine) -> Line? {
    var words = line.words()
    guard let first = words.first else { return nil }
    var label: Word?
    if first.text.utf8.first == UInt8(ascii: ":") {
      label = Word(
        text: String(first.text.dropFirst()),
        range: first.range.lowerBound + 1..<first.range.upperBound,
        hasSettings: first.hasSettings)
      words.removeFirst()
    }
    let commands = commands(of: words)
    return label == nil && commands.isEmpty ? nil : Line(label: label, commands: commands)
  }

  private static func commands(of words: [Word]) -> [Command] {
    var commands: [Command] = []
    var current: [Word] = []
    var condition = Separator.always
    func add(_ separator: Separator) {
      if !current.isEmpty {
        commands.append(
          Command(words: current, separator: separator, condition: condition))
        current = []
      }
      condition = separator
    }
    for word in words {
      if word.text.utf8.first == UInt8(ascii: "#") { break }
      switch word.text {
      case "&&": add(.onSuccess)
      case "||": add(.onFailure)
      case ";": add(.always)
      default: current.append(word)
      }
    }
    add(.end)
    if commands.last?.separator == .onFailure { commands[commands.count - 1].isOptional = true }
    var mayFail = false
    for index in commands.indices.reversed() {
      switch commands[index].separator {
      case .onFailure, .always: mayFail = true
      case .onSuccess, .end: break
      }
      commands[index].mayFail = mayFail
    }
    return commands
  }

  private static func markingReachable(_ lines: [Line]) -> [Line] {
    var result = lines
    var isReachable = true
    for index in result.indices {
      if result[index].label != nil { isReachable = true }
      result[index].isReachable = isReachable
      guard let last = result[index].commands.last, !last.isConditional else { continue }
      if last.name.text == "exit" || last.name.text == "goto" { isReachable = false }
    }
    return result
  }
}

/// White space as iPXE's isspace() has it.
private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

/// One line as iPXE sees it, made of one or several lines of the file.
private struct LogicalLine {
  private var content: ArraySlice<UInt8>
  /// Where in the file each part of `content` starts; a line that nothing continues has one.
  private var parts: [(start: Int, offset: Int)]
  /// Where the next line starts.
  private(set) var end: Int

  init(_ bytes: [UInt8], from start: Int) {
    (content, end) = Self.part(bytes, from: start)
    parts = [(content.startIndex, start)]
    while content.last == UInt8(ascii: "\\") {
      var joined = Array(content.dropLast())
      guard end < bytes.count else {
        content = joined[...]
        break
      }
      let next = Self.part(bytes, from: end)
      // The first time, indexes change from those of the file to those of the joined line.
      if parts.count == 1 { parts[0].start = 0 }
      parts.append((joined.count, end))
      joined += next.content
      content = joined[...]
      end = next.end
    }
    if parts.count == 1 { parts[0].start = content.startIndex }
  }

  private static func part(_ bytes: [UInt8], from start: Int) -> (
    content: ArraySlice<UInt8>, end: Int
  ) {
    let stop = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
    var content = bytes[start..<stop]
    if content.last == UInt8(ascii: "\r") { content = content.dropLast() }
    return (content, min(stop + 1, bytes.count))
  }

  func words() -> [ParsedScript.Word] {
    var words: [ParsedScript.Word] = []
    var index = content.startIndex
    while index < content.endIndex {
      if isSpace(content[index]) {
        index += 1
        continue
      }
      let start = index
      var previous: UInt8 = 0
      var hasSettings = false
      while index < content.endIndex, !isSpace(content[index]) {
        if previous == UInt8(ascii: "$"), content[index] == UInt8(ascii: "{") { hasSettings = true }
        previous = content[index]
        index += 1
      }
      words.append(
        ParsedScript.Word(
          text: String(decoding: content[start..<index], as: UTF8.self),
          range: range(start..<index), hasSettings: hasSettings))
    }
    return words
  }

  private func range(_ range: Range<Int>) -> Range<Int> {
    let part = parts.lastIndex { $0.start <= range.lowerBound } ?? 0
    let end =
      part + 1 < parts.count ? min(range.upperBound, parts[part + 1].start) : range.upperBound
    let shift = parts[part].offset - parts[part].start
    return range.lowerBound + shift..<end + shift
  }
}
