import Glibc
import SystemPackage

/// Turns the artifacts of a plan into stored ones: puts bytes known at planning time and files of this
/// machine into the store, and finds paths inside what actions wrote.
public struct InputResolver: Sendable {
  let store: ContentStore
  let digests: FileDigests

  public init(store: ContentStore, digests: FileDigests) {
    self.store = store
    self.digests = digests
  }

  /// - Parameter readingFilesInPlace: False leaves a file in place that has to be read whole for its digest
  ///   out of the request's inputs, but not a folder.
  func request(
    for action: PlannedAction, known: [ActionID: ActionOutputs], readingFilesInPlace: Bool = true
  ) throws -> ActionRequest {
    let there = action.inputs.filter { name, artifact in
      guard case .output(let id, _) = artifact, known[id] == nil else { return true }
      return !action.dispensable.contains(name)
    }
    // Before they are read: a change from here on is seen by whoever uses them.
    var filesInPlace: [String: FileInPlace] = [:]
    for case (let name, .localInPlace(let path)) in action.inputs {
      filesInPlace[name] = FileInPlace(
        path: FilePath(path), identity: try digests.observe(FilePath(path)))
    }
    var inputs: [String: StoredArtifact] = [:]
    for (name, artifact) in there {
      if !readingFilesInPlace, case .localInPlace(let path) = artifact,
        filesInPlace[name]?.identity.kind != .directory
      {
        inputs[name] = try knownDigest(inPlace: FilePath(path), reader: action.name)
          .map { .file($0, executable: false) }
      } else {
        inputs[name] = try resolve(artifact, known: known, reader: action.name)
      }
    }
    var request = ActionRequest(
      name: action.name, rule: action.rule, operation: action.operation, inputs: inputs,
      outputs: action.outputs, environment: action.environment, tools: action.tools,
      isCacheable: action.isCacheable)
    request.filesInPlace = filesInPlace
    request.startsEarly = action.startsEarly
    return request
  }

  func resolve(_ artifact: Artifact, known: [ActionID: ActionOutputs], reader: String) throws
    -> StoredArtifact
  {
    switch artifact {
    case .bytes(let bytes, let executable):
      return .file(try store.insert(bytes), executable: executable)
    case .local(let path):
      return try importLocal(FilePath(path), reader: reader)
    case .localInPlace(let path):
      let path = FilePath(path)
      if try FileIdentity.of(path, followingLinks: true)?.kind == .directory {
        return try importLocal(path, reader: reader, copying: false)
      }
      let known = try knownDigest(inPlace: path, reader: reader)
      return .file(try known ?? digests.digest(of: path), executable: false)
    case .link(let path):
      try digests.observe(FilePath(path))
      return .symlink(target: path)
    case .emptyFolder: return try store.insert(StoredDirectory())
    case .output(let id, let path):
      guard let outputs = known[id] else {
        throw BuildError(.failed, "\(reader) reads what action \(id.index) has not written yet")
      }
      return try find(path, in: outputs.artifacts, reader: reader)
    }
  }

  private func find(_ path: String, in artifacts: [String: StoredArtifact], reader: String) throws
    -> StoredArtifact
  {
    if let artifact = artifacts[path] { return artifact }
    for (output, artifact) in artifacts where path.hasPrefix(output + "/") {
      let rest = String(path.dropFirst(output.count + 1))
      if let found = try store.artifact(at: rest, in: artifact) { return found }
      throw BuildError(
        .recipe, "\(reader): there is no \"\(rest.printable)\" in what it reads",
        reason: try nearestNames(to: rest, in: artifact))
    }
    throw BuildError(.recipe, "\(reader): there is no \"\(path.printable)\" in what it reads")
  }

  private func nearestNames(to path: String, in artifact: StoredArtifact) throws -> String {
    var folder = path.split(separator: "/").dropLast().map(String.init)
    while true {
      let name = folder.joined(separator: "/")
      if case .directory(let digest) = try store.artifact(at: name, in: artifact) {
        let names = try store.directory(digest).entries.keys.sorted().prefix(12)
        let place = name.isEmpty ? "it holds" : "\(name) holds"
        return "\(place): \(names.joined(separator: ", ").printable)"
      }
      if folder.isEmpty { return "it is a single file" }
      folder.removeLast()
    }
  }

  /// Nil when the file has to be read for it.
  private func knownDigest(inPlace path: FilePath, reader: String) throws -> Digest? {
    guard let identity = try FileIdentity.of(path, followingLinks: true) else {
      throw BuildError(
        .recipe, "\(reader): \(path.printable) does not exist",
        advice: "paths in a recipe are relative to the recipe's own folder")
    }
    guard identity.kind == .regular else {
      throw BuildError(.recipe, "\(reader): \(path.printable) is not a file")
    }
    return digests.remembered(path, identity: identity)
  }

