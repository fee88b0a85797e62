import BuildEngine
import SystemPackage

/// What the console remembers, and how it keeps its place on the screen.
struct ConsoleState: Sendable {
  typealias MakeFrame = (BuildProgress) -> LiveFrame?
  typealias Write = (String) -> Void

  /// At most ten frames a second.
  private static let frameInterval = 0.1

  var progress = BuildProgress()
  var plain: PlainLines
  /// Errors that were printed.
  var shown: [BuildError] = []
  /// Errors of actions, in case no target carries them.
  var actionErrors: [BuildError] = []
  /// Why standard output did not take what was written.
  var outputFailure: Errno?
  /// Columns of each line of the frame that is on the screen.
  private var drawn: [Int] = []
  private var lastDraw = 0.0
  private var lastProgress: [ActionID: Double] = [:]

  init(plain: PlainLines) { self.plain = plain }

  /// The name of the action that a note is about.
  func nameOfNote(_ event: BuildEvent) -> String {
    guard case .actionNote(let id, _) = event else { return "" }
    return progress.names[id] ?? "action \(id.index)"
  }

  /// Progress is thinned to four objects a second and action; the last of an action always goes out.
  mutating func isWorthJSON(_ event: BuildEvent, at time: Double) -> Bool {
    guard case .actionProgress(let id, let progress) = event else { return true }
    if let last = lastProgress[id], time - last < 0.25, progress.done != progress.total {
      return false
    }
    lastProgress[id] = time
    return true
  }

  mutating func drawIfDue(at time: Double, frame: MakeFrame, write: Write) {
    guard time - lastDraw >= Self.frameInterval, !progress.running.isEmpty || !drawn.isEmpty,
      let frame = frame(progress)
    else { return }
    lastDraw = time
    write(eraseSequence(width: frame.width) + draw(frame))
  }

  /// Prints lines that stay, above the frame if there is one.
  mutating func printAbove(_ lines: [String], at time: Double, frame: MakeFrame, write: Write) {
    guard !lines.isEmpty else { return }
    var text = ""
    let next = drawn.isEmpty ? nil : frame(progress)
    if !drawn.isEmpty {
      text += eraseSequence(width: next?.width ?? 80) + "\u{1B}[J"
      drawn = []
    }
    text += lines.map { $0 + "\n" }.joined()
    if let next {
      lastDraw = time
      text += draw(next)
    }
    write(text)
  }

  /// Takes the frame off the screen.
  mutating func clear(width: Int, write: Write) {
    guard !drawn.isEmpty else { return }
    write(eraseSequence(width: width) + "\u{1B}[J")
    drawn = []
  }

  /// Moves the cursor to the first line of the frame on the screen. When the window became narrower
  /// its lines were wrapped, so each may take several.
  private func eraseSequence(width: Int) -> String {
    guard !drawn.isEmpty else { return "" }
    let rows = drawn.reduce(0) { $0 + max(1, ($1 + width - 1) / max(width, 1)) }
    return "\u{1B}[\(rows)A\r"
  }

  /// The frame, each line followed by "erase to the end of the line", and at last everything below.
  private mutating func draw(_ frame: LiveFrame) -> String {
    let lines = frame.lines
    drawn = lines.map { $0.withoutPaint.columns }
    return lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J"
  }
}

extension String {
  /// The text without colour codes, for measuring.
  var withoutPaint: String {
    var result = ""
    var isInCode = false
    for scalar in unicodeScalars {
      if scalar == "\u{1B}" {
        isInCode = true
      } else if isInCode {
        if scalar == "m" { isInCode = false }
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
