/// Labels: those jumped to exist, and none stands twice.
enum LabelCheck {
  static func run(_ script: CheckedScript, _ checker: inout Checker) {
    var labels: [String: ParsedScript.Word] = [:]
    for label in script.parsed.lines.lazy.compactMap(\.label) {
      if let first = labels[label.text] {
        checker.warn(
          "label \(quoted(label.text)) is defined twice", at: script.location(label, checker),
          notes: [.init("it was first defined here", at: script.location(first, checker))],
          help: "goto finds the first one: rename or remove one of the two")
      } else {
        labels[label.text] = label
      }
    }
    let names = Array(labels.keys)
    for call in script.calls where call.command.name.text == "goto" {
      guard let word = call.arguments.first, call.problem == nil, !word.hasSettings,
        labels[word.text] == nil
      else { continue }
      let near = checker.help(for: word.text, among: names)
      // As the last resort after `||` it ends the script, which may be what is wanted.
      let isLastResort = call.command.condition == .onFailure && near == nil
      checker.report(
        "there is no label \(quoted(word.text))", isError: !call.command.mayFail && !isLastResort,
        at: script.location(word, checker), help: near ?? help(for: word.text, names))
    }
    checkItems(script, labels, &checker)
  }

  private static func help(for name: String, _ labels: [String]) -> String {
    let write = "write the line :\(name) in front of what it should jump to"
    if labels.isEmpty { return write }
    if labels.count <= 16 { return "labels: \(labels.sorted().joined(separator: ", "))" }
    return "\(write), or jump to another one"
  }

  /// `choose NAME && goto ${NAME}` jumps to the item chosen. An item without a label ends the script,
  /// unless an `||` catches it: then only what looks like a slip is told.
  private static func checkItems(
    _ script: CheckedScript, _ labels: [String: ParsedScript.Word], _ checker: inout Checker
  ) {
    guard let jump = jumpToItem(script) else { return }
    let names = Array(labels.keys)
    for call in script.calls where call.command.name.text == "item" && call.problem == nil {
      guard let key = call.arguments.first, !key.hasSettings, labels[key.text] == nil,
        !call.options.contains(where: { $0.option.name == "gap" })
      else { continue }
      let near = checker.help(for: key.text, among: names)
      if near == nil, jump.command.mayFail { continue }
      checker.warn(
        "menu item \(quoted(key.text)) has no label", at: script.location(key, checker),
        notes: [
          .init(
            "\(jump.command.words.map(\.text).joined(separator: " ")) jumps to the item chosen",
            at: script.location(jump.command.name, checker))
        ], help: near ?? "write the line :\(key.text) in front of what it should do")
    }
  }

  /// The one `goto ${NAME}` that follows every `choose NAME &&` of a script; nil when choices are used in
  /// another way too.
  private static func jumpToItem(_ script: CheckedScript) -> CommandCall? {
    var jump: CommandCall?
    for (index, call) in script.calls.enumerated() where call.command.name.text == "choose" {
      guard let setting = call.arguments.first, call.command.separator == .onSuccess,
        index + 1 < script.calls.count
      else { return nil }
      let next = script.calls[index + 1]
      guard next.command.name.text == "goto", next.arguments.first?.text == "${\(setting.text)}"
      else { return nil }
      jump = jump ?? next
    }
    return jump
  }
}
