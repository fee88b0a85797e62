/// The lines that an item of the kind `script` brings into a menu's script.
enum OwnScript {
  static func lines(of text: String) -> [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  /// The labels of the lines, with the number of the line.
  static func labels(of text: String) -> [(name: String, line: Int)] {
    lines(of: text).enumerated().compactMap { number, line in
      let words = line.split { $0 == " " || $0 == "\t" }
      guard let first = words.first, first.hasPrefix(":") else { return nil }
      return (String(first.dropFirst()), number)
    }
  }

  /// True for the labels of a menu's own lines.
  static func isReserved(_ label: String) -> Bool {
    let numbered = label.hasPrefix("page") && label.dropFirst(4).allSatisfy(\.isNumber)
    return ["start", "failed", "again"].contains(label) || numbered || label.hasPrefix("item-")
      || label.hasPrefix("efi-")
  }

  static func check(_ record: Record, _ key: Key<String>, _ checker: inout Checker) {
    guard let text = record[key], case .scalar(let scalar)? = record.written(key) else { return }
    if lines(of: text).allSatisfy({ $0.allSatisfy(\.isWhitespace) }) {
      checker.error("the script of this item is empty", at: scalar.location)
    }
    if text.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\n" && $0 != "\t" }) {
      checker.error(
        "the script of this item holds a control character", at: scalar.location)
    }
    if lines(of: text).last?.hasSuffix("\\") == true {
      checker.error(
        "the last line of this script goes on in a line that is not there",
        at: place(of: lines(of: text).count - 1, in: scalar), help: "remove the \\ at its end")
    }
    for (label, line) in labels(of: text) where isReserved(label) {
      checker.error(
        "the label \(quoted(label)) belongs to the menu's own lines",
        at: place(of: line, in: scalar),
        help: "give it another name; goto start goes back to the menu, goto failed shows the error")
    }
  }

  static func place(of line: Int, in scalar: Scalar) -> SourceLocation {
    scalar.location(ofLine: line)
  }
}
