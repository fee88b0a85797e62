/// What a site has for the machines that ask.
public struct OfferExpectation: Sendable {
  /// The address of the machine that serves (`site.server`), where the recipes say it.
  public var server: String?
  /// The URL of the tree's root, as recipes give it.
  public var http: String?
  /// The boot program that the tree has for an architecture (option 93).
  public var program: @Sendable (Int) -> String?
  /// Whether the tree has a file.
  public var has: @Sendable (String) -> Bool

  public init(
    server: String?, http: String?, program: @escaping @Sendable (Int) -> String?,
    has: @escaping @Sendable (String) -> Bool
  ) {
    self.server = server
    self.http = http
    self.program = program
    self.has = has
  }

  /// The architectures whose boot program a file is.
  func architectures(of file: String) -> [AskedArchitecture] {
    AskedArchitecture.allCases.filter { program($0.rawValue) == file }
  }
}

/// What is wrong with an offer, or may be.
public struct OfferFinding: Sendable, Equatable {
  public enum Severity: String, Sendable { case error, warning }

  public var severity: Severity
  /// One line, no full stop.
  public var message: String
  /// What to do about it, one sentence.
  public var advice: String?

  init(_ severity: Severity = .error, _ message: String, _ advice: String? = nil) {
    self.severity = severity
    self.message = message
    self.advice = advice
  }
}

/// What one machine is offered to boot, and what is to be said of it.
public struct CheckedOffer: Sendable, Equatable {
  public enum State: String, Sendable {
    case right, wrong
    /// It is offered nothing, and there is nothing for it.
    case nothing
  }

  /// Where what it is offered is, as far as this site goes.
  public enum Place: Sendable, Equatable {
    /// In the tree, by its path there.
    case inTree(String)
    case notInTree(String)
    /// A URL that is not below the site's.
    case elsewhere
  }

  public var answers: DHCPAnswers
  /// The path or URL; nil when it is offered none.
  public var file: String?
  /// The server with the file, of a path.
  public var server: String?
  public var place: Place?
  public var findings: [OfferFinding] = []

  public var question: DHCPQuestion { answers.question }

  public var state: State {
    if findings.contains(where: { $0.severity == .error }) { return .wrong }
    return file == nil ? .nothing : .right
  }
}
