/// What a build would do, found out without running anything: every key that can be known is computed
/// and looked up.
public struct Forecast: Sendable {
  public enum State: Sendable, Equatable {
    /// The action cache has the result.
    case cached
    /// It would run: no result under its key.
    case wouldRun
    /// It looks at the outside world at every build.
    case alwaysRuns
    /// What it reads is not known before another action has run.
    case unknown(waitingFor: [String])
  }

  public struct Step: Sendable {
    public var id: ActionID
    public var name: String
    public var state: State
    /// Nil when it cannot be known yet, and for an action that is not cached.
    public var key: ActionKey?
  }

  /// What a target would consist of.
  public struct Target: Sendable {
    public var planned: PlannedTarget
    /// Nil when that is not known before an action has run.
    public var artifact: StoredArtifact?
  }

  /// Every action that the plan's targets need, in the order of the plan.
  public let steps: [Step]
  /// In the order of the plan.
  public let targets: [Target]
}

extension BuildSession {
  /// Computes the forecast of a plan. Reads local files and tools, writes only blobs into the store.
  public func forecast(_ plan: Plan) async throws -> Forecast {
    let cache = CachingExecutor(
      store: store, cache: cache.actionCache, digests: digests, next: NothingRuns())
    let inputs = InputResolver(store: store, digests: digests)
    let toolchain = Toolchain(digests: digests)
    var graph = Graph(plan)
    for target in plan.targets { graph.want(target.artifact) }
    var known: [ActionID: ActionOutputs] = [:]
    var steps: [Forecast.Step] = []
    for (index, action) in plan.actions.enumerated() {
      let id = ActionID(index: index)
      guard graph.isWanted(id) else { continue }
      var missing: [String] = []
      for case .output(let source, _) in action.inputs.values where known[source] == nil {
        missing.append(plan[source].name)
      }
      guard missing.isEmpty else {
        let names = Set(missing).sorted()
        steps.append(.init(id: id, name: action.name, state: .unknown(waitingFor: names), key: nil))
        continue
      }
      guard action.isCacheable else {
        steps.append(.init(id: id, name: action.name, state: .alwaysRuns, key: nil))
        continue
      }
      let request = try inputs.request(for: action, known: known)
      let tools = try await toolchain.digest(request.tools, for: request.name)
      let key = try ActionKey(request, tools: tools)
      let artifacts = try cache.storedResult(of: key.digest)
      if let artifacts {
        known[id] = ActionOutputs(artifacts: artifacts, wasCached: true, key: key.digest)
      }
      steps.append(
        .init(
          id: id, name: action.name, state: artifacts == nil ? .wouldRun : .cached, key: key))
    }
    let targets = try plan.targets.map { target in
      if case .output(let id, _) = target.artifact, known[id] == nil {
        return Forecast.Target(planned: target, artifact: nil)
      }
      return Forecast.Target(
        planned: target,
        artifact: try inputs.resolve(target.artifact, known: known, reader: target.path))
    }
    return Forecast(steps: steps, targets: targets)
  }
}

/// The end of a chain of executors that must not run anything.
private struct NothingRuns: ActionExecutor {
  func execute(_ request: ActionRequest, step: Step) async throws -> ActionOutputs {
    throw BuildError(.failed, "\(request.name) would run, but this is a forecast")
  }
}
