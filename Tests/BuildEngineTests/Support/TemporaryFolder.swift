import Glibc
import SystemPackage

@testable import BuildEngine

/// A folder of one test, removed when the test ends.
struct TemporaryFolder: Sendable {
  let path: FilePath

  static func with<Result>(_ body: (TemporaryFolder) async throws -> Result) async throws -> Result
  {
    let name = "pxebuild-test-\(UInt64.random(in: 0...UInt64.max))"
    let folder = TemporaryFolder(path: FilePath("/tmp").appending(name))
    try FileSystem.createDirectories(folder.path)
    do {
      let result = try await body(folder)
      try FileSystem.remove(folder.path)
      return result
    } catch {
      try? FileSystem.remove(folder.path)  // the test's own error is the one to report
      throw error
    }
  }

  subscript(name: String) -> FilePath { path.pushing(FilePath(name)) }

  /// Writes a file, creating the folders above it.
  @discardableResult
  func write(_ name: String, _ text: String, mode: UInt32 = 0o644) throws -> FilePath {
    let file = self[name]
    try FileSystem.createDirectories(file.removingLastComponent())
    try FileSystem.replace(file, with: text.utf8, mode: mode)
    return file
  }

  func read(_ name: String) throws -> String? {
    try FileSystem.read(self[name]).map { String(decoding: $0, as: UTF8.self) }
  }

  func makeFolder(_ name: String) throws -> FilePath {
    try FileSystem.createDirectories(self[name])
    return self[name]
  }

  func makeLink(_ name: String, to target: String) throws {
    try FileSystem.createDirectories(self[name].removingLastComponent())
    try FileSystem.createSymlink(self[name], target: target)
  }

  func exists(_ name: String) throws -> Bool { try FileIdentity.of(self[name]) != nil }

  /// The permission bits of a file, "644".
  func mode(_ name: String) throws -> String {
    guard let identity = try FileIdentity.of(self[name]) else { return "absent" }
    return String(identity.mode & 0o7777, radix: 8)
  }

  /// Everything below a folder, one line each: `path = text`, `path -> link`, `path/`.
  func listing(_ name: String = "", but hidden: Set<String> = []) throws -> [String] {
    var lines: [String] = []
    func visit(_ path: FilePath, _ shown: String) throws {
      for entry in try FileSystem.list(path) where !hidden.contains(entry) {
        let file = path.appending(entry)
        let label = shown.isEmpty ? entry : "\(shown)/\(entry)"
        switch try FileIdentity.of(file)?.kind {
        case .directory:
          lines.append("\(label)/")
          try visit(file, label)
        case .symlink: lines.append("\(label) -> \(try FileSystem.readSymlink(file))")
        default:
          let text = String(decoding: try FileSystem.read(file) ?? [], as: UTF8.self)
          lines.append("\(label) = \(text)")
        }
      }
    }
    try visit(self[name], "")
    return lines
  }
}

/// A cache of one test: the folders, a work folder and the store.
struct TestCache: Sendable {
  let cache: CacheDirectory
  let work: WorkDirectory
  let store: ContentStore

  init(_ folder: TemporaryFolder, _ name: String = "cache") throws {
    cache = try CacheDirectory(folder[name])
    work = try WorkDirectory(in: cache)
    store = cache.store(work: work)
  }

  /// Overwrites a blob's file with other bytes of the same length, as a failing disk would.
  func damage(_ digest: Digest) throws {
    let path = store.path(of: digest)
    try FileSystem.setMode(path, 0o644)
    let file = try FileSystem.open(path, .writeOnly, doing: "write")
    defer { try? file.close() }  // the test looks at what was written
    try FileSystem.write(
      [UInt8](repeating: UInt8(ascii: "!"), count: Int(digest.size)), to: file, path: path)
  }

  func text(_ artifact: StoredArtifact?) throws -> String? {
    guard case .file(let digest, _) = artifact else { return nil }
    return String(decoding: try store.read(digest), as: UTF8.self)
  }
}

/// What a body throws, as the text a person reads; nil when it throws nothing.
func errorText(_ body: () async throws -> Void) async -> String? {
  do {
    try await body()
    return nil
  } catch {
    return "\(error)"
  }
}
