import Synchronization

@testable import BuildEngine

/// Runs nothing: every action "writes" files that hold its name, unless a behaviour is set for it.
final class FakeExecutor: ActionExecutor {
  typealias Behaviour = @Sendable (ActionRequest, Step) async throws -> Void

  struct Record: Sendable {
    var started: [String] = []
    var ended: [String] = []
    var running = 0
    var mostRunning = 0
    var requests: [ActionRequest] = []
  }

  private let store: ContentStore
  private let storesOutputs: Bool
  private let behaviours: [String: Behaviour]
  private let record = Mutex(Record())

  /// - Parameter storesOutputs: False to name blobs that are not in the store, which saves the disk.
  init(
    store: ContentStore, storesOutputs: Bool = true, behaviours: [String: Behaviour] = [:]
  ) {
    self.store = store
    self.storesOutputs = storesOutputs
    self.behaviours = behaviours
  }

  var seen: Record { record.withLock { $0 } }

  func execute(_ request: ActionRequest, step: Step) async throws -> ActionOutputs {
    record.withLock {
      $0.started.append(request.name)
      $0.requests.append(request)
      $0.running += 1
      $0.mostRunning = max($0.mostRunning, $0.running)
    }
    defer {
      record.withLock {
        $0.running -= 1
        $0.ended.append(request.name)
      }
    }
    try await behaviours[request.name]?(request, step)
    var artifacts: [String: StoredArtifact] = [:]
    for path in request.outputs {
      let bytes = Array(request.name.utf8)
      artifacts[path] = .file(
        storesOutputs ? try store.insert(bytes) : Digest(of: bytes), executable: false)
    }
    return ActionOutputs(artifacts: artifacts, wasCached: false, key: nil)
  }
}

/// Collects what a build says.
final class EventLog: Sendable {
  private let events = Mutex<[BuildEvent]>([])

  var sink: @Sendable (BuildEvent) -> Void {
    { [self] event in events.withLock { $0.append(event) } }
  }

  var all: [BuildEvent] { events.withLock { $0 } }

  var notes: [String] {
    all.compactMap { if case .actionNote(_, let line) = $0 { line } else { nil } }
  }

  var progress: [Progress] {
    all.compactMap { if case .actionProgress(_, let progress) = $0 { progress } else { nil } }
  }

  var wanted: [Int] {
    all.compactMap { if case .wanted(let count) = $0 { count } else { nil } }
  }
}

/// Lets one side wait until the other opens it.
final class Gate: Sendable {
  private struct State {
    var isOpen = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  func open() {
    let waiting = state.withLock { state in
      state.isOpen = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  func wait() async {
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        if !state.isOpen { state.waiting.append(continuation) }
        return state.isOpen
      }
      if isOpen { continuation.resume() }
    }
  }
}

/// A plan that is quick to write down.
struct PlanBuilder {
  private(set) var plan = Plan()
  private var ids: [String: ActionID] = [:]

  /// An action that reads the output of others and writes `out`.
  @discardableResult
  mutating func action(
    _ name: String, reads: [String] = [], optionally others: [String] = [], cacheable: Bool = true
  ) -> ActionID {
    var inputs: [String: Artifact] = [:]
    for (index, source) in reads.enumerated() { inputs["in\(index)"] = output(of: source) }
    for source in others { inputs[source] = output(of: source) }
    let id = plan.add(
      PlannedAction(
        name: name, rule: RuleVersion("test", 1),
        operation: .builtIn("fake", version: 1, parameters: ["name": name]), inputs: inputs,
        outputs: ["out"], isCacheable: cacheable, dispensable: Set(others),
        origin: "recipes/test.yaml:1:1"))
    ids[name] = id
    return id
  }

  /// - Precondition: the action was added.
  func output(of name: String) -> Artifact {
    guard let id = ids[name] else { return .local(path: "/nonexistent/\(name)") }
    return .output(id, path: "out")
  }

  mutating func target(
    _ path: String, from name: String, whenUnreachable: WhenUnreachable = .fail(advice: nil)
  ) {
    plan.add(
      PlannedTarget(
        path: path, artifact: output(of: name), rule: RuleVersion("test", 1),
        whenUnreachable: whenUnreachable, origin: "recipes/test.yaml:2:3"))
  }
}

extension TargetOutcome.State {
  /// One word and the important part, for comparing.
  var words: String {
    switch self {
    case .built: "built"
    case .prebuilt(_, let version, let because, let limitation):
      "prebuilt \(version), because \(because)\(limitation.map { ", but \($0)" } ?? "")"
    case .skipped(let because): "skipped, because \(because)"
    case .failed(let error): "failed: \(error)"
    case .notReached: "not reached"
    }
  }
}
