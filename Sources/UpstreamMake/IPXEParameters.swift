import BuildEngine

/// The parameters of the built-in "ipxe", checked: they reach make's command line.
struct IPXEParameters: Equatable {
  var goal: String
  /// All goals of the recipes that share source, configuration and folder; sorted, this one included.
  var goals: [String]
  var commit: String
  var embed: [String]
  var trust: [String]
  var certificates: [String]
  var privateKey: String
  var debug: String
  var cross: String

  /// Throws `BuildError` of kind recipe.
  init(_ parameters: [String: String]) throws {
    func value(_ name: String) -> String { parameters[name] ?? "" }
    func list(_ name: String) -> [String] { value(name).split(separator: ",").map(String.init) }
    goal = value("goal")
    guard Goal.isValid(goal) else {
      throw BuildError(
        .recipe, "\"\(goal)\" is not something that iPXE's make can build",
        advice: "write a folder and a file, such as bin/undionly.kpxe or bin-x86_64-efi/ipxe.efi")
    }
    let folder = Goal.folder(of: goal)
    goals = Set(list("goals").filter { Goal.isValid($0) && Goal.folder(of: $0) == folder } + [goal])
      .sorted()
    commit = value("commit")
    embed = list("embed")
    trust = list("trust")
    certificates = list("certificates")
    privateKey = value("private-key")
    debug = value("debug")
    cross = value("cross")
    try Self.check(commit, "the commit", allowed: "")
    try Self.check(debug, "debug:", allowed: "_,:.+-")
    try Self.check(cross, "cross:", allowed: "_./+-")
    for name in embed { try Self.check(name, "the name of the embedded file", allowed: "_.+@~-") }
  }

  /// Make splits words at blanks and expands `$`, `%` and `#`: what it could misread is refused.
  private static func check(_ text: String, _ what: String, allowed: String) throws {
    let isSafe = text.utf8.allSatisfy { Goal.isLetterOrDigit($0) || allowed.utf8.contains($0) }
    guard isSafe, !text.hasPrefix("-"), !text.hasPrefix(".") || text.contains("/") else {
      throw BuildError(
        .recipe, "\(what) is \"\(text.printable)\", which make cannot be given",
        advice: allowed.isEmpty
          ? "use letters and digits only" : "use letters, digits and \(allowed) only")
    }
  }

  /// The arguments that the workers need to call make as the recipe wants it.
  var makeArguments: [String] {
    ["commit=\(commit)", "debug=\(debug)", "cross=\(cross)"]
  }

  var ownFileArguments: [String] {
    [
      "embed=\(embed.joined(separator: ","))", "trust=\(trust.count)",
      "certificates=\(certificates.count)", "private-key=\(privateKey.isEmpty ? 0 : 1)",
    ]
  }
}
