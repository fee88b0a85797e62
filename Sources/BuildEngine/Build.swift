/// THE loop: runs the actions of a plan that the wanted targets need.
///
/// Policy:
/// - An action starts as soon as everything it reads is known; which of those that could start goes first
///   is the order of the plan. How many programs really run at a time is `JobSlots`' business.
/// - A failed action stops the start of others (with `keepsGoing`, only of those that need it); what runs
///   is let finish, because its result is worth caching.
/// - An action that fails because a source is unreachable fails those that need it with the same error,
///   and then each target decides: a stand-in is wanted in its place, it is skipped, or it fails. An action
///   that can do without what is missing runs all the same.
/// - Workers know nothing of the graph: they get a request and return what it wrote.
/// - A blob that was lost from the store ends the loop with `LostBlob`; running it once more makes the
///   blob again, everything else comes from the cache.
public struct Build: Sendable {
  /// Where an action is. It goes from top to bottom, never back.
  enum State {
    /// No wanted target needs it.
    case unwanted
    /// So many of the actions it reads from have not ended yet.
    case waiting(Int)
    case running
    case done(ActionOutputs)
    /// It failed, or one that it reads from did.
    case failed(BuildError)
  }

  let plan: Plan
  let executor: ReportingExecutor
  let inputs: InputResolver
  let keepsGoing: Bool
  let sink: @Sendable (BuildEvent) -> Void

  /// How many actions are in flight at most; each may hold a few open files.
  private static let inFlightLimit = 64

  public init(
    plan: Plan, executor: ReportingExecutor, inputs: InputResolver, keepsGoing: Bool,
    sink: @escaping @Sendable (BuildEvent) -> Void
  ) {
    self.plan = plan
    self.executor = executor
    self.inputs = inputs
    self.keepsGoing = keepsGoing
    self.sink = sink
  }

  /// Builds every target of the plan. Failures are in the outcomes, one for each target in plan order;
  /// throws `LostBlob` and `CancellationError` only.
  public func run() async throws -> BuildResult {
    var graph = Graph(plan)
    for target in plan.targets { graph.want(target.artifact) }
    sink(.wanted(actions: graph.wantedCount))
    do { try await perform(&graph) } catch is CancellationError {
      try tellWhatWasMade(graph)
      throw CancellationError()
    }
    return try finish(graph)
  }

  /// The loop itself.
  private func perform(_ graph: inout Graph) async throws {
    var watchers = Watchers(plan)
    try await withThrowingTaskGroup(of: Ended.self) { group in
      var running = 0
      while true {
        try Task.checkCancellation()
        while running < Self.inFlightLimit, !graph.isStopped, let id = graph.startNext() {
          running += 1
          let known = graph.outputs(readBy: id)
          group.addTask { try await perform(id, known: known) }
        }
        guard running > 0, let ended = try await group.next() else { break }
        running -= 1
        switch ended.result {
        case .success(let outputs): graph.finish(ended.id, outputs)
        case .failure(let error):
          var goesWithout = false
          for id in graph.fail(ended.id, error) {
            if settle(id, &watchers, in: &graph) { goesWithout = true }
          }
          if goesWithout, let reason = error.reason {
            sink(.actionNote(ended.id, "\(error.message): \(reason)"))
          }
        }
      }
    }
    try Task.checkCancellation()
  }

  private struct Ended: Sendable {
    var id: ActionID
    var result: Result<ActionOutputs, BuildError>
  }

  private func perform(_ id: ActionID, known: [ActionID: ActionOutputs]) async throws -> Ended {
    let action = plan[id]
    do {
      let request = try inputs.request(for: action, known: known, readingFilesInPlace: false)
      return Ended(id: id, result: .success(try await executor.perform(request, id: id)))
    } catch let error as BuildError {
      // What fails while everything is being stopped fails because of that.
      try Task.checkCancellation()
      var located = error
      if located.origin == nil { located.origin = action.origin }
      return Ended(id: id, result: .failure(located))
    } catch let lost as LostBlob {
      throw lost
    } catch {
      try Task.checkCancellation()
      return Ended(id: id, result: .failure(BuildError(any: error, during: action.name)))
    }
  }

