import RemoteExecutionAPI
import SwiftProtobuf

/// An action in REAPI's shape, and the digest of it that is its key.
///
/// Everything that may change what the action writes is inside: its arguments, environment and declared
/// outputs (`Command`), the digests of its inputs (`Directory` messages), the version of the rule and of
/// the built-in, and the digests of the tools (platform properties).
public struct ActionKey: Sendable {
  /// The action key: the digest of the `Action` message.
  public let digest: Digest
  /// The messages behind it, each a blob whose digest the next one names.
  let messages: [[UInt8]]

  /// Throws `BuildError` for inputs or outputs that are not below the action's root.
  ///
  /// - Parameter tools: Name and digest of every program in `request.tools`.
  public init(_ request: ActionRequest, tools: [String: Digest]) throws {
    var messages: [[UInt8]] = []
    for path in request.outputs where !path.isPlainPath {
      throw request.fault(
        "has an output at \"\(path.printable)\"",
        reason: "that is no plain path below the action's root")
    }
    let root = try InputRoot.digest(of: request, messages: &messages)
    let command: [UInt8] = try Self.command(request).serializedBytes()
    messages.append(command)
    let action =
      try REAPIAction.with {
        $0.commandDigest = REAPIDigest(Digest(of: command))
        $0.inputRootDigest = REAPIDigest(root)
        $0.doNotCache = !request.isCacheable
        $0.platform.properties =
          [
            .with { property in
              property.name = "rule"
              property.value = "\(request.rule.name)@\(request.rule.version)"
            }
          ]
          + tools.sorted { $0.key < $1.key }.map { name, digest in
            .with { property in
              property.name = "tool:\(name)"
              property.value = digest.hex
            }
          }
      }.serializedBytes() as [UInt8]
    messages.append(action)
    digest = Digest(of: action)
    self.messages = messages
  }

  /// The digests of the messages behind a key whose `Action` is stored: its command and its input root.
  /// Throws `LostBlob`.
  static func messageDigests(behind key: Digest, in store: ContentStore) throws -> [Digest] {
    let action = try REAPIAction(serializedBytes: store.read(key))
    return [key, try Digest(action.commandDigest)]
      + (try directories(below: Digest(action.inputRootDigest), in: store))
  }

  /// The command and the input root behind a key whose `Action` is stored. Throws `LostBlob`.
  static func messages(behind key: Digest, in store: ContentStore) throws
    -> (command: Digest, root: Digest)
  {
    let action = try REAPIAction(serializedBytes: store.read(key))
    return (try Digest(action.commandDigest), try Digest(action.inputRootDigest))
  }

  /// The name of the rule that made a key whose `Action` is stored. Throws `LostBlob`.
  static func rule(behind key: Digest, in store: ContentStore) throws -> String? {
    let action = try REAPIAction(serializedBytes: store.read(key))
    let rule = action.platform.properties.first { $0.name == "rule" }?.value
    return rule.map { String($0.prefix { $0 != "@" }) }
  }

  /// Name and SHA-256 of the tools in a key whose `Action` is stored. Throws `LostBlob`.
  public static func tools(behind key: Digest, in store: ContentStore) throws -> [String: String] {
    let action = try REAPIAction(serializedBytes: store.read(key))
    var tools: [String: String] = [:]
    for property in action.platform.properties where property.name.hasPrefix("tool:") {
      tools[String(property.name.dropFirst(5))] = property.value
    }
    return tools
  }

  private static func directories(below digest: Digest, in store: ContentStore) throws -> [Digest] {
    guard try store.contains(digest) else { return [] }
    var result = [digest]
    for case .directory(let inner) in try store.directory(digest).entries.values {
      result += try directories(below: inner, in: store)
    }
    return result
  }

  private static func command(_ request: ActionRequest) -> REAPICommand {
    .with {
      switch request.operation {
      case .process(let arguments):
        $0.arguments = arguments
      case .worker(let name, let version, let arguments):
        $0.arguments = ["pxebuild:worker:\(name)@\(version)"] + arguments
      case .builtIn(let name, let version, let parameters):
        $0.arguments =
          ["pxebuild:built-in:\(name)@\(version)"]
          + parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      }
      $0.environmentVariables = request.environment.sorted { $0.key < $1.key }.map { pair in
        .with {
          $0.name = pair.key
          $0.value = pair.value
        }
      }
      $0.outputPaths = request.outputs.sorted()
    }
  }
}

extension String {
  /// True for a path that stays below the folder it is relative to, written in the one plain way.
  var isPlainPath: Bool {
    utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy {
      !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8) && !$0.contains(0)
    }
  }
}

extension ActionRequest {
  fileprivate func fault(_ what: String, reason: String? = nil) -> BuildError {
    BuildError(
      .failed, "\(name) \(what)", reason: reason,
      advice: "this is a fault of the rule \(rule.name), please report it")
  }
}

/// The tree that an action sees, built from paths and artifacts.
private struct InputRoot {
  /// Two inputs want one place.
  struct Clash: Error {}

  var files: [String: StoredArtifact] = [:]
  var folders: [String: InputRoot] = [:]

  static func digest(of request: ActionRequest, messages: inout [[UInt8]]) throws -> Digest {
    if case .directory(let whole)? = request.inputs[""], request.inputs.count == 1 { return whole }
    var root = InputRoot()
    for (path, artifact) in request.inputs {
      guard path.isPlainPath || path.isEmpty else {
        throw request.fault(
          "has an input at \"\(path.printable)\"",
          reason: "that is no plain path below the action's root")
      }
      do {
        try root.insert(artifact, at: path.split(separator: "/").map(String.init)[...])
      } catch is Clash {
        throw request.fault("has two inputs at \"\(path.printable)\"")
      }
    }
    return try root.encode(into: &messages)
  }

  private mutating func insert(_ artifact: StoredArtifact, at components: ArraySlice<String>) throws
  {
    guard let first = components.first, files[first] == nil else { throw Clash() }
    guard components.count > 1 else {
      guard folders[first] == nil else { throw Clash() }
      files[first] = artifact
      return
    }
    try folders[first, default: InputRoot()].insert(artifact, at: components.dropFirst())
  }

  /// Appends the `Directory` messages, leaves first, and returns the digest of the topmost.
  func encode(into messages: inout [[UInt8]]) throws -> Digest {
    var directory = StoredDirectory(entries: files)
    for (name, folder) in folders {
      directory.entries[name] = .directory(try folder.encode(into: &messages))
    }
    let bytes = try directory.encoded()
    messages.append(bytes)
    return Digest(of: bytes)
  }
}
