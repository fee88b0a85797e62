import BuildEngine

extension BuildError {
  /// The error as a person reads it on a terminal: `description`'s layout, painted, and with control
  /// characters made visible, for its words come from programs and servers.
  func lines(_ style: Style) -> [String] {
    var lines = [style(.boldRed, "error:") + " " + style(.bold, message.printable())]
    func add(_ label: String, _ text: String) {
      var indent = "  " + style(.dim, label + ":") + " "
      for part in text.split(separator: "\n", omittingEmptySubsequences: false) {
        lines.append(indent + part.printable(keepsTabs: true))
        indent = String(repeating: " ", count: label.count + 4)
      }
    }
    if let origin { lines.append("  " + style(.dim, "at:") + " " + origin.printable()) }
    if let reason { add("why", reason) }
    if let advice { add("fix", advice) }
    if !outputTail.isEmpty {
      lines.append("  " + style(.dim, "last lines of its output:"))
      lines += outputTail.map { "  " + style(.dim, "|") + " " + $0.printable(keepsTabs: true) }
    }
    if let logPath { lines.append("  " + style(.dim, "full log:") + " " + logPath.printable()) }
    return lines
  }
}
