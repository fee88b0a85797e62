import SystemPackage

/// Runs an action, or finds its result. The engine's seam: tests put a fake here and start no process.
public protocol ActionExecutor: Sendable {
  /// Throws `BuildError`, `LostBlob` (a blob has to be made again first) or `CancellationError`.
  func execute(_ request: ActionRequest, step: Step) async throws -> ActionOutputs
}

/// One running action as the outside sees it: where its progress goes.
public struct Step: Sendable {
  public let id: ActionID
  private let sink: @Sendable (BuildEvent) -> Void

  public init(id: ActionID, sink: @escaping @Sendable (BuildEvent) -> Void) {
    self.id = id
    self.sink = sink
  }

  public func progress(_ progress: Progress) { sink(.actionProgress(id, progress)) }

  public func note(_ line: String) { sink(.actionNote(id, line)) }
}

/// Gives every action a step and reports its start and end.
public struct ReportingExecutor: Sendable {
  private let executor: any ActionExecutor
  private let sink: @Sendable (BuildEvent) -> Void

  public init(_ executor: any ActionExecutor, sink: @escaping @Sendable (BuildEvent) -> Void) {
    self.executor = executor
    self.sink = sink
  }

  public func perform(_ request: ActionRequest, id: ActionID) async throws -> ActionOutputs {
    let clock = ContinuousClock()
    let start = clock.now
    func seconds() -> Double {
      let elapsed = clock.now - start
      return Double(elapsed.components.seconds)
        + Double(elapsed.components.attoseconds) / 1e18
    }
    sink(.actionStarted(id, name: request.name))
    do {
      let outputs = try await executor.execute(request, step: Step(id: id, sink: sink))
      sink(
        .actionFinished(
          id, name: request.name, outputs.wasCached ? .cached : .executed, seconds: seconds()))
      return outputs
    } catch {
      sink(
        .actionFinished(
          id, name: request.name, .failed(BuildError(any: error, during: request.name)),
          seconds: seconds()))
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
