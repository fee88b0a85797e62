/// What reading recipe values needs and gathers: the names for `{{…}}`, and everything found wrong.
struct Checker: Sendable {
  var variables: Variables
  var diagnostics: [Diagnostic] = []
  /// The references to targets and sources met while reading one target, in the order of the file.
  var references: [ArtifactReference] = []
  var sourceReferences: [SourceReference] = []
  /// The paths and URLs that a booting machine loads, met while reading one target.
  var servedReferences: [ServedReference] = []
  /// Files beside the recipes whose content is part of what was read.
  var filesRead: [String] = []
  /// Faults that many values share and that are told once.
  private var told: Set<String> = []
  /// Suggestions still to be given: each compares a name with every target.
  private var suggestionsLeft = 200

  init(variables: Variables) { self.variables = variables }

  var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

  mutating func error(
    _ message: String, at location: SourceLocation?, notes: [Diagnostic.Note] = [],
    help: String? = nil
  ) {
    diagnostics.append(Diagnostic(message, at: location, notes: notes, help: help))
  }

  mutating func warn(
    _ message: String, at location: SourceLocation?, notes: [Diagnostic.Note] = [],
    help: String? = nil
  ) {
    diagnostics.append(
      Diagnostic(message, severity: .warning, at: location, notes: notes, help: help))
  }

  /// True the first time it is called with a fault's name.
  mutating func isFirst(_ fault: String) -> Bool { told.insert(fault).inserted }

  /// The text of a scalar after substitution; nil after a diagnostic.
  mutating func text(_ scalar: Scalar) -> String? {
    variables.substitute(scalar, &diagnostics)
  }

  /// What `find` finds, as long as a run with very many errors stays quick.
  mutating func suggested(_ find: () -> String?) -> String? {
    guard suggestionsLeft > 0 else { return nil }
    suggestionsLeft -= 1
    return find()
  }

  /// "did you mean …?", as long as a run with very many errors stays quick.
  mutating func help(for word: String, among candidates: [String], listing: String? = nil)
    -> String?
  {
    suggested { suggestion(for: word, among: candidates, listing: listing) }
  }
}