  /// - Parameter copying: False puts no files into the store, only what says which there are.
  private func importLocal(_ path: FilePath, reader: String, copying: Bool = true) throws
    -> StoredArtifact
  {
    var inserted: Set<Digest> = []
    guard let identity = try FileIdentity.of(path) else {
      throw BuildError(
        .recipe, "\(reader): \(path.printable) does not exist",
        advice: "paths in a recipe are relative to the recipe's own folder")
    }
    if identity.kind == .symlink {
      // The link is the user's way of saying where the content is; inside a folder links are kept.
      try digests.observe(path)
      return try importLocal(try resolveLink(path), reader: reader, copying: copying)
    }
    return try store.insertTree(path, inserted: &inserted) { file, identity in
      guard copying else { return try digests.digest(of: file) }
      try digests.observe(file)
      if let digest = digests.remembered(file, identity: identity), try store.contains(digest) {
        return digest
      }
      let digest = try store.insert(copying: file)
      digests.remember(digest, of: file, identity: identity)
      return digest
    } folder: {
      try digests.observe($0)
    }
  }

  private func resolveLink(_ path: FilePath) throws -> FilePath {
    guard let resolved = path.withPlatformString({ realpath($0, nil) }) else {
      throw BuildError(errno: errno, doing: "follow the link", path: path)
    }
    defer { free(resolved) }
    return FilePath(String(cString: resolved))
  }

  /// What has become of a target once the loop has ended.
  func state(of target: PlannedTarget, in graph: Graph, plan: Plan) throws -> TargetOutcome.State {
    do {
      if case .output(let id, _) = target.artifact {
        switch graph[id] {
        case .done: break
        case .failed(let error):
          return try stateAfterFailure(of: target, error, in: graph)
        case .unwanted, .waiting, .running: return .notReached
        }
      }
      return .built(try resolve(target.artifact, known: graph.outputs, reader: target.path))
    } catch let error as BuildError {
      return .failed(error.located(at: target.origin))
    }
  }

  private func stateAfterFailure(of target: PlannedTarget, _ error: BuildError, in graph: Graph)
    throws
    -> TargetOutcome.State
  {
    guard error.kind == .unreachable else { return .failed(error) }
    // The reason was shown when the action failed; here it would stand beside every target.
    let because = error.message
    switch target.whenUnreachable {
    case .fail(let advice):
      var failure = error
      failure.advice = [failure.advice, advice].compactMap { $0 }.joined(separator: "; or ")
      if failure.advice?.isEmpty == true { failure.advice = nil }
      return .failed(failure)
    case .skip(let reason):
      return .skipped(because: [because, reason].compactMap { $0 }.joined(separator: "; "))
    case .standIn(let artifact, let version, let limitation):
      if let second = graph.failure(of: artifact) ?? graph.failure(of: version) {
        var failure = error
        failure.reason =
          "\(error.reason ?? because)\nand its stand-in: \(second.message)\(second.reason.map { ": \($0)" } ?? "")"
        failure.advice = second.advice
        return .failed(failure)
      }
      guard graph.isDone(artifact), graph.isDone(version) else { return .notReached }
      let stored = try resolve(artifact, known: graph.outputs, reader: target.path)
      let lines = try versionLines(version, target, in: graph)
      return .prebuilt(
        stored, version: lines.first ?? "", because: because, limitation: limitation)
    }
  }

  /// The SHA-256 of the package that stands in for a target: the second line of its version's text.
  func digestOfStandIn(for target: PlannedTarget, in graph: Graph) throws -> String? {
    guard case .standIn(_, let version, _) = target.whenUnreachable else { return nil }
    return try versionLines(version, target, in: graph).dropFirst().first
  }

  private func versionLines(_ version: Artifact, _ target: PlannedTarget, in graph: Graph) throws
    -> [String]
  {
    let text = try resolve(version, known: graph.outputs, reader: target.path)
    guard case .file(let digest, _) = text else {
      throw BuildError(.failed, "\(target.path): the version of its stand-in is no file")
    }
    return String(decoding: try store.read(digest), as: UTF8.self).split(separator: "\n")
      .map(String.init)
  }
}

extension BuildError {
  public func located(at origin: String) -> BuildError {
    var error = self
    if error.origin == nil { error.origin = origin }
    return error
  }
}
