import Synchronization

/// Answers from the action cache, in front of the executor that really runs. Two requests with one key
/// at the same time run once.
public final class CachingExecutor: ActionExecutor {
  private let store: ContentStore
  private let cache: ActionCache
  private let digests: FileDigests
  private let toolchain: Toolchain
  private let next: any ActionExecutor
  private let inFlight = Mutex<[Digest: Running]>([:])

  private typealias Running = Task<ActionOutputs, any Error>

  public init(
    store: ContentStore, cache: ActionCache, digests: FileDigests, next: any ActionExecutor
  ) {
    self.store = store
    self.cache = cache
    self.digests = digests
    toolchain = Toolchain(digests: digests)
    self.next = next
  }

  public func execute(_ request: ActionRequest, step: Step) async throws -> ActionOutputs {
    let unread = request.unreadFiles
    guard !unread.isEmpty else {
      return try await execute(request, step: step) {
        try await self.next.execute(request, step: step)
      }
    }
    let startsEarly =
      request.startsEarly && request.isCacheable
      && !unread.values.contains { digests.looksTouched($0.path, identity: $0.identity) }
    guard startsEarly else {
      step.begin()
      return try await execute(try await reading(unread, of: request, step.progress), step: step)
    }
    return try await executeEarly(request, step: step)
  }

  /// Begins to run the action while the digests that its key needs are taken. Whoever reads a large file first
  /// leaves it in memory for the other.
  private func executeEarly(_ request: ActionRequest, step: Step) async throws -> ActionOutputs {
    let early = Task { try await next.execute(request, step: step) }
    return try await withTaskCancellationHandler {
      do {
        // How far the action is shows its own progress.
        let known = try await reading(request.unreadFiles, of: request) { _ in }
        let outputs = try await execute(known, step: step) {
          let outputs = try await early.value
          // The action looked when it ended; the digests may have been taken later.
          for file in request.filesInPlace.values { try file.check() }
          return outputs
        }
        // It was for nothing when there was a result already, or another action makes the same.
        early.cancel()
        _ = await early.result
        return outputs
      } catch {
        early.cancel()
        _ = await early.result
        throw error
      }
    } onCancel: {
      early.cancel()
    }
  }

  /// The request with the digests of files that stay in place, which are read whole for that.
  private func reading(
    _ files: [String: FileInPlace], of request: ActionRequest,
    _ progress: @escaping @Sendable (Progress) -> Void
  ) async throws -> ActionRequest {
    var known = request
    for (name, file) in files {
      let digest = try await onOwnThread { [digests] stop in
        try digests.digest(of: file.path) { done in
          try stop.check()
          progress(Progress(done: done, total: file.identity.size, unit: .bytes))
        }
      }
      known.inputs[name] = .file(digest, executable: false)
    }
    return known
  }

  /// - Parameter work: Runs the action when its key has no result.
  private func execute(
    _ request: ActionRequest, step: Step,
    work: @escaping @Sendable () async throws -> ActionOutputs
  ) async throws -> ActionOutputs {
    let tools = try await toolchain.digest(request.tools, for: request.name)
    let key = try ActionKey(request, tools: tools)
    guard request.isCacheable else { return try await work() }
    if let artifacts = try storedResult(of: key.digest) {
      try keepMessages(of: key)
      return ActionOutputs(artifacts: artifacts, wasCached: true, key: key.digest)
    }
    let running = inFlight.withLock { inFlight in
      if let running = inFlight[key.digest] { return running }
      let running = Task { try await self.run(key, work) }
      inFlight[key.digest] = running
      return running
    }
    // Another one may have been started for the key after this one failed.
    defer { inFlight.withLock { if $0[key.digest] == running { $0[key.digest] = nil } } }
    return try await withTaskCancellationHandler {
      try await running.value
    } onCancel: {
      running.cancel()
    }
  }

  /// The recorded result, if every blob of it is still there.
  func storedResult(of key: Digest) throws -> [String: StoredArtifact]? {
    guard let artifacts = try cache.lookUp(key) else { return nil }
    for artifact in artifacts.values {
      guard try store.containsAll(of: artifact) else { return nil }
    }
    return artifacts
  }

  private func run(
    _ key: ActionKey, _ work: @Sendable () async throws -> ActionOutputs
  ) async throws -> ActionOutputs {
    // One that ended between the caller's look-up and its look at what runs has left its result.
    if let artifacts = try storedResult(of: key.digest) {
      return ActionOutputs(artifacts: artifacts, wasCached: true, key: key.digest)
    }
    var outputs = try await work()
    try keepMessages(of: key)
    try cache.record(outputs.artifacts, for: key.digest)
    outputs.key = key.digest
    return outputs
  }

  /// `why` takes keys apart, records name the tools in them, and a remote worker would need them. Those of a result that
  /// was found may have been lost since it was made.
  private func keepMessages(of key: ActionKey) throws {
    for message in key.messages { _ = try store.insert(message) }
  }
}
