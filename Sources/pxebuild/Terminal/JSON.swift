/// A JSON value (RFC 8259), written out by hand because Foundation costs start-up time. Objects keep
/// the order they were given.
indirect enum JSON: Sendable, Equatable {
  struct Member: Sendable, Equatable {
    var name: String
    var value: JSON
  }

  case null
  case bool(Bool)
  case integer(Int64)
  /// Seconds, written with three decimals.
  case seconds(Double)
  case string(String)
  case array([JSON])
  case members([Member])

  /// An object. A pair whose value is nil is left out.
  static func object(_ pairs: KeyValuePairs<String, JSON?>) -> JSON {
    .members(pairs.compactMap { name, value in value.map { Member(name: name, value: $0) } })
  }

  /// The value on one line, without white space that means nothing.
  var text: String {
    var output = ""
    write(to: &output)
    return output
  }

  private func write(to output: inout String) {
    switch self {
    case .null: output += "null"
    case .bool(let value): output += value ? "true" : "false"
    case .integer(let value): output += String(value)
    case .seconds(let value): output += Self.decimal(value)
    case .string(let value): Self.write(value, to: &output)
    case .array(let values):
      output += "["
      for (index, value) in values.enumerated() {
        if index > 0 { output += "," }
        value.write(to: &output)
      }
      output += "]"
    case .members(let members):
      output += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { output += "," }
        Self.write(member.name, to: &output)
        output += ":"
        member.value.write(to: &output)
      }
      output += "}"
    }
  }

  /// The value with a line for each member and element, for a file that people read too.
  var prettyText: String {
    var output = ""
    write(to: &output, indent: "\n")
    return output
  }

  /// - Parameter indent: A line end and the blanks that the value's own line begins with.
  private func write(to output: inout String, indent: String) {
    let inner = indent + "  "
    switch self {
    case .array(let values) where !values.isEmpty:
      output += "["
      for (index, value) in values.enumerated() {
        output += (index > 0 ? "," : "") + inner
        value.write(to: &output, indent: inner)
      }
      output += indent + "]"
    case .members(let members) where !members.isEmpty:
      output += "{"
      for (index, member) in members.enumerated() {
        output += (index > 0 ? "," : "") + inner
        Self.write(member.name, to: &output)
        output += ": "
        member.value.write(to: &output, indent: inner)
      }
      output += indent + "}"
    default: write(to: &output)
    }
  }

  private static func decimal(_ value: Double) -> String {
    // JSON has no infinity and no NaN.
    guard value.isFinite, abs(value) < 1e15 else { return "null" }
    let thousandths = Int64((value * 1000).rounded())
    let magnitude = thousandths.magnitude
    let fraction = String(magnitude % 1000)
    let zeros = String(repeating: "0", count: 3 - fraction.count)
    return "\(thousandths < 0 ? "-" : "")\(magnitude / 1000).\(zeros)\(fraction)"
  }

  private static func write(_ value: String, to output: inout String) {
    output += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": output += "\\\""
      case "\\": output += "\\\\"
      case "\n": output += "\\n"
      case "\r": output += "\\r"
      case "\t": output += "\\t"
      // RFC 8259 asks for the first 32; the others would still act on a terminal.
      case "\u{00}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: output.unicodeScalars.append(scalar)
      }
    }
    output += "\""
  }
}
