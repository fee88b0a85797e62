import BuildEngine
import BuiltIns
import Glibc
import Subprocess
import Synchronization
import SystemPackage
import Testing

/// A temporary folder with a store and a cache, as a built-in finds them in a build.
final class Workbench: Sendable {
  let folder: FilePath
  let store: ContentStore
  let notes = Lines()

  init() throws {
    var template = Array("/tmp/pxebuild-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
    folder = FilePath(platformString: template)
    for name in ["blobs", "work", "cache"] {
      try FileSystem.createDirectories(folder.appending(name))
    }
    store = ContentStore(
      directory: folder.appending("blobs"), temporaryDirectory: folder.appending("work"))
  }

  deinit {
    try? FileSystem.remove(folder)  // a test's litter in /tmp is no reason to fail it
  }

  var cache: FilePath { folder.appending("cache") }

  /// Runs a built-in by its name and returns the folder with its outputs.
  func run(
    _ name: String, _ parameters: [String: String], inputs: [String: StoredArtifact] = [:],
    isOffline: Bool = false
  ) async throws -> FilePath {
    let builtIn = try #require(BuiltInActions.all.first { $0.name == name })
    return try await run(builtIn, parameters, inputs: inputs, isOffline: isOffline)
  }

  func run(
    _ builtIn: any BuiltIn, _ parameters: [String: String],
    inputs: [String: StoredArtifact] = [:], isOffline: Bool = false
  ) async throws -> FilePath {
    let name = builtIn.name
    let number = UInt32.random(in: 0 ... .max)
    let output = folder.appending("output-\(number)")
    let scratch = folder.appending("scratch-\(number)")
    try FileSystem.createDirectories(output)
    try FileSystem.createDirectories(scratch)
    let request = ActionRequest(
      name: "test: \(name)", rule: RuleVersion("test", 1),
      operation: .builtIn(name, version: builtIn.version, parameters: parameters), inputs: inputs,
      outputs: [])
    try await builtIn.run(
      BuiltInInvocation(
        request: request, parameters: parameters, outputDirectory: output,
        scratchDirectory: scratch,
        context: BuildContext(store: store, cacheDirectory: cache, isOffline: isOffline) {
          request in
          throw BuildError(.failed, "no test of a built-in performs \(request.name)")
        },
        progress: { _ in }, note: { [notes] in notes.append($0) }))
    return output
  }

  /// Puts bytes into the store.
  func insert(_ bytes: some Collection<UInt8>) throws -> StoredArtifact {
    .file(try store.insert(bytes), executable: false)
  }

  func insert(file: FilePath) throws -> StoredArtifact {
    .file(try store.insert(copying: file), executable: false)
  }

  /// The text of the error that a built-in throws, with this folder's own path taken out.
  func failure(_ body: () async throws -> some Any) async -> String {
    do {
      _ = try await body()
      return "no error"
    } catch {
      return "\(error)".replacing(folder.string, with: "FOLDER")
    }
  }
}

/// Lines that come from any thread.
final class Lines: Sendable {
  private let state = Mutex<[String]>([])
  func append(_ line: String) { state.withLock { $0.append(line) } }
  var all: [String] { state.withLock { $0 } }
}

func text(_ path: FilePath) throws -> String {
  String(decoding: try #require(try FileSystem.read(path)), as: UTF8.self)
}

/// Every path below a folder with its kind: "x" for executables, "/" for folders, "-> TARGET" for
/// links; files with their text.
func listing(_ folder: FilePath, _ prefix: String = "") throws -> [String] {
  try FileSystem.list(folder).flatMap { name -> [String] in
    let path = folder.appending(name)
    let identity = try #require(try FileIdentity.of(path))
    switch identity.kind {
    case .directory:
      return ["\(prefix)\(name)/"] + (try listing(path, "\(prefix)\(name)/"))
    case .symlink: return ["\(prefix)\(name) -> \(try FileSystem.readSymlink(path))"]
    default:
      return ["\(prefix)\(name)\(identity.isExecutable ? " x" : ""): \(try text(path))"]
    }
  }
}

/// Runs a program that must succeed and returns what it printed.
@discardableResult
func tool(_ name: String, _ arguments: [String], in folder: FilePath? = nil) async throws -> String
{
  let result = try await Subprocess.run(
    .name(name), arguments: Arguments(arguments),
    environment: .inherit.updating([
      "GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000",
      "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
      "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org",
    ]), workingDirectory: folder,
    output: .string(limit: 1 << 24), error: .string(limit: 1 << 20))
  if !result.terminationStatus.isSuccess {
    Issue.record("\(name) \(arguments): \(result.standardError)")
  }
  return result.standardOutput
}

let fixtures = FilePath(#filePath).removingLastComponent().appending("Fixtures")
