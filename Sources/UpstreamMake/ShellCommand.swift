/// One command line as `make -n` prints it.
struct ShellCommand: Hashable, Sendable {
  /// The text that make would hand to `/bin/sh -c`; may span lines after a backslash.
  var text: String

  init(_ text: String) { self.text = text }

  /// A command of these words, quoted so that `simpleWords` gives them back.
  init(words: [String]) { text = words.map(Self.quoted).joined(separator: " ") }

  /// The argument vector, or nil when the line needs a shell: an operator, an expansion, a pattern, an
  /// assignment, a builtin, or quotes that do not close.
  var simpleWords: [String]? {
    var words: [String] = []
    var word: [UInt8] = []
    var isInsideWord = false
    var quote: UInt8?
    let bytes = Array(text.utf8)
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      switch (quote, byte) {
      case (Self.single, Self.single), (Self.double, Self.double):
        quote = nil
      case (Self.single, _):
        word.append(byte)
      case (Self.double, Self.dollar), (Self.double, Self.backquote):
        return nil
      case (_, Self.backslash):
        guard index < bytes.count else { return nil }
        let next = bytes[index]
        index += 1
        if next == Self.newline { break }
        // Inside double quotes a backslash stands for itself unless it hides one of these four.
        if quote == Self.double,
          ![Self.double, Self.backslash, Self.dollar, Self.backquote].contains(next)
        {
          word.append(byte)
        }
        word.append(next)
        isInsideWord = true
      case (Self.double, _):
        word.append(byte)
      case (_, Self.single), (_, Self.double):
        quote = byte
        isInsideWord = true
      case (_, Self.space), (_, Self.tab):
        if isInsideWord { words.append(String(decoding: word, as: UTF8.self)) }
        word.removeAll(keepingCapacity: true)
        isInsideWord = false
      default:
        if Self.needsShell.contains(byte) { return nil }
        if !isInsideWord, byte == UInt8(ascii: "#") || byte == UInt8(ascii: "~") { return nil }
        if words.isEmpty, byte == UInt8(ascii: "=") { return nil }
        word.append(byte)
        isInsideWord = true
      }
    }
    guard quote == nil else { return nil }
    if isInsideWord { words.append(String(decoding: word, as: UTF8.self)) }
    guard let program = words.first, !Self.builtins.contains(program) else { return nil }
    return words
  }

  /// What runs it: the words themselves, or a shell.
  var argumentVector: [String] { simpleWords ?? ["/bin/sh", "-c", text] }

  private static func quoted(_ word: String) -> String {
    let isPlain =
      !word.isEmpty
      && word.utf8.allSatisfy { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
          || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
          || "-_./+,=:@%".utf8.contains(byte)
      }
    if isPlain { return word }
    return "'"
      + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
      + "'"
  }

  private static let single = UInt8(ascii: "'")
  private static let double = UInt8(ascii: "\"")
  private static let dollar = UInt8(ascii: "$")
  private static let backquote = UInt8(ascii: "`")
  private static let backslash = UInt8(ascii: "\\")
  private static let newline = UInt8(ascii: "\n")
  private static let space = UInt8(ascii: " ")
  private static let tab = UInt8(ascii: "\t")
  private static let needsShell = Set("|&;<>()$`*?[]{}!\n".utf8)
  // A builtin may print or fail otherwise than the program of the same name.
  private static let builtins: Set<String> = [
    ".", ":", "[", "alias", "break", "case", "cd", "command", "continue", "echo", "eval", "exec",
    "exit",
    "export", "false", "fi", "for", "getopts", "hash", "if", "kill", "printf", "pwd", "read",
    "readonly",
    "return", "set", "shift", "test", "times", "trap", "true", "type", "ulimit", "umask", "unalias",
    "unset", "until", "wait", "while",
  ]
}

extension ShellCommand {
  /// The commands in what `make -n` printed: lines joined after a backslash, comments dropped.
  ///
  /// Throws for a line that make itself says (`make[1]: …`) or that calls make again: a build that
  /// recurses cannot be replayed from this list.
  static func commands(inOutputOfMake output: [UInt8]) throws -> [ShellCommand] {
    var commands: [ShellCommand] = []
    var start = output.startIndex
    var position = start
    while position < output.endIndex {
      guard output[position] == newline else {
        position += 1
        continue
      }
      var backslashes = 0
      while position - backslashes > start, output[position - backslashes - 1] == backslash {
        backslashes += 1
      }
      if backslashes % 2 == 1 {
        position += 1
        continue
      }
      try append(output[start..<position], to: &commands)
      position += 1
      start = position
    }
    try append(output[start...], to: &commands)
    return commands
  }

  private static func append(_ line: ArraySlice<UInt8>, to commands: inout [ShellCommand]) throws {
    guard let first = line.firstIndex(where: { $0 != space && $0 != tab }) else { return }
    let content = line[first...]
    if content.first == UInt8(ascii: "#") { return }
    // A goal that is also on the way to another one.
    if content.starts(with: "make: ".utf8), content.endsWith(" is up to date.") { return }
    for word in ["make:", "make[", "make "] where content.starts(with: word.utf8) {
      throw NotUnderstood("make says: \(String(decoding: content.prefix(200), as: UTF8.self))")
    }
    commands.append(ShellCommand(String(decoding: content, as: UTF8.self)))
  }
}

extension ArraySlice<UInt8> {
  fileprivate func endsWith(_ text: String) -> Bool {
    suffix(text.utf8.count).elementsEqual(text.utf8)
  }
}

/// A build whose commands cannot be replayed safely; real make takes its place.
struct NotUnderstood: Error, Equatable {
  var reason: String
  init(_ reason: String) { self.reason = reason }
}
