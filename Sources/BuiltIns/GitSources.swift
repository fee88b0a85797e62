import Archives
import BuildEngine
import Downloads

/// Resolves what a recipe says of a git source to a commit.
public struct GitSources: Sendable {
  /// What a recipe may name.
  public enum Reference: Sendable, Equatable {
    case tag(String)
    case branch(String)
    /// What the repository checks out by default.
    case defaultBranch
  }

  private let isOffline: Bool
  private let silenceLimit: Duration

  /// - Parameter silenceLimit: how long a repository may keep silent before it counts as unreachable.
  public init(isOffline: Bool, silenceLimit: Duration = .seconds(30)) {
    self.isOffline = isOffline
    self.silenceLimit = silenceLimit
  }

  /// The commit, 40 hexadecimal digits, that the reference leads to right now. An annotated tag
  /// gives the commit it points to.
  ///
  /// - Throws: `BuildError`: `.unreachable`, or `.recipe` when the repository has no such reference.
  public func resolve(url: String, _ reference: Reference) async throws -> String {
    let shown = WebAddress.withoutCredentials(url)
    guard !isOffline else {
      throw BuildError(
        .unreachable, "cannot reach the git repository \(shown)",
        reason: "nothing may be fetched offline", advice: "run it without --offline")
    }
    let result = try await Git(silenceLimit: silenceLimit).run(["ls-remote", "--", url])
    guard result.isSuccess else { throw GitFailure(url: url, result: result).error }
    var commits: [String: String] = [:]
    for line in String(decoding: result.output, as: UTF8.self).split(separator: "\n") {
      let parts = line.split(separator: "\t")
      if parts.count == 2 { commits[String(parts[1])] = String(parts[0]) }
    }
    switch reference {
    case .tag(let name):
      let full = "refs/tags/\(name)"
      if let commit = commits["\(full)^{}"] ?? commits[full] { return commit }
      throw missing("tag", name, "refs/tags/", commits, shown)
    case .branch(let name):
      if let commit = commits["refs/heads/\(name)"] { return commit }
      throw missing("branch", name, "refs/heads/", commits, shown)
    case .defaultBranch:
      if let commit = commits["HEAD"] { return commit }
      throw BuildError(
        .recipe, "the repository \(shown) has no default branch",
        advice: "name a tag, a branch or a commit")
    }
  }

  private func missing(
    _ kind: String, _ name: String, _ prefix: String, _ commits: [String: String], _ shown: String
  ) -> BuildError {
    var suggestions = Suggestions(for: name)
    var names: [String] = []
    for key in commits.keys.sorted() where key.hasPrefix(prefix) && !key.hasSuffix("^{}") {
      names.append(String(key.dropFirst(prefix.count)))
      suggestions.consider(names[names.count - 1])
    }
    // The highest versions are more use than the first of the alphabet.
    names.sort { Self.isOlder($1, $0) }
    let list = names.prefix(5).joined(separator: ", ")
    let more = names.count > 5 ? " and \(names.count - 5) more" : ""
    return BuildError(
      .recipe, "the repository \(shown) has no \(kind) \(name.printable)",
      reason: names.isEmpty ? "it has none at all" : "it has \(list)\(more)",
      advice: suggestions.nearest.first.map { "did you mean '\($0)'?" })
  }

  /// Compares names as people number versions: v1.9 is older than v1.20, and v1.0-rc1 than v1.0.
  static func isOlder(_ left: String, _ right: String) -> Bool {
    let pieces = (pieces(of: left), pieces(of: right))
    for (one, other) in zip(pieces.0, pieces.1) where one != other {
      if let one = Int(one), let other = Int(other) { return one < other }
      return one < other
    }
    if pieces.0.count == pieces.1.count { return false }
    let isLeftLonger = pieces.0.count > pieces.1.count
    let rest = isLeftLonger ? pieces.0[pieces.1.count] : pieces.1[pieces.0.count]
    return rest.hasPrefix("-") == isLeftLonger
  }

  /// Runs of digits and runs of anything else.
  private static func pieces(of name: String) -> [String] {
    var result: [String] = []
    var wasDigit: Bool?
    for character in name {
      let isDigit = character.isASCII && character.isNumber
      if isDigit == wasDigit, let last = result.indices.last {
        result[last].append(character)
      } else {
        result.append(String(character))
      }
      wasDigit = isDigit
    }
    return result
  }
}
