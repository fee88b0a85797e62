/// An error that a person reads: what happened, to what, why, and what to do about it.
public struct BuildError: Error, Sendable, Equatable {
  /// Decides the exit code, and whether a stand-in or a skip may take a target's place.
  public enum Kind: Sendable, Equatable {
    /// A step ran and failed: a compile error, a digest that does not match.
    case failed
    /// A source cannot be reached: no such host, no such repository, a time-out, offline.
    case unreachable
    /// The recipe asks for something that does not exist: a tag, an archive member.
    case recipe
    /// The output or the cache cannot be written: full disk, foreign file, newer format, lock held.
    case cannotWrite
    /// The operating system refused access.
    case noPermission
    /// The build was interrupted.
    case cancelled
  }

  public var kind: Kind
  /// What happened, one line, no full stop.
  public var message: String
  /// Where: a target, a file, a recipe position ("recipes/ipxe.yaml:12:3").
  public var origin: String?
  /// Why, in the words of whoever said no; may have several lines.
  public var reason: String?
  /// What to do, one sentence.
  public var advice: String?
  /// The last lines that the failing program printed.
  public var outputTail: [String]
  /// Where all of its output is.
  public var logPath: String?

  public init(
    _ kind: Kind, _ message: String, origin: String? = nil, reason: String? = nil,
    advice: String? = nil, outputTail: [String] = [], logPath: String? = nil
  ) {
    self.kind = kind
    self.message = message
    self.origin = origin
    self.reason = reason
    self.advice = advice
    self.outputTail = outputTail
    self.logPath = logPath
  }
}

extension BuildError: CustomStringConvertible {
  /// The whole error as plain text, the form that tests compare.
  public var description: String {
    var lines = ["error: \(message)"]
    if let origin { lines.append("  at: \(origin)") }
    if let reason {
      let parts = reason.split(separator: "\n", omittingEmptySubsequences: false)
      lines.append("  why: \(parts.joined(separator: "\n       "))")
    }
    if let advice { lines.append("  fix: \(advice)") }
    if !outputTail.isEmpty {
      lines.append("  last lines of its output:")
      lines += outputTail.map { "  | \($0)" }
    }
    if let logPath { lines.append("  full log: \(logPath)") }
    return lines.joined(separator: "\n")
  }
}
