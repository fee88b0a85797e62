/// One thing wrong with a recipe: what, where, and what to do.
public struct Diagnostic: Sendable, Equatable {
  public enum Severity: String, Sendable { case error, warning }

  /// Something a person should know beside the message, with a place of its own or without.
  public struct Note: Sendable, Equatable {
    public var message: String
    public var location: SourceLocation?

    public init(_ message: String, at location: SourceLocation? = nil) {
      self.message = message
      self.location = location
    }
  }

  public var severity: Severity
  /// One line, no full stop.
  public var message: String
  /// Nil only for what stands in no recipe: a target asked for on the command line, a folder.
  public var location: SourceLocation?
  public var notes: [Note]
  /// What to do, one sentence.
  public var help: String?

  public init(
    _ message: String, severity: Severity = .error, at location: SourceLocation?,
    notes: [Note] = [], help: String? = nil
  ) {
    self.severity = severity
    self.message = message
    self.location = location
    self.notes = notes
    self.help = help
  }
}

/// Every error of a run, sorted by file and line. Never empty.
public struct RecipeErrors: Error, Sendable, Equatable {
  /// Errors, and the warnings that came with them.
  public let diagnostics: [Diagnostic]

  public init(_ diagnostics: [Diagnostic]) { self.diagnostics = Diagnostic.sorted(diagnostics) }

  init(_ diagnostic: Diagnostic) { self.diagnostics = [diagnostic] }

  /// All diagnostics as text, an empty line between two.
  public func rendered(style: DiagnosticStyle = .plain) -> String {
    Diagnostic.rendered(diagnostics, style: style)
  }
}

extension RecipeErrors: CustomStringConvertible {
  public var description: String { rendered() }
}

extension Diagnostic {
  /// By file, line and column, what has no place first; each diagnostic once.
  static func sorted(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
    let ordered = diagnostics.enumerated().sorted { left, right in
      switch (left.element.location, right.element.location) {
      case (nil, nil): return left.offset < right.offset
      case (nil, _): return true
      case (_, nil): return false
      case (let one?, let other?):
        if one != other { return one < other }
        return left.offset < right.offset
      }
    }
    var result: [Diagnostic] = []
    for (_, diagnostic) in ordered where result.last != diagnostic { result.append(diagnostic) }
    return result
  }

  /// Several diagnostics as text, an empty line between two, no line break at the end.
  public static func rendered(_ diagnostics: [Diagnostic], style: DiagnosticStyle = .plain)
    -> String
  {
    diagnostics.map { $0.rendered(style: style) }.joined(separator: "\n\n")
  }
}

extension Diagnostic {
  /// `key: {{name}}`, which YAML reads as a mapping in a mapping.
  static func bracesNeedQuotes(at place: SourceLocation) -> Diagnostic {
    Diagnostic(
      "a value that starts with {{ needs quotes", at: place,
      help: "put the whole value between double quotes; YAML reads { as the start of a mapping")
  }

  /// `{ key: http://{{name}}/path }`, where YAML reads the brace as its own.
  static func bracesNeedQuotesInside(at place: SourceLocation) -> Diagnostic {
    Diagnostic(
      "a value with {{ needs quotes between { and }, [ and ]", at: place,
      help: "put the whole value between double quotes; YAML reads { as the start of a mapping")
  }

  /// Two definitions of one name, in one file or in two.
  static func definedTwice(_ name: Scalar, first: SourceLocation) -> Diagnostic {
    Diagnostic(
      "\(quoted(name.text)) is defined twice", at: name.location,
      notes: [.init("it was first defined here", at: first)],
      help: "remove or rename one of the two")
  }
}

/// A name between double quotes, with what would garble a terminal line written as an escape.
func quoted(_ name: some StringProtocol) -> String {
  var result = "\""
  for scalar in name.unicodeScalars {
    if scalar == "\"" { result += "\\\"" } else { append(scalar, to: &result) }
  }
  return result + "\""
}

/// A path as it is, with what would garble a terminal line written as an escape.
func printable(_ path: String) -> String {
  guard path.unicodeScalars.contains(where: isUnprintable) else { return path }
  var result = ""
  for scalar in path.unicodeScalars { append(scalar, to: &result) }
  return result
}

private func append(_ scalar: Unicode.Scalar, to text: inout String) {
  switch scalar {
  case "\n": text += "\\n"
  case "\t": text += "\\t"
  case "\r": text += "\\r"
  case _ where isUnprintable(scalar): text += "\\u{\(String(scalar.value, radix: 16))}"
  default: text.unicodeScalars.append(scalar)
  }
}

/// True for control characters and for those that reorder text around them (bidirectional controls).
func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0..<0x20, 0x7f..<0xa0, 0x2028, 0x2029, 0x202a...0x202e, 0x2066...0x2069, 0xfeff: true
  default: false
  }
}

/// "1 target", "3 targets".
func counted(_ number: Int, _ word: String) -> String {
  "\(number) \(word)\(number == 1 ? "" : "s")"
}
