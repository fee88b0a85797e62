/// What is known of the settings that a script uses (`${…}`) without running it: those that the script
/// sets once and for all, and where the server is.
struct ScriptSettings: Sendable {
  /// A word with its settings filled in as far as they are known.
  struct Value: Sendable, Equatable {
    /// The whole of it, or what stands in front of the first setting that is not known.
    var text: String
    var isWhole: Bool
    /// True when it holds what DHCP usually says (`${next-server}`).
    var isGuess: Bool
  }

  /// Nil for a setting that has several values, or one that only the running iPXE knows.
  private var values: [String: Value?] = [:]
  private let server: String?

  init(_ script: ParsedScript, server: String?) {
    self.server = server
    for command in script.commands { gather(command) }
  }

  private mutating func gather(_ command: ParsedScript.Command) {
    let words = command.words
    switch command.name.text {
    case "set":
      guard words.count > 1 else { return }
      let parts = words.dropFirst(2).map(expand)
      guard !command.isConditional, parts.allSatisfy(\.isWhole) else {
        define(words[1], nil)
        return
      }
      define(
        words[1],
        Value(
          text: parts.map(\.text).joined(separator: " "), isWhole: true,
          isGuess: parts.contains(where: \.isGuess)))
    case "read", "choose", "inc", "clear":
      for word in words.dropFirst() { define(word, nil) }
    case "nslookup":
      if words.count > 1 { define(words[1], nil) }
    default: return
    }
  }

  private mutating func define(_ word: ParsedScript.Word, _ value: Value?) {
    guard !word.hasSettings else { return }
    let name = Self.name(word.text[...])
    if let known = values[name], known != value {
      values[name] = .some(nil)
    } else {
      values[name] = .some(value)
    }
  }

  /// A setting without its type: "net0/ip:ipv4" is "net0/ip".
  private static func name(_ text: Substring) -> String {
    let bytes = text.utf8
    return String(text[..<(bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex)])
  }

  /// A word as iPXE would see it, as far as that can be known.
  func expand(_ word: ParsedScript.Word) -> Value {
    var result = Value(text: word.text, isWhole: true, isGuess: false)
    guard word.hasSettings else { return result }
    result.text = ""
    for part in word.parts {
      switch part {
      case .text(let text): result.text += text
      case .setting(let name):
        guard let value = value(of: name) else {
          result.isWhole = false
          return result
        }
        result.text += value.text
        result.isGuess = result.isGuess || value.isGuess
      case .broken:
        result.isWhole = false
        return result
      }
    }
    return result
  }

  private func value(of reference: Substring) -> Value? {
    let name = Self.name(reference)
    // A type changes how the value is written ("mac:hexhyp").
    if name.utf8.count < reference.utf8.count, !reference.hasSuffix(":string") { return nil }
    if let known = values[name] { return known }
    if name == "next-server" || name.hasSuffix("/next-server"), let server {
      return Value(text: server, isWhole: true, isGuess: true)
    }
    return nil
  }
}
