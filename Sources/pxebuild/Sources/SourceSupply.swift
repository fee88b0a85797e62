import BuildEngine
import Downloads

/// Brings everything from outside that a plan needs into the cache, and makes nothing of it.
struct SourceSupply: Sendable {
  let plan: Plan

  /// One thing from outside.
  struct Item: Sendable {
    enum State: Sendable {
      case fetched
      /// The cache had it.
      case cached
      case missing(BuildError)
    }

    var id: ActionID
    /// What needs it, as the plan calls it: "source ipxe", a target.
    var name: String
    /// What it is: "commit 12798ec… of https://…".
    var words: String
    /// Where it stands in the recipes.
    var origin: String
    var state: State
  }

  /// In the order of the plan. `session` decides whether anything may be fetched.
  func run(_ session: BuildSession) async throws -> [Item] {
    let places = plan.actions.indices.filter { plan.actions[$0].bringsSource }
    var sources = Plan()
    for action in plan.actions { _ = sources.add(action) }
    for index in places {
      let action = plan.actions[index]
      sources.add(
        PlannedTarget(
          path: "\(index)", artifact: .output(ActionID(index: index), path: action.outputs[0]),
          rule: action.rule, origin: action.origin))
    }
    let forecast = try await session.forecast(sources)
    let cached = Set(forecast.steps.filter { $0.state == .cached }.map(\.id.index))
    let (result, _) = try await session.build(sources) { _ in }
    return zip(places, result.outcomes).map { index, outcome in
      let action = plan.actions[index]
      var item = Item(
        id: ActionID(index: index), name: action.name, words: action.sourceWords,
        origin: action.origin, state: cached.contains(index) ? .cached : .fetched)
      if case .failed(let error) = outcome.state { item.state = .missing(error) }
      return item
    }
  }

  /// For a build that may fetch nothing: everything that it lacks in one error.
  func checkNothingIsMissing(_ session: BuildSession, vendor: String?) async throws {
    let missing = try await run(session).filter(\.isMissing)
    let failing = plan.targetsFailing(without: Set(missing.map(\.id)))
    guard !failing.isEmpty else { return }
    let lines = missing.map { "\($0.name) (\($0.origin)): \($0.words)" }
    let what = "\(countText(missing.count, "source")) \(missing.count == 1 ? "is" : "are")"
    if let vendor {
      throw BuildError(
        .unreachable, "\(what) neither in \(vendor.printable()) nor in the cache",
        reason: lines.joined(separator: "\n"),
        advice: "run pxebuild vendor where they can be reached, and bring its folder here")
    }
    throw BuildError(
      .unreachable, "\(what) not in the cache, and nothing may be fetched offline",
      reason: lines.joined(separator: "\n"),
      advice: "run pxebuild fetch where they can be reached; the cache keeps them from then on")
  }
}

extension SourceSupply.Item {
  var isHere: Bool {
    if case .missing = state { false } else { true }
  }

  var isMissing: Bool {
    if case .missing(let error) = state { error.kind == .unreachable } else { false }
  }
}

extension PlannedAction {
  /// True for a step that brings something from outside, and makes nothing of it.
  var bringsSource: Bool {
    guard case .builtIn(let name, _, _) = operation else { return false }
    return ["git-tree", "fetch", "deb-fetch"].contains(name)
  }

  /// What it brings.
  var sourceWords: String {
    guard case .builtIn(let step, _, let parameters) = operation else { return name }
    let url = WebAddress.withoutCredentials(parameters["url"] ?? "")
    switch step {
    case "git-tree":
      guard let commit = parameters["commit"], !commit.isEmpty else {
        return "\(url), whose commit nobody could look up"
      }
      return "commit \(commit) of \(url)"
    case "deb-fetch": return "the package's file"
    default:
      return parameters["unreachable"] == nil ? url : "\(url), whose SHA-256 nobody could look up"
    }
  }
}
