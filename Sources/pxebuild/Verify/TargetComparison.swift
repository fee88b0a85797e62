import BuildEngine
import SystemPackage

/// A file of a target that is not as it was.
struct TargetDifference: Sendable {
  /// In the tree.
  var path: String
  /// One word: `differs`, `absent`, `extra`, `unbuilt`.
  var problem: String
  var expected: String?
  var found: String?
  /// Where the bytes of both are, when both are at hand.
  var files: (then: FilePath, now: FilePath)?

  init(_ path: String, _ problem: String, expected: String? = nil, found: String? = nil) {
    self.path = path
    self.problem = problem
    self.expected = expected
    self.found = found
  }
}

/// Compares what was made anew with what a manifest lists.
struct TargetComparison: Sendable {
  /// The store that the tree was made from.
  let then: ContentStore
  let tree: OutputTree
  let now: ContentStore

  func compare(_ entry: Manifest.Target, _ artifact: StoredArtifact, isPrebuilt: Bool) throws
    -> [TargetDifference]
  {
    guard isPrebuilt == (entry.state == .prebuilt) else {
      let words = (expected: entry.state.words, found: isPrebuilt ? "prebuilt" : "built")
      return [
        TargetDifference(entry.path, "differs", expected: words.expected, found: words.found)
      ]
    }
    var made: [String: StoredArtifact] = [:]
    for leaf in try now.leaves(of: artifact) {
      made[leaf.path.isEmpty ? entry.path : "\(entry.path)/\(leaf.path)"] = leaf.artifact
    }
    var differences: [TargetDifference] = []
    for file in entry.files {
      guard let artifact = made.removeValue(forKey: file.path) else {
        differences.append(TargetDifference(file.path, "absent"))
        continue
      }
      if let difference = try compare(file, artifact) { differences.append(difference) }
    }
    differences += made.keys.map { TargetDifference($0, "extra") }
    return differences.sorted { $0.path < $1.path }
  }

  private func compare(_ file: Manifest.File, _ artifact: StoredArtifact) throws
    -> TargetDifference?
  {
    let made = Manifest.File(file.path, artifact)
    guard made != file else { return nil }
    var difference = TargetDifference(
      file.path, "differs", expected: file.words, found: made.words)
    if let old = file.digest, case .file(let new, _) = artifact,
      let path = try place(of: old, file.path)
    {
      difference.files = (path, now.path(of: new))
    }
    return difference
  }

  /// Where the bytes that were placed are: in the old store, else in the tree.
  private func place(of digest: Digest, _ path: String) throws -> FilePath? {
    if try then.contains(digest) { return then.path(of: digest) }
    let file = tree.directory.pushing(FilePath(path))
    guard try FileIdentity.of(file)?.kind == .regular,
      try ContentStore.digest(ofFile: file) == digest
    else { return nil }
    return file
  }
}

extension Manifest.Target.State {
  var words: String {
    switch self {
    case .compiled: "compiled"
    case .made: "built"
    case .prebuilt: "prebuilt"
    }
  }
}

extension Manifest.File {
  /// Nil for what has none: a link, a folder, a private file.
  var digest: Digest? { sha256.flatMap { Digest(hex: $0, size: size ?? 0) } }

  /// For a message: "sha256 2cf24dba5fb0…, 5 bytes, executable".
  var words: String {
    if isFolder == true { return "an empty folder" }
    if let link { return "a link to \(link)" }
    guard let digest else { return "a private file" }
    return digest.words + (executable == true ? ", executable" : "")
  }

  init(_ path: String, _ artifact: StoredArtifact) {
    switch artifact {
    case .file(let digest, let executable):
      self.init(
        path: path, sha256: digest.hex, size: digest.size, executable: executable ? true : nil)
    case .symlink(let target): self.init(path: path, link: target)
    case .directory: self.init(path: path, isFolder: true)
    }
  }
}
