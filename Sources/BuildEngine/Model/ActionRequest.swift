import SystemPackage

/// What an action runs.
public enum Operation: Hashable, Sendable {
  /// A program and its arguments, never a shell string. The first element is the program's name,
  /// looked up in the action's fixed `PATH`.
  case process(arguments: [String])
  /// A step of pxebuild's own that runs as a process of its own, in the sandbox like any program.
  case worker(String, version: Int, arguments: [String])
  /// A step of pxebuild's own that runs inside this process (`BuiltIn`).
  case builtIn(String, version: Int, parameters: [String: String])
}

/// The name and version of the rule that made an action; the version is raised whenever the rule
/// would make other bytes from the same recipe.
public struct RuleVersion: Hashable, Sendable {
  public let name: String
  public let version: Int

  public init(_ name: String, _ version: Int) {
    self.name = name
    self.version = version
  }
}

/// One action with everything it reads known: what an executor runs and what the action key is
/// computed from.
public struct ActionRequest: Sendable {
  /// For people: the target and the step, "undionly.kpxe: link".
  public var name: String
  public var rule: RuleVersion
  public var operation: Operation
  /// What the action sees, by path below its root. A directory at the path "" is
  /// the whole root; it is then the only input.
  public var inputs: [String: StoredArtifact]
  /// Where inputs are whose bytes are not in the content store. No part of the key: their digests are, once
  /// they are among `inputs`.
  public var filesInPlace: [String: FileInPlace] = [:]
  /// The files and directories it must write, as paths below its root.
  public var outputs: [String]
  /// Variables beside the fixed ones (`LC_ALL`, `TZ`, `PATH`, `HOME`).
  public var environment: [String: String]
  /// Programs whose own bytes are part of the key: names to look up in the fixed `PATH`.
  public var tools: [String]
  /// False for an action that must look at the outside world every time (a resolver).
  public var isCacheable: Bool
  /// True for a built-in that may begin while the digests of its files in place are still being taken, and
  /// whose work is lost when the key that they make has a result already: it reads nothing else, and does
  /// nothing but put blobs into the content store.
  public var startsEarly = false

  /// Files in place whose digests are not known yet, by their names among the inputs.
  var unreadFiles: [String: FileInPlace] { filesInPlace.filter { inputs[$0.key] == nil } }

  public init(
    name: String, rule: RuleVersion, operation: Operation, inputs: [String: StoredArtifact] = [:],
    outputs: [String], environment: [String: String] = [:], tools: [String] = [],
    isCacheable: Bool = true
  ) {
    self.name = name
    self.rule = rule
    self.operation = operation
    self.inputs = inputs
    self.outputs = outputs
    self.environment = environment
    self.tools = tools
    self.isCacheable = isCacheable
  }
}

/// A file of this machine that an action reads where it is, or a folder of files.
public struct FileInPlace: Hashable, Sendable {
  public var path: FilePath
  /// As it was when its digest was taken: whoever reads a file compares, before and after. Files in a folder
  /// have their own digests.
  public var identity: FileIdentity

  public init(path: FilePath, identity: FileIdentity) {
    self.path = path
    self.identity = identity
  }

  /// Throws a `BuildError` when it is not the file any more that it was.
  public func check() throws {
    guard try FileIdentity.of(path, followingLinks: true) == identity else {
      throw Self.change(of: path)
    }
  }

  /// Copies the file itself, or with `inner` one of the folder's, to a path where nothing stands.
  ///
  /// - Throws: a `BuildError` when its bytes are not those of the digest any more.
  public func copy(_ inner: String, of digest: Digest, to target: FilePath) throws {
    let file = self.file(inner)
    do {
      try FileCopy.copy(from: file, to: target, verifying: digest)
    } catch is FileCopy.WrongBytes {
      throw Self.change(of: file)
    }
  }

  /// The bytes of the file itself, or of one of the folder's. Throws as `copy` does.
  public func read(_ inner: String, of digest: Digest) throws -> [UInt8] {
    let file = self.file(inner)
    guard let bytes = try FileSystem.read(file), Digest(of: bytes) == digest else {
      throw Self.change(of: file)
    }
    return bytes
  }

  private func file(_ inner: String) -> FilePath {
    inner.isEmpty ? path : path.pushing(FilePath(inner))
  }

  private static func change(of file: FilePath) -> BuildError {
    BuildError(
      .failed, "\(file.printable) changed while it was read",
      advice: "run the same command again when nothing writes to it")
  }
}

/// What an action wrote, by the paths it declared.
public struct ActionOutputs: Sendable {
  public var artifacts: [String: StoredArtifact]
  /// True when nothing ran because the action cache had the result.
  public var wasCached: Bool
  /// The action key, the digest of the REAPI `Action` message; nil for an uncacheable action.
  public var key: Digest?

  public init(artifacts: [String: StoredArtifact], wasCached: Bool, key: Digest?) {
    self.artifacts = artifacts
    self.wasCached = wasCached
    self.key = key
  }
}
