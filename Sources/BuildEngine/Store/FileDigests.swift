import Glibc
import Synchronization
import SystemPackage

/// Digests of files on this machine, remembered as long as `FileIdentity` stays the same, so that tools
/// and large local files are not hashed at every run. Also notes every file and folder that was looked
/// at, which is what the up-to-date record watches.
public final class FileDigests: Sendable {
  private struct Content {
    var known: [String: (identity: FileIdentity, digest: Digest)]
    var observed: [String: FileIdentity] = [:]
    var isChanged = false
  }

  private let file: FilePath
  private let content: Mutex<Content>
  private let oneAtATime = Mutex<Void>(())

  /// Loads what earlier runs remembered; a damaged file counts as empty.
  public init(rememberedIn file: FilePath) throws {
    self.file = file
    content = Mutex(Content(known: try Self.load(file)))
  }

  /// The digest of a file (links are followed), read only when it is not the file that was hashed before.
  public func digest(of path: FilePath) throws -> Digest { try digest(of: path) { _ in } }

  /// The same; `progress` is told now and then how many bytes have been read, and what it throws ends the
  /// reading.
  func digest(of path: FilePath, progress: (Int64) throws -> Void) throws -> Digest {
    let identity = try observe(path)
    if let digest = remembered(path, identity: identity) { return digest }
    // Several actions may ask for one image at once: the first one reads it.
    if identity.size > Self.large {
      return try oneAtATime.withLock { _ in
        if let digest = remembered(path, identity: identity) { return digest }
        return try read(path, identity, progress)
      }
    }
    return try read(path, identity, progress)
  }

  /// In bytes.
  private static let large: Int64 = 64 << 20

  private func read(
    _ path: FilePath, _ identity: FileIdentity, _ progress: (Int64) throws -> Void
  ) throws -> Digest {
    let digest = try ContentStore.digest(ofFile: path, progress: progress)
    remember(digest, of: path, identity: identity)
    return digest
  }

  /// Notes that the build depends on what stands at `path`, and returns its identity (links followed).
  @discardableResult
  public func observe(_ path: FilePath) throws -> FileIdentity {
    var status = stat()
    guard path.withPlatformString({ stat($0, &status) }) == 0 else {
      throw BuildError(errno: errno, doing: "read", path: path)
    }
    let identity = FileIdentity(status)
    // The first look counts: what was read then is in the build, whatever changed since.
    content.withLock { content in
      if content.observed[path.string] == nil { content.observed[path.string] = identity }
    }
    return identity
  }

  /// What `digest(of:)` and `observe` have seen in this run.
  public var observations: [String: FileIdentity] { content.withLock { $0.observed } }

  /// The digest of a file of the output tree. It is not an observation: the build is about to replace it.
  func digest(ofPlaced path: FilePath, identity: FileIdentity) throws -> Digest {
    if let digest = remembered(path, identity: identity) { return digest }
    let digest = try ContentStore.digest(ofFile: path)
    remember(digest, of: path, identity: identity)
    return digest
  }

  /// True when the file looks like one whose digest is remembered, but for its times: probably it was touched
  /// or copied and its bytes are the same.
  func looksTouched(_ path: FilePath, identity: FileIdentity) -> Bool {
    content.withLock { content in
      content.known[path.string].map { $0.identity.size == identity.size } ?? false
    }
  }

  func remembered(_ path: FilePath, identity: FileIdentity) -> Digest? {
    content.withLock { content in
      content.known[path.string].flatMap { $0.identity == identity ? $0.digest : nil }
    }
  }

  func remember(_ digest: Digest, of path: FilePath, identity: FileIdentity) {
    guard identity.isSettled else { return }
    content.withLock {
      $0.known[path.string] = (identity, digest)
      $0.isChanged = true
    }
  }

  /// Notes a file that this process has just written; its time stamp is young, its content is known.
  func rememberPlaced(_ digest: Digest, at path: FilePath, identity: FileIdentity) {
    content.withLock {
      $0.known[path.string] = (identity, digest)
      $0.isChanged = true
    }
  }

  /// Forgets what was remembered of some files: their bytes turned out to be others though they look the same.
  public func forget(_ paths: [FilePath]) {
    content.withLock { content in
      for path in paths where content.known.removeValue(forKey: path.string) != nil {
        content.isChanged = true
      }
    }
  }

  /// Forgets files that are no longer there or no longer the same.
  func forgetOutdated() throws {
    let paths = content.withLock { $0.known.mapValues(\.identity) }
    let outdated = try paths.filter { path, identity in
      try FileIdentity.of(FilePath(path), followingLinks: true) != identity
    }
    content.withLock { content in
      for path in outdated.keys { content.known[path] = nil }
      if !outdated.isEmpty { content.isChanged = true }
    }
  }

  /// Writes what was learned for the next run.
  public func save() throws {
    let known = content.withLock { $0.isChanged ? $0.known : nil }
    guard let known else { return }
    var text = Self.header
    for (path, entry) in known.sorted(by: { $0.key < $1.key }) {
      let identity = entry.identity
      text +=
        "\(identity.device) \(identity.inode) \(identity.size) \(identity.modified) "
        + "\(identity.changed) \(identity.mode) \(entry.digest.hex) \(path)\0"
    }
    try CheckedFile.write(text.utf8, to: file)
  }

  private static let header = "pxebuild file digests 1\n"

  private static func load(_ file: FilePath) throws
    -> [String: (identity: FileIdentity, digest: Digest)]
  {
    guard let bytes = try CheckedFile.read(file) else { return [:] }
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.hasPrefix(header) else { return [:] }
    var known: [String: (identity: FileIdentity, digest: Digest)] = [:]
    for line in text.dropFirst(header.count).split(separator: "\0") {
      let fields = line.split(separator: " ", maxSplits: 7)
      guard fields.count == 8, let device = UInt64(fields[0]), let inode = UInt64(fields[1]),
        let size = Int64(fields[2]), let modified = Int64(fields[3]),
        let changed = Int64(fields[4]), let mode = UInt32(fields[5]),
        let digest = Digest(hex: fields[6], size: size)
      else { return [:] }
      let identity = FileIdentity(
        device: device, inode: inode, size: size, modified: modified, changed: changed, mode: mode)
      known[String(fields[7])] = (identity, digest)
    }
    return known
  }
}
