import Archives
import BuildEngine
import Downloads
import SystemPackage

/// The files of one commit, byte for byte as the repository has them: neither attributes
/// (export-subst, ident, eol) nor the user's filters and autocrlf touch them.
///
/// Parameters: `url`, `commit` (40 hexadecimal digits), `ref` (optional: the tag or branch it came
/// from), `unreachable` (optional: why the repository was found out of reach before). Outputs:
/// `source` (a directory) and `commit-time` (seconds since 1970, a newline).
struct GitTree: BuiltIn {
  let name = "git-tree"
  let version = 1
  /// Variables for git over the inherited ones.
  var environment: [String: String] = [:]

  func run(_ invocation: BuiltInInvocation) async throws {
    let url = try invocation.parameter("url")
    let shown = WebAddress.withoutCredentials(url)
    if let reason = invocation.optionalParameter("unreachable") {
      throw BuildError(
        .unreachable, "cannot reach the git repository \(shown)", reason: reason,
        advice: "check the URL and the network: git ls-remote \(shown)")
    }
    let commit = try invocation.parameter("commit").lowercased()
    guard commit.utf8.count == 40, commit.allSatisfy(\.isHexDigit) else {
      throw BuildError(
        .recipe, "'\(commit.printable)' is not a git commit",
        advice: "write all 40 hexadecimal digits of it")
    }
    if let vendored = try invocation.vendor?.tree(of: commit, in: invocation.context.store) {
      invocation.stored.add(
        vendored.files.artifact, at: "source", inserted: vendored.files.inserted)
      return try invocation.write("\(vendored.time)\n", to: "commit-time")
    }
    let clone = try GitClone(url: url, in: invocation, environment: environment)
    do {
      try await write(commit, from: clone, invocation)
    } catch let damage as GitCloneDamage {
      guard !invocation.context.isOffline else { throw damage.error }
      invocation.note("the clone of \(shown) is damaged, fetching it again")
      try await clone.remove()
      try FileSystem.remove(invocation.output("source"))
      do {
        try await write(commit, from: clone, invocation)
      } catch let damage as GitCloneDamage {
        throw damage.error
      }
    }
  }

  private func write(
    _ commit: String, from clone: GitClone, _ invocation: BuiltInInvocation
  ) async throws {
    let list = ["ls-tree", "-r", "-z", "--full-tree", commit]
    var listing = try await clone.run(list)
    if !listing.isSuccess {
      try await clone.fetch(commit, reference: invocation.optionalParameter("ref"))
      listing = try await clone.run(list)
    }
    guard listing.isSuccess else { throw clone.damage(listing) }
    let shown = WebAddress.withoutCredentials(clone.url)
    let entries = try GitTreeEntry.parse(listing.output, repository: shown)
    try await write(entries, of: commit, from: clone, invocation)
  }

  private func write(
    _ entries: [GitTreeEntry], of commit: String, from clone: GitClone,
    _ invocation: BuiltInInvocation
  ) async throws {
    for entry in entries where entry.kind == .submodule {
      invocation.note("the submodule \(entry.path) is left out")
    }
    let blobs = entries.filter { $0.kind != .submodule }
    let names = invocation.scratchDirectory.appending("objects")
    let contents = invocation.scratchDirectory.appending("contents")
    // The commit itself first, for its time.
    let lines = ([commit] + blobs.map(\.object)).joined(separator: "\n") + "\n"
    try FileSystem.replace(names, with: lines.utf8)
    let result = try await clone.run(
      ["cat-file", "--batch", "--buffer"], input: names, outputFile: contents)
    guard result.isSuccess else { throw clone.damage(result) }
    let writer = GitTreeWriter(
      commit: commit, entries: entries, repository: WebAddress.withoutCredentials(clone.url),
      clone: clone)
    let source = invocation.output("source")
    let time = try await onOwnThread { try writer.write(contents, to: source) }
    try FileSystem.remove(contents)
    try invocation.write("\(time)\n", to: "commit-time")
  }
}

/// One line of `git ls-tree -r -z`.
struct GitTreeEntry: Sendable {
  enum Kind: Sendable { case file, executable, symlink, submodule }

  var kind: Kind
  var object: String
  var path: MemberPath

  static func parse(_ listing: [UInt8], repository: String) throws -> [GitTreeEntry] {
    try listing.split(separator: 0).map { line in
      // "100644 blob 7c8ac0a…<TAB>path"
      guard let tab = line.firstIndex(of: UInt8(ascii: "\t")),
        let path = String(validating: line[(tab + 1)...], as: UTF8.self)
      else {
        throw BuildError(
          .failed, "cannot use the sources of \(repository)",
          reason: "one of its file names is not UTF-8")
      }
      let words = String(decoding: line[..<tab], as: UTF8.self).split(separator: " ")
      guard words.count == 3, let kind = kind(mode: words[0]) else {
        throw BuildError(
          .failed, "cannot use the sources of \(repository)",
          reason: "'\(path.printable)' is of an unknown kind")
      }
      return GitTreeEntry(
        kind: kind, object: String(words[2]),
        path: try MemberPath(path, archiveName: repository))
    }
  }

  private static func kind(mode: Substring) -> Kind? {
    switch mode {
    case "100755": .executable
    case "120000": .symlink
    case "160000": .submodule
    case _ where mode.hasPrefix("100"): .file
    default: nil
    }
  }
}
