/// Which objects of `blib.a` each goal of an upstream links: a hint that saves compiling the others.
///
/// The text form has sections: a line of goals in brackets, then the names of the objects that exactly
/// these goals link, in lines of any length. `#` starts a comment.
public struct LinkSets: Equatable, Sendable {
  /// Object names without `.o`, by goal.
  public var objects: [String: Set<String>] = [:]

  public init() {}

  /// What is wrong with a text form.
  public struct ParseError: Error, Equatable, Sendable, CustomStringConvertible {
    public var line: Int
    public var message: String
    public var description: String { "line \(line): \(message)" }
  }

  /// Throws `ParseError`.
  public init(parsing text: String) throws(ParseError) {
    var goals: [String] = []
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let content = line.prefix { $0 != "#" }
      let words = content.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
      guard let first = words.first else { continue }
      if first.hasPrefix("[") {
        guard let last = words.last, last.hasSuffix("]") else {
          throw ParseError(line: index + 1, message: "a list of goals has no closing bracket")
        }
        goals = content.split(whereSeparator: { "[] \t".contains($0) }).map(String.init)
        for goal in goals where !Goal.isValid(goal) {
          throw ParseError(line: index + 1, message: "\"\(goal)\" is not a goal of make")
        }
        guard !goals.isEmpty else {
          throw ParseError(line: index + 1, message: "the list of goals is empty")
        }
        for goal in goals { objects[goal, default: []].formUnion([]) }
        continue
      }
      guard !goals.isEmpty else {
        throw ParseError(line: index + 1, message: "objects stand before the first list of goals")
      }
      for word in words where !Self.isObjectName(word) {
        throw ParseError(line: index + 1, message: "\"\(word)\" is not the name of an object")
      }
      for goal in goals { objects[goal]?.formUnion(words) }
    }
  }

  private static func isObjectName(_ word: String) -> Bool {
    word.utf8.allSatisfy {
      Goal.isLetterOrDigit($0) || "._+-".utf8.contains($0)
    }
  }

  /// The text form, the same for equal values.
  public func text(comment: String) -> String {
    var goalsByObject: [String: [String]] = [:]
    for (goal, names) in objects {
      for name in names { goalsByObject[name, default: []].append(goal) }
    }
    var sections: [[String]: [String]] = [:]
    for (name, goals) in goalsByObject { sections[goals.sorted(), default: []].append(name) }
    var lines = comment.split(separator: "\n").map { "# \($0)" }
    // A goal that links no object of the library is known too.
    for (goal, names) in objects where names.isEmpty { sections[[goal]] = sections[[goal]] ?? [] }
    for (goals, names) in sections.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      lines.append("[\(goals.joined(separator: " "))]")
      var line = ""
      for name in names.sorted() {
        if !line.isEmpty, line.utf8.count + name.utf8.count > 99 {
          lines.append(line)
          line = ""
        }
        line += line.isEmpty ? name : " \(name)"
      }
      if !line.isEmpty { lines.append(line) }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// A goal of an upstream's make: a file in a folder that tells the platform, `bin-x86_64-efi/ipxe.efi`.
enum Goal {
  static func isValid(_ goal: String) -> Bool {
    let parts = goal.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0] == "bin" || parts[0].hasPrefix("bin-"),
      let first = parts[1].utf8.first,
      isLetterOrDigit(first)
    else { return false }
    return goal.utf8.allSatisfy { isLetterOrDigit($0) || "._+-/".utf8.contains($0) }
  }

  /// The folder, "bin-x86_64-efi".
  static func folder(of goal: String) -> String { String(goal.prefix { $0 != "/" }) }

  static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
