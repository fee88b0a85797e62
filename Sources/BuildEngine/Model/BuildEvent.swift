/// How far a running step is, in units of its own.
public struct Progress: Sendable, Equatable {
  public enum Unit: String, Sendable { case bytes, steps }
  public var done: Int64
  /// Nil when it cannot be known (a server that does not say).
  public var total: Int64?
  public var unit: Unit

  public init(done: Int64, total: Int64?, unit: Unit) {
    self.done = done
    self.total = total
    self.unit = unit
  }
}

/// What a build says while it runs. A terminal or a JSON printer renders it; the engine prints nothing.
public enum BuildEvent: Sendable {
  public enum Outcome: Sendable, Equatable {
    case executed
    case cached
    case failed(BuildError)
  }

  /// The number of actions known to be needed so far; may grow once, when a stand-in is wanted.
  case wanted(actions: Int)
  case actionStarted(ActionID, name: String)
  case actionProgress(ActionID, Progress)
  /// One line worth showing while the action runs ("mirror 1 did not answer, trying mirror 2").
  case actionNote(ActionID, String)
  case actionFinished(ActionID, name: String, Outcome, seconds: Double)
  case targetFinished(TargetOutcome)
}

/// What became of one target.
public struct TargetOutcome: Sendable, Equatable {
  public enum State: Sendable, Equatable {
    case built(StoredArtifact)
    /// Another artifact stands in, because a source could not be reached.
    case prebuilt(StoredArtifact, version: String, because: String, limitation: String?)
    case skipped(because: String)
    case failed(BuildError)
    /// Not tried, because the build stopped at another failure.
    case notReached
  }

  public var path: String
  public var state: State
  public var isCompiled: Bool
  /// The name of the rule that makes it.
  public var rule: String
  /// Of the package that a stand-in comes from.
  public var standInSHA256: String?

  public init(path: String, state: State, isCompiled: Bool, rule: String) {
    self.path = path
    self.state = state
    self.isCompiled = isCompiled
    self.rule = rule
  }
}
