import SystemPackage

/// The keys of a site's last build by action name, kept so that `why` can say what has changed since.
public struct LastBuild: Sendable {
  private static let header = "pxebuild last build 1\n"
  private let file: FilePath

  /// - Parameter site: What tells this site's builds from others in the same cache: its output folder.
  public init(in cache: CacheDirectory, site: String) {
    file = cache.state("last-build-\(Digest(of: Array(site.utf8)).short)")
  }

  /// The keys, or nothing when there was no build or its record is damaged.
  public func keys() throws -> [String: Digest] {
    guard let bytes = try FileSystem.read(file) else { return [:] }
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.hasPrefix(Self.header) else { return [:] }
    var keys: [String: Digest] = [:]
    for line in text.dropFirst(Self.header.count).split(separator: "\0") {
      let fields = line.split(separator: " ", maxSplits: 2)
      guard fields.count == 3, let size = Int64(fields[1]),
        let digest = Digest(hex: fields[0], size: size)
      else { return [:] }
      keys[String(fields[2])] = digest
    }
    return keys
  }

  /// Adds the keys of a build; actions that it did not need keep theirs.
  public func add(_ keys: [String: Digest]) throws {
    let all = try self.keys().merging(keys) { _, new in new }
    var text = Self.header
    for (name, key) in all.sorted(by: { $0.key < $1.key }) {
      text += "\(key.hex) \(key.size) \(name)\0"
    }
    try FileSystem.replace(file, with: text.utf8)
  }
}
