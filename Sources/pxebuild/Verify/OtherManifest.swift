import BuildEngine
import Downloads
import SystemPackage

/// `verify --against`: what stands here against the manifest of somebody else's tree.
struct OtherManifest: Sendable {
  /// A folder (an output tree, or one with a `manifest.json`), a manifest's file, or a URL of either.
  let place: String

  /// - Parameters:
  ///   - manifest: Of the tree here.
  ///   - work: A folder for temporary files.
  func compare(_ manifest: Manifest, tree: OutputTree, work: FilePath) async throws -> VerifyReport
  {
    let other = try await load(work)
    var findings: [TargetDifference] = []
    let here = Self.files(of: manifest)
    let there = Self.files(of: other.manifest)
    for (path, entry) in there {
      guard let own = here[path] else {
        findings.append(TargetDifference(path, "absent"))
        continue
      }
      // What is private has no digest to compare.
      guard own.file != entry.file else { continue }
      var difference = TargetDifference(
        path, "differs", expected: Self.words(entry), found: Self.words(own))
      if let digest = entry.file.digest, let ownDigest = own.file.digest,
        let theirs = try other.file(path, digest)
      {
        let file = tree.directory.pushing(FilePath(path))
        if try ContentStore.digest(ofFile: file) == ownDigest { difference.files = (theirs, file) }
      }
      findings.append(difference)
    }
    findings += here.keys.filter { there[$0] == nil }.map { TargetDifference($0, "extra") }
    return VerifyReport(
      place: place,
      findings: try await ByteReport(work: work).explain(findings.sorted { $0.path < $1.path }),
      scope: "\(countText(here.count, "file")) here, \(countText(there.count, "file")) there",
      bytesRead: nil)
  }

  private struct Entry {
    var file: Manifest.File
    var target: Manifest.Target
  }

  private static func files(of manifest: Manifest) -> [String: Entry] {
    var files: [String: Entry] = [:]
    for target in SiteSigning.unsigned(manifest.withoutRecords).targets {
      for file in target.files { files[file.path] = Entry(file: file, target: target) }
    }
    return files
  }

  /// With what explains most differences: that a stand-in is in one of the trees.
  private static func words(_ entry: Entry) -> String {
    let version = entry.target.version.map { " (\($0))" } ?? ""
    return entry.file.words
      + (entry.target.state == .made ? "" : ", \(entry.target.state.words)\(version)")
  }

  // MARK: Where it is

  private struct Loaded {
    var manifest: Manifest
    /// The tree that it is in; nil when that is not at hand.
    var tree: FilePath?

    /// The file there, if it still has the digest that the manifest says.
    func file(_ path: String, _ digest: Digest) throws -> FilePath? {
      guard let file = tree?.pushing(FilePath(path)),
        try FileIdentity.of(file)?.kind == .regular,
        try ContentStore.digest(ofFile: file) == digest
      else { return nil }
      return file
    }
  }

  private func load(_ work: FilePath) async throws -> Loaded {
    if let colon = place.firstRange(of: "://"), !place[..<colon.lowerBound].contains("/") {
      let url =
        place.hasSuffix(".json")
        ? place : place + (place.hasSuffix("/") ? "" : "/") + "manifest.json"
      let file = work.appending("manifest.json")
      try await Downloader(folder: work.appending("downloads"), isOffline: false).download(
        Download(urls: [url], sha256: nil), to: file, progress: { _ in }, note: { _ in })
      return Loaded(manifest: try read(file), tree: nil)
    }
    let path = try absolute(place)
    let tree = path.appending(".pxebuild/manifest.json")
    if try FileIdentity.of(tree) != nil { return Loaded(manifest: try read(tree), tree: path) }
    let beside = path.appending("manifest.json")
    if try FileIdentity.of(beside) != nil { return Loaded(manifest: try read(beside), tree: path) }
    guard try FileIdentity.of(path, followingLinks: true)?.kind == .regular else {
      throw BuildError(
        .failed, "there is no manifest in \(path.printable)",
        reason: "it has neither .pxebuild/manifest.json nor manifest.json",
        advice: "name an output tree, a manifest.json, or the URL of one")
    }
    return Loaded(manifest: try read(path), tree: nil)
  }

  private func read(_ file: FilePath) throws -> Manifest {
    do { return try Manifest.load(file) } catch let error as BuildError {
      throw BuildError(
        .failed, "\(place.printable) is no manifest that this pxebuild can read",
        reason: [error.message, error.reason].compactMap { $0 }.joined(separator: ": "),
        advice: "name an output tree, a manifest.json, or the URL of one")
    }
  }
}
