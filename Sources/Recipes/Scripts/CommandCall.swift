/// A command of a script with its options told from its arguments, as iPXE's getopt does it: options
/// end at the first word that is none, and are never abbreviated.
struct CommandCall: Sendable {
  enum Problem: Sendable {
    case unknownOption(String, ParsedScript.Word)
    case lacksValue(UpstreamCommand.Option, ParsedScript.Word)
    case takesNoValue(UpstreamCommand.Option, ParsedScript.Word)
    case wrongCount(Int)
  }

  /// A file that the command loads.
  struct File: Sendable {
    let word: ParsedScript.Word
    /// The word with its settings filled in.
    let value: ScriptSettings.Value
    /// Of a URL, in small letters.
    let scheme: String?
    /// The path in the tree that a URL of the site means.
    let path: String?
  }

  let command: ParsedScript.Command
  /// Nil for a command that iPXE does not have, or that only the running iPXE knows the name of.
  let facts: UpstreamCommand?
  private(set) var options: [(option: UpstreamCommand.Option, word: ParsedScript.Word)] = []
  /// The words behind the options.
  private(set) var arguments: ArraySlice<ParsedScript.Word> = []
  /// The first thing that iPXE would refuse.
  private(set) var problem: Problem?

  init(_ command: ParsedScript.Command) {
    self.command = command
    facts = UpstreamCommand.byName[command.name.text]
    guard let facts else { return }
    guard let first = readOptions(facts) else { return }
    arguments = command.words[first...]
    if !facts.arguments.contains(arguments.count) { problem = .wrongCount(arguments.count) }
  }

  /// The index of the first argument; nil after a problem, and when the command only prints its help.
  private mutating func readOptions(_ facts: UpstreamCommand) -> Int? {
    let words = command.words
    var index = 1
    while index < words.count {
      let word = words[index]
      guard word.text.utf8.first == UInt8(ascii: "-") else { return index }
      if word.text == "--" { return index + 1 }
      index += 1
      let isGood =
        word.text.hasPrefix("--")
        ? readLong(word, facts, &index) : readShort(word, facts, &index)
      guard isGood else { return nil }
    }
    return index
  }

  private mutating func readLong(
    _ word: ParsedScript.Word, _ facts: UpstreamCommand, _ index: inout Int
  ) -> Bool {
    let parts = word.text.dropFirst(2).split(
      separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = parts.first.map(String.init) ?? ""
    if name == "help" || name.contains("${") { return false }
    guard let option = facts.options.first(where: { $0.name == name }) else {
      problem = .unknownOption("--\(name)", word)
      return false
    }
    options.append((option, word))
    guard option.takesValue else {
      if parts.count > 1 { problem = .takesNoValue(option, word) }
      return parts.count == 1
    }
    return parts.count > 1 || takeValue(of: option, word, &index)
  }

  private mutating func readShort(
    _ word: ParsedScript.Word, _ facts: UpstreamCommand, _ index: inout Int
  ) -> Bool {
    let letters = word.text.dropFirst()
    guard !letters.isEmpty else {
      problem = .unknownOption("-", word)
      return false
    }
    for position in letters.indices {
      let letter = letters[position]
      if letter == "h" || letter == "$" { return false }
      guard let option = facts.options.first(where: { $0.letter == letter }) else {
        problem = .unknownOption("-\(letter)", word)
        return false
      }
      options.append((option, word))
      guard option.takesValue else { continue }
      let isInside = letters.index(after: position) < letters.endIndex
      return isInside || takeValue(of: option, word, &index)
    }
    return true
  }

  private mutating func takeValue(
    of option: UpstreamCommand.Option, _ word: ParsedScript.Word, _ index: inout Int
  ) -> Bool {
    guard index < command.words.count,
      command.words[index].text.utf8.first != UInt8(ascii: "-")
    else {
      problem = .lacksValue(option, word)
      return false
    }
    index += 1
    return true
  }

  /// The files that the arguments name.
  private(set) var files: [File] = []

  /// Fills in `files`.
  mutating func resolveFiles(_ settings: ScriptSettings, _ address: SiteAddress) {
    files = fileWords.map { word in
      let value = settings.expand(word)
      let scheme = SiteAddress.scheme(value.text)
      let path = value.isWhole && scheme != nil ? address.path(value.text) : nil
      return File(word: word, value: value, scheme: scheme, path: path)
    }
  }

  private var fileWords: ArraySlice<ParsedScript.Word> {
    switch facts?.files {
    case .first: arguments.prefix(1)
    case .second: arguments.dropFirst().prefix(1)
    case .all: arguments
    case nil, .some(.none): []
    }
  }

  /// True when the files are disks, which are read as they are needed.
  var usesDisk: Bool { facts?.name == "sanboot" || facts?.name == "sanhook" }

  /// The command that `time` measures.
  var measured: ParsedScript.Command? {
    guard facts?.name == "time", !arguments.isEmpty else { return nil }
    return ParsedScript.Command(
      words: Array(arguments), separator: command.separator, condition: .onSuccess,
      mayFail: command.mayFail)
  }
}
