import BuildEngine

/// Where a build is, as its events tell it. Times are seconds since the build began.
struct BuildProgress: Sendable {
  /// One action that runs now.
  struct Running: Sendable {
    var id: ActionID
    var name: String
    var started: Double
    var progress: Progress?
    /// Earlier readings, at least half a second apart and not older than `rateWindow`, for the rate.
    var readings: [Reading] = []
    var note: String?
  }

  struct Reading: Sendable {
    var time: Double
    var done: Int64
  }

  /// Long enough to be calm, short enough to follow a line that slows down.
  private static let rateWindow = 8.0

  private enum Ended: Int { case failed, cached, executed }

  /// Actions with a higher place are steps of other actions: they are shown while they run but not
  /// counted.
  var planSize = Int.max
  private(set) var wanted = 0
  /// Of the actions that ran or run: a note may come after the end.
  private(set) var names: [ActionID: String] = [:]
  /// In the order they began.
  private(set) var running: [Running] = []
  private var ended: [ActionID: Ended] = [:]

  var finished: Int { ended.count }
  var executed: Int { ended.values.count { $0 == .executed } }
  var cached: Int { ended.values.count { $0 == .cached } }
  var failed: Int { ended.values.count { $0 == .failed } }

  mutating func receive(_ event: BuildEvent, at time: Double) {
    switch event {
    case .wanted(let actions): wanted = max(wanted, actions)
    case .actionStarted(let id, let name):
      running.removeAll { $0.id == id }
      running.append(Running(id: id, name: name, started: time))
      names[id] = name
    case .actionProgress(let id, let progress):
      update(id) { $0.take(progress, at: time, window: Self.rateWindow) }
    case .actionNote(let id, let note): update(id) { $0.note = note }
    case .actionFinished(let id, _, let outcome, _):
      running.removeAll { $0.id == id }
      guard id.index < planSize else { return }
      let how: Ended =
        switch outcome {
        case .executed: .executed
        case .cached: .cached
        case .failed: .failed
        }
      // A build that had to make a lost blob again goes over its actions twice; what ran, ran.
      ended[id] = ended[id].map { $0.rawValue > how.rawValue ? $0 : how } ?? how
    case .targetFinished: break
    }
  }

  private mutating func update(_ id: ActionID, _ change: (inout Running) -> Void) {
    // An action that was never said to start (or is over) has no line to change.
    guard let index = running.firstIndex(where: { $0.id == id }) else { return }
    change(&running[index])
  }
}

extension BuildProgress.Running {
  fileprivate mutating func take(_ progress: Progress, at time: Double, window: Double) {
    if let last = self.progress, last.unit != progress.unit || progress.done < last.done {
      // It began anew (the next mirror): the old speed says nothing any more.
      readings = []
    }
    self.progress = progress
    if let last = readings.last, time - last.time < 0.5 { return }
    readings.append(.init(time: time, done: progress.done))
    readings.removeAll { time - $0.time > window }
  }

  /// Units per second over the last seconds; nil until there is a second to measure over.
  func rate(at time: Double) -> Double? {
    guard let progress, let first = readings.first, time - first.time >= 1 else { return nil }
    return Double(progress.done - first.done) / (time - first.time)
  }

  /// How far it is: "12.3 MB of 40.0 MB, 2.1 MB/s, 14s left" or "120/209". Empty when unknown.
  func progressText(at time: Double) -> String {
    guard let progress else { return "" }
    var parts: [String] = []
    switch progress.unit {
    case .steps: parts.append(progress.total.map { "\(progress.done)/\($0)" } ?? "\(progress.done)")
    case .bytes:
      parts.append(
        progress.total.map { "\(sizeText(progress.done)) of \(sizeText($0))" }
          ?? sizeText(progress.done))
    }
    guard let rate = rate(at: time) else { return parts.joined() }
    if progress.unit == .bytes { parts.append("\(sizeText(Int64(rate)))/s") }
    if let total = progress.total, total > progress.done {
      if rate > 0 {
        parts.append("\(timeLeftText(Double(total - progress.done) / rate)) left")
      } else if progress.unit == .bytes {
        parts.append("stalled")
      }
    }
    return parts.joined(separator: ", ")
  }
}
