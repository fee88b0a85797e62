import BuildEngine
import Synchronization

/// What is known of a build's targets while it runs, for the report of a build that does not come to its end.
final class SeenTargets: Sendable {
  private let content = Mutex<[TargetOutcome]>([])

  /// One for each target of the plan, in its order; none before there is a plan.
  var outcomes: [TargetOutcome] { content.withLock { $0 } }

  func expect(_ plan: Plan) {
    let outcomes = plan.targets.map {
      TargetOutcome(
        path: $0.path, state: .notReached, isCompiled: $0.isCompiled, rule: $0.rule.name)
    }
    content.withLock { $0 = outcomes }
  }

  func receive(_ event: BuildEvent) {
    guard case .targetFinished(let outcome) = event else { return }
    content.withLock { outcomes in
      guard let index = outcomes.firstIndex(where: { $0.path == outcome.path }) else { return }
      outcomes[index] = outcome
    }
  }
}
