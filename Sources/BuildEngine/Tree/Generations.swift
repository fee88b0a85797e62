import FoundationEssentials
import SystemPackage

/// The last states of an output tree, as manifests in `.pxebuild/generations/`: the files' bytes are in the content store,
/// where equal files of many generations are one.
public struct Generations: Sendable {
  public struct Generation: Sendable {
    /// Counts up from 1 and is never given twice.
    public var number: Int
    /// When the tree came to be so, in seconds since 1970.
    public var time: Int64
    public var manifest: Manifest
  }

  /// How many are kept.
  public static let limit = 10

  private let folder: FilePath

  init(folder: FilePath) { self.folder = folder }

  /// The oldest first. One that cannot be read is left out.
  public func all() throws -> [Generation] {
    try numbers().compactMap { number in
      let file = path(number)
      guard let identity = try FileIdentity.of(file), let manifest = try? Manifest.load(file) else {
        return nil
      }
      return Generation(
        number: number, time: identity.modified / 1_000_000_000, manifest: manifest)
    }
  }

  /// Keeps a manifest as the newest one, unless that has these very bytes. Older ones beyond the limit go.
  func keep(_ manifest: [UInt8]) throws {
    let numbers = try self.numbers()
    if let last = numbers.last, try FileSystem.read(path(last)) == manifest { return }
    try FileSystem.createDirectories(folder)
    try FileSystem.replace(path((numbers.last ?? 0) + 1), with: manifest)
    for number in numbers.dropLast(Self.limit - 1) { try FileSystem.remove(path(number)) }
  }

  private func path(_ number: Int) -> FilePath { folder.appending("\(number).json") }

  private func numbers() throws -> [Int] {
    guard try FileIdentity.of(folder)?.kind == .directory else { return [] }
    return try FileSystem.list(folder).compactMap { name in
      name.hasSuffix(".json") ? Int(name.dropLast(5)) : nil
    }.sorted()
  }
}

extension OutputTree {
  public var generations: Generations {
    Generations(folder: manifestPath.removingLastComponent().appending("generations"))
  }

  /// Notes the tree as it is now as a generation, unless it is as it was.
  ///
  /// - Precondition: the caller holds the tree's lock.
  public func keepGeneration() throws {
    guard let bytes = try FileSystem.read(manifestPath) else { return }
    try generations.keep(bytes)
  }

  /// Brings the tree back to a manifest: file by file in one step each, as an update does, and what names others after
  /// them.
  ///
  /// - Throws: `LostBlob` when the store no longer has a file's bytes; then nothing has changed.
  public func restore(_ manifest: Manifest, store: ContentStore, digests: FileDigests) throws
    -> TreeChanges
  {
    let targets = try manifest.targets.map { target in
      var wanted = TreeTarget(
        path: target.path, artifact: try artifact(of: target, store),
        isEntryPoint: target.isEntryPoint == true, placement: Placement(mayLinkOutside: true),
        entry: target)
      for file in target.files {
        wanted.signatures[target.inner(file)] = file.signature
      }
      return wanted
    }
    return try update(
      to: targets, keeping: [], store: store, digests: digests, facts: manifest.facts)
  }

  private func artifact(of target: Manifest.Target, _ store: ContentStore) throws -> StoredArtifact
  {
    if target.files.count == 1, target.files[0].path == target.path {
      return try artifact(of: target.files[0], store)
    }
    var root = Folder()
    for file in target.files {
      let below = target.inner(file)
      let artifact = try self.artifact(of: file, store)
      root.insert(artifact, at: below.split(separator: "/").map(String.init)[...])
    }
    return try root.stored(in: store)
  }

  private func artifact(of file: Manifest.File, _ store: ContentStore) throws -> StoredArtifact {
    if let link = file.link { return .symlink(target: link) }
    if file.isFolder == true { return try store.insert(StoredDirectory()) }
    guard let digest = file.sha256.flatMap({ Digest(hex: $0, size: file.size ?? 0) }) else {
      throw BuildError(
        .failed, "\(file.path.printable) cannot be brought back",
        reason: "the manifest does not say what its bytes were",
        advice: "build the target again")
    }
    guard try store.contains(digest) else { throw LostBlob(digest: digest) }
    return .file(digest, executable: file.executable == true)
  }
}

extension Manifest.Target {
  /// A file's path below the target's own; empty for the target itself.
  fileprivate func inner(_ file: Manifest.File) -> String {
    String(decoding: file.path.utf8.dropFirst(path.utf8.count + 1), as: UTF8.self)
  }
}

/// A target's files as folders.
private struct Folder {
  var entries: [String: StoredArtifact] = [:]
  var folders: [String: Folder] = [:]

  mutating func insert(_ artifact: StoredArtifact, at components: ArraySlice<String>) {
    guard let first = components.first else { return }
    if components.count == 1 {
      entries[first] = artifact
    } else {
      folders[first, default: Folder()].insert(artifact, at: components.dropFirst())
    }
  }

  func stored(in store: ContentStore) throws -> StoredArtifact {
    var directory = StoredDirectory(entries: entries)
    for (name, folder) in folders { directory.entries[name] = try folder.stored(in: store) }
    return try store.insert(directory)
  }
}
