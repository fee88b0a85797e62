/// The states of a plan's actions while the loop runs, and who waits for whom.
struct Graph {
  private let plan: Plan
  private var states: [Build.State]
  /// For each action, the wanted ones that read from it.
  private var readers: [[ActionID]]
  /// Actions that could start, lowest first.
  private var ready: [ActionID] = []
  private(set) var wantedCount = 0
  private(set) var outputs: [ActionID: ActionOutputs] = [:]
  /// Set by the loop: nothing more is started.
  var isStopped = false

  init(_ plan: Plan) {
    self.plan = plan
    states = Array(repeating: .unwanted, count: plan.actions.count)
    readers = Array(repeating: [], count: plan.actions.count)
  }

  subscript(id: ActionID) -> Build.State { states[id.index] }

  func isWanted(_ id: ActionID) -> Bool {
    if case .unwanted = states[id.index] { return false }
    return true
  }

  /// Marks the action behind an artifact as wanted, and everything it needs.
  mutating func want(_ artifact: Artifact) {
    guard case .output(let id, _) = artifact else { return }
    want(id)
  }

  private mutating func want(_ id: ActionID) {
    guard case .unwanted = states[id.index] else { return }
    wantedCount += 1
    var sources: Set<ActionID> = []
    for case .output(let source, _) in plan[id].inputs.values { sources.insert(source) }
    var missing = 0
    var inherited: BuildError?
    for source in sources.sorted() {
      want(source)
      switch states[source.index] {
      case .done: break
      case .failed(let error): inherited = error
      default:
        missing += 1
        readers[source.index].append(id)
      }
    }
    if let inherited {
      states[id.index] = .failed(inherited)
    } else {
      states[id.index] = .waiting(missing)
      if missing == 0 { makeReady(id) }
    }
  }

  private mutating func makeReady(_ id: ActionID) {
    let place = ready.firstIndex { $0 > id } ?? ready.endIndex
    ready.insert(id, at: place)
  }

  /// Takes the next action that could start.
  mutating func startNext() -> ActionID? {
    while !ready.isEmpty {
      let id = ready.removeFirst()
      guard case .waiting = states[id.index] else { continue }
      states[id.index] = .running
      return id
    }
    return nil
  }

  mutating func finish(_ id: ActionID, _ result: ActionOutputs) {
    states[id.index] = .done(result)
    outputs[id] = result
    for reader in readers[id.index] {
      guard case .waiting(let missing) = states[reader.index] else { continue }
      states[reader.index] = .waiting(missing - 1)
      if missing == 1 { makeReady(reader) }
    }
  }

  /// Fails an action and, with the same error, all that need it.
  mutating func fail(_ id: ActionID, _ error: BuildError) {
    if case .failed = states[id.index] { return }
    states[id.index] = .failed(error)
    for reader in readers[id.index] { fail(reader, error) }
  }

  /// What the actions that `id` reads from have written.
  func outputs(readBy id: ActionID) -> [ActionID: ActionOutputs] {
    var result: [ActionID: ActionOutputs] = [:]
    for case .output(let source, _) in plan[id].inputs.values { result[source] = outputs[source] }
    return result
  }

  func failure(of artifact: Artifact) -> BuildError? {
    guard case .output(let id, _) = artifact, case .failed(let error) = states[id.index] else {
      return nil
    }
    return error
  }
}
