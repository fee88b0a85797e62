import Synchronization
import SystemPackage

@testable import pxebuild

/// A terminal that remembers what it would show: line ends, carriage return, cursor up (A), erase to
/// the end of the line (K) and of the screen (J), colours ignored, wrapping at its width.
struct Screen {
  var width: Int
  private(set) var cells: [[Character]] = [[]]
  private var row = 0
  private var column = 0

  init(width: Int) { self.width = width }

  var text: String {
    var lines = cells.map { line in
      var line = line
      while line.last == " " { line.removeLast() }
      return String(line)
    }
    while lines.last == "" { lines.removeLast() }
    return lines.joined(separator: "\n")
  }

  mutating func write(_ text: String) {
    var scalars = text.unicodeScalars[...]
    while let scalar = scalars.popFirst() {
      switch scalar {
      case "\n": move(to: row + 1, 0)
      case "\r": column = 0
      case "\u{1B}":
        scalars.removeFirst()
        let digits = scalars.prefix { $0 != "m" && !("A"..."K").contains($0) }
        scalars = scalars.dropFirst(digits.count)
        control(scalars.removeFirst(), Int(String(digits)) ?? 0)
      default: put(Character(scalar))
      }
    }
  }

  private mutating func control(_ code: Unicode.Scalar, _ count: Int) {
    switch code {
    case "A": row = max(0, row - count)
    case "K": cells[row].removeSubrange(min(column, cells[row].count)...)
    case "J":
      cells[row].removeSubrange(min(column, cells[row].count)...)
      cells.removeSubrange((row + 1)...)
    default: break
    }
  }

  private mutating func put(_ character: Character) {
    if column >= width { move(to: row + 1, 0) }
    while cells[row].count <= column { cells[row].append(" ") }
    cells[row][column] = character
    column += 1
  }

  private mutating func move(to newRow: Int, _ newColumn: Int) {
    (row, column) = (newRow, newColumn)
    while cells.count <= row { cells.append([]) }
  }
}

/// Streams that a test drives: it sets the clock and the window, and reads what was written.
final class FakeTerminal: Sendable {
  struct State: Sendable {
    var output = ""
    var error = ""
    var time = 100.0
    var size: (columns: Int, rows: Int) = (60, 10)
    var outputFailure: Errno?
    var writes = 0
  }

  let state = Mutex(State())
  let isTerminal: Bool
  let environment: [String: String]

  init(isTerminal: Bool = true, environment: [String: String] = ["TERM": "xterm"]) {
    self.isTerminal = isTerminal
    self.environment = environment
  }

  var streams: OutputStreams {
    OutputStreams(
      write: { (stream, text) throws(Errno) in
        let failure = self.state.withLock { state -> Errno? in
          state.writes += 1
          switch stream {
          case .output:
            if let failure = state.outputFailure { return failure }
            state.output += text
          case .error: state.error += text
          }
          return nil
        }
        if let failure { throw failure }
      },
      isTerminal: { _ in self.isTerminal },
      size: { self.isTerminal ? self.state.withLock { $0.size } : nil },
      environment: { self.environment[$0] },
      now: { self.state.withLock { $0.time } })
  }

  func advance(_ seconds: Double) { state.withLock { $0.time += seconds } }

  var output: String { state.withLock { $0.output } }
  var error: String { state.withLock { $0.error } }

  /// What a terminal of the given width shows of standard error.
  func screen(width: Int = 60) -> String {
    var screen = Screen(width: width)
    screen.write(error)
    return screen.text
  }
}
