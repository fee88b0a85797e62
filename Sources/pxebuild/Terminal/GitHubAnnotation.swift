import BuildEngine
import Recipes

/// A line that GitHub Actions turns into a note beside the changed lines of a pull request ("workflow commands").
struct GitHubAnnotation: Sendable {
  enum Kind: String, Sendable { case error, warning }

  let line: String

  init(_ kind: Kind, _ message: String, file: String? = nil, line: Int? = nil, column: Int? = nil) {
    let properties = [
      file.map { "file=\(Self.escaped($0, isProperty: true))" }, line.map { "line=\($0)" },
      column.map { "col=\($0)" }, "title=pxebuild",
    ].compactMap { $0 }
    self.line =
      "::\(kind.rawValue) \(properties.joined(separator: ","))::\(Self.escaped(message, isProperty: false))"
  }

  init(_ error: BuildError) {
    let text = [error.message, error.reason, error.advice].compactMap { $0 }.joined(separator: "\n")
    // "recipes/ipxe.yaml:14:3"
    let parts = (error.origin ?? "").split(separator: ":")
    if parts.count >= 3, let row = Int(parts[parts.count - 2]),
      let column = Int(parts[parts.count - 1])
    {
      self.init(
        .error, text, file: parts.dropLast(2).joined(separator: ":"), line: row, column: column)
    } else {
      self.init(.error, text)
    }
  }

  init(_ diagnostic: Diagnostic) {
    let text = [diagnostic.message, diagnostic.help].compactMap { $0 }.joined(separator: "\n")
    self.init(
      diagnostic.severity == .error ? .error : .warning, text, file: diagnostic.location?.file.name,
      line: diagnostic.location?.line, column: diagnostic.location?.column)
  }

  /// Nil for a target that came out as the recipes say.
  init?(_ outcome: TargetOutcome) {
    switch outcome.state {
    case .prebuilt(_, let version, let because, _):
      self.init(.warning, "\(outcome.path): prebuilt \(version), because \(because)")
    case .skipped(let because): self.init(.warning, "\(outcome.path): skipped, because \(because)")
    case .built, .failed, .notReached: return nil
    }
  }

  private static func escaped(_ text: String, isProperty: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "%": result += "%25"
      case "\r": result += "%0D"
      case "\n": result += "%0A"
      case ":" where isProperty: result += "%3A"
      case "," where isProperty: result += "%2C"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
