import CLinux
import Glibc
import SystemPackage

@testable import BuildEngine

/// An output tree `out` of one test, with a cache beside it.
struct TestTree: Sendable {
  let folder: TemporaryFolder
  let cache: TestCache
  let tree: OutputTree
  let digests: FileDigests

  init(_ folder: TemporaryFolder, at path: FilePath? = nil) throws {
    self.folder = folder
    cache = try TestCache(folder)
    tree = OutputTree(path ?? folder["out"])
    digests = try FileDigests(rememberedIn: folder["file-digests"])
  }

  func file(_ text: String, executable: Bool = false) throws -> StoredArtifact {
    .file(try cache.store.insert(Array(text.utf8)), executable: executable)
  }

  func directory(_ entries: [String: StoredArtifact]) throws -> StoredArtifact {
    try cache.store.insert(StoredDirectory(entries: entries))
  }

  func target(_ path: String, _ artifact: StoredArtifact, isEntryPoint: Bool = false) -> TreeTarget
  {
    TreeTarget(
      path: path, artifact: artifact, isEntryPoint: isEntryPoint,
      entry: Manifest.Target(path: path, rule: "test", state: .made))
  }

  @discardableResult
  func update(_ targets: [TreeTarget], keeping: Set<String> = []) throws -> TreeChanges {
    let lock = try tree.lock()
    defer { lock.release() }
    return try tree.update(to: targets, keeping: keeping, store: cache.store, digests: digests)
  }

  /// Brings the tree to files given as path and text.
  @discardableResult
  func update(_ files: [String: String], keeping: Set<String> = []) throws -> TreeChanges {
    try update(
      files.sorted { $0.key < $1.key }.map { target($0.key, try file($0.value)) }, keeping: keeping)
  }

  /// The single steps, to stop between them as a killed update does.
  var placer: TreePlacer {
    TreePlacer(
      directory: tree.directory, own: tree.directory.appending(".pxebuild"), store: cache.store,
      digests: digests)
  }

  /// What is served.
  var served: [String] {
    get throws { try folder.listing("out", but: [".pxebuild"]) }
  }

  /// pxebuild's own files in the tree.
  var ownFiles: [String] {
    get throws { try FileSystem.list(tree.directory.appending(".pxebuild")) }
  }
}

/// A small disk of its own, for tests of full and read-only disks. Only root may make one.
enum SmallDisk {
  static let isPossible: Bool = {
    let path = "/tmp/pxebuild-test-mount-\(getpid())"
    guard mkdir(path, 0o700) == 0 else { return false }
    defer { rmdir(path) }
    guard mount("tmpfs", path, "tmpfs", 0, "size=64k") == 0 else { return false }
    return umount2(path, Int32(MNT_DETACH)) == 0
  }()

  static func with<Result>(
    size: String, at path: FilePath, _ body: () async throws -> Result
  ) async throws -> Result {
    try FileSystem.createDirectories(path)
    guard mount("tmpfs", path.string, "tmpfs", 0, "size=\(size)") == 0 else {
      throw BuildError(errno: errno, doing: "mount", path: path)
    }
    defer { umount2(path.string, Int32(MNT_DETACH)) }
    return try await body()
  }

  static func makeReadOnly(_ path: FilePath) throws {
    guard mount("tmpfs", path.string, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), "") == 0
    else { throw BuildError(errno: errno, doing: "mount", path: path) }
  }
}

/// What happens in a folder, in order: "+name" for a file renamed to it, "-name" for one removed.
struct FolderWatch: ~Copyable {
  private let file: Int32

  init(_ folder: FilePath) throws {
    file = inotify_init1(Int32(IN_NONBLOCK))
    let events = UInt32(IN_MOVED_TO) | UInt32(IN_DELETE) | UInt32(IN_MODIFY) | UInt32(IN_CREATE)
    guard file >= 0, inotify_add_watch(file, folder.string, events) >= 0 else {
      throw BuildError(errno: errno, doing: "watch", path: folder)
    }
  }

  deinit { close(file) }

  func events() -> [String] {
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    let count = max(0, read(file, &buffer, buffer.count))
    var events: [String] = []
    var place = 0
    while place < count {
      buffer.withUnsafeBytes { bytes in
        let mask = bytes.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self)
        let length = Int(bytes.loadUnaligned(fromByteOffset: place + 12, as: UInt32.self))
        let name = String(
          decoding: bytes[place + 16..<place + 16 + length].prefix { $0 != 0 }, as: UTF8.self)
        let sign =
          mask & UInt32(IN_MOVED_TO) != 0 ? "+" : mask & UInt32(IN_DELETE) != 0 ? "-" : "!"
        if name != ".pxebuild" { events.append(sign + name) }
        place += 16 + length
      }
    }
    return events
  }
}

extension UpToDateRecord {
  /// True when the same was asked and everything is as it was.
  func isCurrent() throws -> Bool { try currentSummary() != nil }
}
