import BuildEngine
import Crypto
import Downloads

/// A commit object: what it says of itself and of its files (git-cat-file(1), git-commit-tree(1)).
struct GitCommit: Sendable {
  let text: [UInt8]

  /// Its name, 40 hexadecimal digits.
  var id: String { GitObject.id("commit", text) }

  /// The name of its tree of files.
  var tree: String? { field("tree").map { String($0) } }

  /// Seconds since 1970.
  var committerTime: Int64? {
    // "committer NAME <MAIL> SECONDS ZONE"
    guard let words = field("committer")?.split(separator: " "), words.count > 1 else { return nil }
    return Int64(words[words.count - 2])
  }

  private func field(_ name: String) -> String? {
    for line in String(decoding: text, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    {
      // The message follows the first empty line.
      if line.isEmpty { return nil }
      if line.hasPrefix("\(name) ") { return String(line.dropFirst(name.utf8.count + 1)) }
    }
    return nil
  }
}

/// Git's names of objects: the SHA-1 of a header and the content.
enum GitObject {
  static func id(_ kind: String, _ content: [UInt8]) -> String {
    hex(hash(kind, size: content.count) { $0.update(data: content) })
  }

  static func hash(
    _ kind: String, size: Int, _ feed: (inout Insecure.SHA1) throws -> Void
  ) rethrows -> [UInt8] {
    var hasher = Insecure.SHA1()
    hasher.update(data: Array("\(kind) \(size)\0".utf8))
    try feed(&hasher)
    return Array(hasher.finalize())
  }

  static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

/// The commit object behind a source, by which its files can be verified without the repository.
///
/// Parameters as of `git-tree`. Output: `commit`.
struct GitCommitText: BuiltIn {
  let name = "git-commit"
  let version = 1

  func run(_ invocation: BuiltInInvocation) async throws {
    let url = try invocation.parameter("url")
    let commit = try invocation.parameter("commit").lowercased()
    let clone = try GitClone(url: url, in: invocation, environment: [:])
    let show = ["cat-file", "commit", commit]
    var shown = try await clone.run(show)
    if !shown.isSuccess {
      try await clone.fetch(commit, reference: invocation.optionalParameter("ref"))
      shown = try await clone.run(show)
    }
    guard shown.isSuccess else { throw clone.damage(shown).error }
    try FileSystem.replace(invocation.output("commit"), with: shown.output)
  }
}
