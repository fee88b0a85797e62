import Synchronization

/// Runs an action, or finds its result. The engine's seam: tests put a fake here and start no process.
public protocol ActionExecutor: Sendable {
  /// Throws `BuildError`, `LostBlob` (a blob has to be made again first) or `CancellationError`.
  func execute(_ request: ActionRequest, step: Step) async throws -> ActionOutputs
}

/// One action as the outside sees it: when it began to run, and where its progress goes.
public final class Step: Sendable {
  public let id: ActionID
  private let name: String
  private let sink: @Sendable (BuildEvent) -> Void
  private let start = Mutex<ContinuousClock.Instant?>(nil)

  public init(id: ActionID, name: String, sink: @escaping @Sendable (BuildEvent) -> Void) {
    self.id = id
    self.name = name
    self.sink = sink
  }

  /// Says that the action runs now: it was not in the cache, and it waits for no slot any more.
  public func begin() {
    start.withLock { $0 = .now }
    sink(.actionStarted(id, name: name))
  }

  /// How long it has run; 0 for one that never began.
  var seconds: Double {
    guard let start = start.withLock({ $0 }) else { return 0 }
    let elapsed = ContinuousClock.now - start
    return Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
  }

  public func progress(_ progress: Progress) { sink(.actionProgress(id, progress)) }

  public func note(_ line: String) { sink(.actionNote(id, line)) }
}

/// Gives every action a step and reports its end.
public struct ReportingExecutor: Sendable {
  private let executor: any ActionExecutor
  private let sink: @Sendable (BuildEvent) -> Void

  public init(_ executor: any ActionExecutor, sink: @escaping @Sendable (BuildEvent) -> Void) {
    self.executor = executor
    self.sink = sink
  }

  public func perform(_ request: ActionRequest, id: ActionID) async throws -> ActionOutputs {
    let step = Step(id: id, name: request.name, sink: sink)
    do {
      let outputs = try await executor.execute(request, step: step)
      sink(
        .actionFinished(
          id, name: request.name, outputs.wasCached ? .cached : .executed, seconds: step.seconds))
      return outputs
    } catch {
      sink(
        .actionFinished(
          id, name: request.name, .failed(BuildError(any: error, during: request.name)),
          seconds: step.seconds))
      throw error
    }
  }
}

extension BuildError {
  /// Any error as one that a person can read.
  public init(any error: any Error, during name: String) {
    switch error {
    case let error as BuildError: self = error
    case is CancellationError:
      self.init(.cancelled, "\(name): interrupted")
    case let lost as LostBlob:
      self.init(
        .failed, "\(name): a blob that it needs is missing or damaged in the cache",
        reason: "sha256 \(lost.digest.hex)", advice: "run the same command again; it is made anew")
    default: self.init(.failed, "\(name): \(error)")
    }
  }
}
