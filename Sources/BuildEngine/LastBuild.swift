import SystemPackage

/// The keys of a site's last build by action name, kept so that `why` can say what has changed since.
public struct LastBuild: Sendable {
  private static let header = "pxebuild last build 2\n"
  private static let prefix = "last-build-"
  private let file: FilePath
  private let site: String

  /// - Parameter site: What tells this site's builds from others in the same cache: its output folder.
  public init(in cache: CacheDirectory, site: String) {
    file = cache.state(Self.prefix + Digest(of: Array(site.utf8)).short)
    self.site = site
  }

  /// The keys, or nothing when there was no build or its record is damaged.
  public func keys() throws -> [String: Digest] { try Self.read(file)?.keys ?? [:] }

  /// After the header come the output folder and an action's key a piece, each ended by a zero.
  private static func read(_ file: FilePath) throws -> (site: String, keys: [String: Digest])? {
    guard let bytes = try CheckedFile.read(file) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.hasPrefix(header) else { return nil }
    let pieces = text.dropFirst(header.count).split(separator: "\0")
    guard let site = pieces.first else { return nil }
    var keys: [String: Digest] = [:]
    for piece in pieces.dropFirst() {
      let fields = piece.split(separator: " ", maxSplits: 2)
      guard fields.count == 3, let size = Int64(fields[1]),
        let digest = Digest(hex: fields[0], size: size)
      else { return nil }
      keys[String(fields[2])] = digest
    }
    return (String(site), keys)
  }

  /// What trees that stand need of a cache: the keys of their last builds as hexadecimal digits, and the digests
  /// of their files.
  static func rootsOfStandingTrees(in cache: CacheDirectory) throws
    -> (keys: Set<String>, files: [Digest])
  {
    var keys: Set<String> = []
    var files: [Digest] = []
    let state = cache.path.appending("state")
    for name in try FileSystem.list(state) where name.hasPrefix(prefix) {
      guard let last = try read(state.appending(name)) else { continue }
      let tree = OutputTree(FilePath(last.site))
      // A tree that cannot be read now may be on a disk that is away: its keys stay.
      guard let manifest = try? tree.manifest() else {
        keys.formUnion(last.keys.values.map(\.hex))
        continue
      }
      guard try FileIdentity.of(tree.manifestPath) != nil else { continue }
      keys.formUnion(last.keys.values.map(\.hex))
      let earlier = try tree.generations.all().flatMap(\.manifest.targets)
      for file in (manifest.targets + earlier).flatMap(\.files) {
        if let hex = file.sha256, let digest = Digest(hex: hex, size: file.size ?? 0) {
          files.append(digest)
        }
      }
    }
    return (keys, files)
  }

  /// Adds the keys of a build; actions that it did not need keep theirs.
  public func add(_ keys: [String: Digest]) throws {
    let all = try self.keys().merging(keys) { _, new in new }
    var text = Self.header + site + "\0"
    for (name, key) in all.sorted(by: { $0.key < $1.key }) {
      text += "\(key.hex) \(key.size) \(name)\0"
    }
    try CheckedFile.write(text.utf8, to: file)
  }
}
