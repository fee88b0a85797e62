/// Commands that iPXE does not have, and commands written in a way that no iPXE takes.
enum CommandCheck {
  /// - Parameter isSure: True when every iPXE that runs the scripts is known to the tables.
  static func run(_ script: CheckedScript, isSure: Bool, _ checker: inout Checker) {
    for call in script.calls {
      guard let facts = call.facts else {
        checkName(call, script, isSure, &checker)
        continue
      }
      guard let problem = call.problem else { continue }
      let found = describe(problem, call, facts, isSure, &checker)
      checker.report(
        found.message, isError: found.isSure && !call.command.mayFail,
        at: script.location(found.word, checker), help: found.help)
    }
  }

  private static func checkName(
    _ call: CommandCall, _ script: CheckedScript, _ isSure: Bool, _ checker: inout Checker
  ) {
    let name = call.command.name
    guard !name.hasSettings else { return }
    let near = checker.help(for: name.text, among: UpstreamCommand.names)
    checker.report(
      "iPXE has no command \(quoted(name.text))",
      isError: (isSure || near != nil) && !call.command.mayFail,
      at: script.location(name, checker),
      help: near ?? "a line of text needs echo in front of it, a remark needs #")
  }

  private typealias Found = (
    message: String, word: ParsedScript.Word, help: String?, isSure: Bool
  )

  private static func describe(
    _ problem: CommandCall.Problem, _ call: CommandCall, _ facts: UpstreamCommand, _ isSure: Bool,
    _ checker: inout Checker
  ) -> Found {
    let command = quoted(facts.name)
    switch problem {
    case .unknownOption(let option, let word):
      let names = facts.options.map { "--\($0.name)" }
      let longer = option.count > 2 ? names.first { $0.hasPrefix(option) } : nil
      let near =
        longer.map { "write \($0): iPXE takes no abbreviations" }
        ?? checker.help(for: option, among: names)
      let isText = option == "-" || option.hasPrefix("---") || option == "--"
      let help =
        isText
        ? "write -- in front of text that starts with -, as in \(example(call, before: word))"
        : near ?? listed(facts)
      return (
        "\(command) has no option \(quoted(option))", word, help, isSure || near != nil || isText
      )
    case .lacksValue(let option, let word):
      return (
        "option --\(option.name) of \(command) needs a value", word,
        "write --\(option.name) VALUE; a value cannot start with -", true
      )
    case .takesNoValue(let option, let word):
      return ("option --\(option.name) of \(command) takes no value", word, nil, true)
    case .wrongCount(let count):
      let least = facts.arguments.lowerBound
      let most = facts.arguments.upperBound
      let wanted =
        count < least
        ? (most == least ? counted(least, "argument") : "at least \(counted(least, "argument"))")
        : (most == 0
          ? "no argument"
          : most == least ? counted(most, "argument") : "at most \(counted(most, "argument"))")
      let isMore = count > most
      let word = isMore ? call.arguments[call.arguments.startIndex + most] : call.command.name
      return (
        "\(command) takes \(wanted), this has \(count == 0 ? "none" : String(count))", word,
        isMore && most > 0
          ? "iPXE splits a line at its spaces, and quotes hold nothing together" : nil, true
      )
    }
  }

  /// The command as far as its options go, with what was meant as text behind them.
  private static func example(_ call: CommandCall, before word: ParsedScript.Word) -> String {
    let words = call.command.words
    let index = words.firstIndex { $0.range == word.range } ?? 1
    return (words[..<index].map(\.text) + ["--", word.text]).joined(separator: " ")
  }

  private static func listed(_ facts: UpstreamCommand) -> String {
    let names = facts.options.map { "--\($0.name)" }
    return names.isEmpty ? "it has no options" : "its options: \(names.joined(separator: ", "))"
  }
}

extension Checker {
  /// An error, or what may be right and is a warning.
  mutating func report(
    _ message: String, isError: Bool, at location: SourceLocation?,
    notes: [Diagnostic.Note] = [], help: String? = nil
  ) {
    if isError {
      error(message, at: location, notes: notes, help: help)
    } else {
      warn(message, at: location, notes: notes, help: help)
    }
  }
}
