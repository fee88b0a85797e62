import Synchronization
import SystemPackage

/// Answers from the action cache, in front of the executor that really runs. Two requests with one key
/// at the same time run once.
public final class CachingExecutor: ActionExecutor {
  private let store: ContentStore
  private let cache: ActionCache
  private let toolchain: Toolchain
  private let next: any ActionExecutor
  private let inFlight = Mutex<[Digest: Running]>([:])

  private typealias Running = Task<ActionOutputs, any Error>

  public init(
    store: ContentStore, cache: ActionCache, toolchain: Toolchain, next: any ActionExecutor
  ) {
    self.store = store
    self.cache = cache
    self.toolchain = toolchain
    self.next = next
  }

  public func execute(_ request: ActionRequest, step: Step) async throws -> ActionOutputs {
    let tools = try await toolchain.digest(request.tools, for: request.name)
    let key = try ActionKey(request, tools: tools)
    guard request.isCacheable else { return try await next.execute(request, step: step) }
    if let artifacts = try storedResult(of: key.digest) {
      return ActionOutputs(artifacts: artifacts, wasCached: true, key: key.digest)
    }
    let running = inFlight.withLock { inFlight in
      if let running = inFlight[key.digest] { return running }
      let running = Task { try await self.run(request, key: key, step: step) }
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

  private func run(_ request: ActionRequest, key: ActionKey, step: Step) async throws
    -> ActionOutputs
  {
    // One that ended between the caller's look-up and its look at what runs has left its result.
    if let artifacts = try storedResult(of: key.digest) {
      return ActionOutputs(artifacts: artifacts, wasCached: true, key: key.digest)
    }
    var outputs = try await next.execute(request, step: step)
    // The messages go in too: `why` takes keys apart, and a remote worker would need them.
    for message in key.messages { _ = try store.insert(message) }
    try cache.record(outputs.artifacts, for: key.digest)
    outputs.key = key.digest
    return outputs
  }
}
