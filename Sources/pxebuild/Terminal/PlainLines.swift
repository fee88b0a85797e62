import BuildEngine

/// Lines for a log that cannot be redrawn: a CI run, a file, a terminal without cursor movement.
struct PlainLines: Sendable {
  /// Actions quicker than this are not worth a line.
  static let worthALine = 0.1
  /// A long action says that it lives once in this many seconds.
  static let heartbeat = 30.0

  /// Everything: cached and quick actions as well.
  var isVerbose: Bool
  private var heartbeats: [ActionID: Double] = [:]

  init(isVerbose: Bool) { self.isVerbose = isVerbose }

  /// The lines that an event is worth. `progress` has taken the event already.
  mutating func lines(for event: BuildEvent) -> [String] {
    switch event {
    case .actionFinished(let id, let name, let outcome, let seconds):
      heartbeats[id] = nil
      switch outcome {
      case .executed where isVerbose || seconds >= Self.worthALine:
        return [Self.line(seconds: seconds, name)]
      case .cached where isVerbose:
        return ["cached".rightAligned(toColumns: 7) + "  " + name.printable()]
      case .executed, .cached: return []
      // The error itself is told at the end, with the targets that fail of it; what is unreachable
      // may be stood in for.
      case .failed(let error):
        switch error.kind {
        case .cancelled: return []
        case .unreachable where !isVerbose: return []
        default: return [Self.line(seconds: seconds, "\(name): failed")]
        }
      }
    case .wanted, .actionStarted, .actionProgress, .actionNote, .targetFinished: return []
    }
  }

  /// The lines that the passing of time is worth.
  mutating func heartbeatLines(_ progress: BuildProgress, at time: Double) -> [String] {
    progress.running.compactMap { action in
      let last = heartbeats[action.id] ?? action.started
      guard time - last >= Self.heartbeat else { return nil }
      // Steps of exactly 30 s, however late the clock looked.
      heartbeats[action.id] =
        last + ((time - last) / Self.heartbeat).rounded(.down) * Self.heartbeat
      let detail = action.progressText(at: time)
      return Self.line(
        seconds: time - action.started,
        "\(action.name): still running" + (detail.isEmpty ? "" : ", \(detail)"))
    }
  }

  static func line(seconds: Double, _ text: String) -> String {
    durationText(seconds).rightAligned(toColumns: 7) + "  " + text.printable()
  }

  /// A note of an action, with the action's name before it.
  static func note(_ note: String, of name: String) -> String {
    "         \(name.printable()): \(note.printable())"
  }
}
