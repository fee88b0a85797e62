import BuildEngine
import Downloads
import SystemPackage

/// The git program with the user's own configuration, but never asking anything.
struct Git: Sendable {
  private var program: Program

  /// Variables that tie git to some other repository: pxebuild may run inside a hook.
  private static let repositoryVariables = [
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE", "GIT_REPLACE_REF_BASE", "GIT_QUARANTINE_PATH",
  ]

  /// - Parameters:
  ///   - silenceLimit: git is ended when it prints nothing for so long.
  ///   - environment: variables over the inherited ones.
  init(silenceLimit: Duration = .seconds(90), environment: [String: String] = [:]) throws {
    program = try Program("git", advice: "install it: apt-get install git")
    program.silenceLimit = silenceLimit
    program.environment = Dictionary(
      uniqueKeysWithValues: Self.repositoryVariables.map { ($0, nil) })
    program.environment["GIT_TERMINAL_PROMPT"] = "0"
    program.environment["SSH_ASKPASS_REQUIRE"] = "never"
    program.environment["GIT_NO_REPLACE_OBJECTS"] = "1"
    program.environment["GIT_NO_LAZY_FETCH"] = "1"
    program.environment["LC_ALL"] = "C"
    for (name, value) in environment { program.environment[name] = value }
  }

  /// Settings over the user's: no hooks, no clean-up in the background, and an end to stalled
  /// transfers.
  private static let settings = [
    "core.hooksPath=/dev/null", "gc.auto=0", "maintenance.auto=false", "http.lowSpeedLimit=512",
    "http.lowSpeedTime=30", "credential.interactive=false",
  ]

  func run(
    _ arguments: [String], repository: FilePath? = nil, input: FilePath? = nil,
    outputFile: FilePath? = nil
  ) async throws -> Program.Result {
    var all = Self.settings.flatMap { ["-c", $0] }
    if let repository { all.append("--git-dir=\(repository)") }
    return try await program.run(all + arguments, input: input, outputFile: outputFile)
  }
}

/// Turns a failed conversation with a repository into an error.
struct GitFailure {
  let url: String
  let result: Program.Result

  /// True when the server is there, but would not give exactly what was asked for.
  var isRefusal: Bool {
    [
      "not our ref", "unadvertised object", "does not support shallow", "couldn't find remote ref",
      "does not support --depth", "shallow file has changed",
    ].contains { result.errors.contains($0) }
  }

  var error: BuildError {
    let shown = WebAddress.withoutCredentials(url)
    if result.errors.contains("No space left on device") {
      return BuildError(
        .cannotWrite, "cannot keep a clone of \(shown)", reason: "No space left on device",
        advice: "free some space on the disk of the cache and run the same command again")
    }
    return BuildError(
      .unreachable, "cannot reach the git repository \(shown)", reason: reason,
      advice: "check the URL and the network: git ls-remote \(shown)")
  }

  /// Git's own last words without its credentials and its general advice.
  private var reason: String {
    if result.isTimedOut { return "it did not answer in time" }
    let secret = credentials
    let lines = result.errorLines.filter { line in
      !line.hasPrefix("remote: Enumerating") && !line.hasPrefix("Please make sure you have")
        && !line.hasPrefix("and the repository exists") && !line.hasPrefix("hint:")
    }
    let text = lines.suffix(4).joined(separator: "\n")
    return secret.isEmpty ? text : text.replacing(secret, with: "")
  }

  /// "user:password@" of the URL.
  private var credentials: String {
    let shown = WebAddress.withoutCredentials(url)
    guard shown != url, let at = url.lastIndex(of: "@"), let start = url.firstRange(of: "://")
    else { return "" }
    return String(url[start.upperBound...at])
  }
}