  /// Who has to know that an action failed.
  private struct Watchers {
    /// The targets that an action makes.
    var targets: [ActionID: [Int]] = [:]
    /// Actions that make what stands in for a target.
    var standIns: Set<ActionID> = []

    init(_ plan: Plan) {
      for (index, target) in plan.targets.enumerated() {
        guard case .output(let id, _) = target.artifact else { continue }
        targets[id, default: []].append(index)
      }
    }
  }

  /// After an action has failed: wants stand-ins for the targets that it makes, or stops the loop. True
  /// when a target goes without what could not be reached.
  private func settle(_ id: ActionID, _ watchers: inout Watchers, in graph: inout Graph) -> Bool {
    var goesWithout = false
    if watchers.standIns.contains(id) { stop(&graph) }
    guard let error = graph.failure(of: id) else { return false }
    for index in watchers.targets[id] ?? [] {
      let target = plan.targets[index]
      switch (error.kind, target.whenUnreachable) {
      case (.unreachable, .standIn(let artifact, let version, _)):
        goesWithout = true
        for artifact in [artifact, version] {
          graph.want(artifact)
          guard case .output(let standIn, _) = artifact else { continue }
          watchers.standIns.insert(standIn)
          if graph.failure(of: standIn) != nil { stop(&graph) }
        }
        sink(.wanted(actions: graph.wantedCount))
      case (.unreachable, .skip): goesWithout = true
      default: stop(&graph)
      }
    }
    return goesWithout
  }

  private func stop(_ graph: inout Graph) {
    if !keepsGoing { graph.isStopped = true }
  }

  /// Reports of an interrupted build name every target too. Local files are not read for that.
  private func tellWhatWasMade(_ graph: Graph) throws {
    for target in plan.targets {
      switch target.artifact {
      case .local, .localInPlace: continue
      case .output, .bytes, .link, .emptyFolder:
        sink(.targetFinished(try outcome(of: target, in: graph)))
      }
    }
  }

  private func outcome(of target: PlannedTarget, in graph: Graph) throws -> TargetOutcome {
    var outcome = TargetOutcome(
      path: target.path, state: try inputs.state(of: target, in: graph, plan: plan),
      isCompiled: target.isCompiled, rule: target.rule.name)
    if case .prebuilt = outcome.state {
      outcome.standInSHA256 = try inputs.digestOfStandIn(for: target, in: graph)
    }
    return outcome
  }

  private func finish(_ graph: Graph) throws -> BuildResult {
    var outcomes: [TargetOutcome] = []
    for target in plan.targets {
      let outcome = try outcome(of: target, in: graph)
      sink(.targetFinished(outcome))
      outcomes.append(outcome)
    }
    var keys: [String: Digest] = [:]
    for (id, outputs) in graph.outputs { keys[plan[id].name] = outputs.key }
    return BuildResult(
      outcomes: outcomes, outputs: graph.outputs, keys: keys,
      cachedCount: graph.outputs.values.count { $0.wasCached }, actionCount: graph.outputs.count,
      askedOutside: graph.wentWithout
        || graph.outputs.keys.contains { !plan[$0].isCacheable })
  }
}

/// What a build came to.
public struct BuildResult: Sendable {
  /// One for each target of the plan, in its order.
  public var outcomes: [TargetOutcome]
  /// What every action wrote that ended well.
  public var outputs: [ActionID: ActionOutputs]
  /// The key of every action that ended well, by its name, for `why`.
  public var keys: [String: Digest]
  /// How many of the actions were answered by the action cache.
  public var cachedCount: Int
  public var actionCount: Int
  /// True when an action looked at what may be different the next time, though no file here changes.
  public var askedOutside: Bool
}
