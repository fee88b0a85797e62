/// The states of a plan's actions while the loop runs, and who waits for whom.
struct Graph {
  private let plan: Plan
  private var states: [Build.State]
  /// For each action, the wanted ones that read from it.
  private var readers: [[ActionID]]
  /// Actions that could start.
  private var ready = LowestFirst()
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

  /// No recursion: a chain of actions can be longer than a thread's stack is deep.
  private mutating func want(_ id: ActionID) {
    var wanted: [ActionID] = []
    var open = [id]
    while let next = open.popLast() {
      guard case .unwanted = states[next.index] else { continue }
      states[next.index] = .waiting(0)
      wanted.append(next)
      open += sources(of: next)
    }
    // What an action reads from has a lower index, so its state is settled before the action's own.
    for id in wanted.sorted() { place(id) }
    wantedCount += wanted.count
  }

  private mutating func place(_ id: ActionID) {
    var missing = 0
    for source in sources(of: id) {
      switch states[source.index] {
      case .done: break
      case .failed(let error):
        if canGoOn(id, without: source, error) { break }
        states[id.index] = .failed(error)
        return
      case .unwanted, .waiting, .running:
        missing += 1
        readers[source.index].append(id)
      }
    }
    states[id.index] = .waiting(missing)
    if missing == 0 { ready.insert(id) }
  }

  /// The actions that `id` reads from, each once, in order.
  private func sources(of id: ActionID) -> [ActionID] {
    var sources: Set<ActionID> = []
    for case .output(let source, _) in plan[id].inputs.values { sources.insert(source) }
    return sources.sorted()
  }

  /// Takes the next action that could start: the lowest.
  mutating func startNext() -> ActionID? {
    while let id = ready.popLowest() {
      guard case .waiting = states[id.index] else { continue }
      states[id.index] = .running
      return id
    }
    return nil
  }

  mutating func finish(_ id: ActionID, _ result: ActionOutputs) {
    states[id.index] = .done(result)
    outputs[id] = result
    for reader in readers[id.index] { waitForOneLess(reader) }
  }

  private mutating func waitForOneLess(_ reader: ActionID) {
    guard case .waiting(let missing) = states[reader.index] else { return }
    states[reader.index] = .waiting(missing - 1)
    if missing == 1 { ready.insert(reader) }
  }

  private func canGoOn(_ id: ActionID, without source: ActionID, _ error: BuildError) -> Bool {
    error.kind == .unreachable && plan[id].canDoWithout(source)
  }

  /// True when something could not be had because a source could not be reached.
  var wentWithout: Bool {
    states.contains {
      if case .failed(let error) = $0 { error.kind == .unreachable } else { false }
    }
  }

  /// Fails an action and, with the same error, all that need it: not those that can do without it because
  /// a source cannot be reached. Returns those that failed by this.
  mutating func fail(_ id: ActionID, _ error: BuildError) -> [ActionID] {
    var failed: [ActionID] = []
    var open = [id]
    while let next = open.popLast() {
      if case .failed = states[next.index] { continue }
      states[next.index] = .failed(error)
      failed.append(next)
      for reader in readers[next.index] {
        if canGoOn(reader, without: next, error) {
          waitForOneLess(reader)
        } else {
          open.append(reader)
        }
      }
    }
    return failed
  }

  /// What the actions that `id` reads from have written.
  func outputs(readBy id: ActionID) -> [ActionID: ActionOutputs] {
    var result: [ActionID: ActionOutputs] = [:]
    for case .output(let source, _) in plan[id].inputs.values { result[source] = outputs[source] }
    return result
  }

  /// True when the artifact is there: nothing has to make it, or what makes it has ended well.
  func isDone(_ artifact: Artifact) -> Bool {
    guard case .output(let id, _) = artifact else { return true }
    if case .done = states[id.index] { return true }
    return false
  }

  func failure(of artifact: Artifact) -> BuildError? {
    guard case .output(let id, _) = artifact else { return nil }
    return failure(of: id)
  }

  func failure(of id: ActionID) -> BuildError? {
    guard case .failed(let error) = states[id.index] else { return nil }
    return error
  }
}

/// Actions of which the lowest is taken first: a binary heap.
private struct LowestFirst {
  private var heap: [ActionID] = []

  mutating func insert(_ id: ActionID) {
    heap.append(id)
    var place = heap.count - 1
    while place > 0, heap[place] < heap[(place - 1) / 2] {
      heap.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  mutating func popLowest() -> ActionID? {
    guard let lowest = heap.first, let last = heap.popLast() else { return nil }
    guard !heap.isEmpty else { return lowest }
    heap[0] = last
    var place = 0
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
        if heap[child] < heap[least] { least = child }
      }
      if least == place { return lowest }
      heap.swapAt(place, least)
      place = least
    }
  }
}
