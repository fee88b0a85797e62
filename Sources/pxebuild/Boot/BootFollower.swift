import BootLab
import BuildEngine
import Synchronization
import SystemPackage

/// Listens to a lab, and keeps what it has said until there is a verdict.
final class BootFollower: Sendable {
  private struct State {
    var trial: BootTrial
    var powered: ContinuousClock.Instant?
    /// Why the lab itself is of no use.
    var fault: BuildError?
    /// What was said on standard error.
    var errors: [String] = []
    /// The last lines on the machine's console.
    var console: [String] = []
    var isOver = false
  }

  private let state: Mutex<State>
  private let timeout: Double
  private let folder: LabFolder
  private let console: String

  init(_ trial: BootTrial, timeout: Double, folder: LabFolder, console: String) {
    state = Mutex(State(trial: trial))
    self.timeout = timeout
    self.folder = folder
    self.console = console
  }

  /// Takes a line of the lab's output.
  func receive(_ line: String, from stream: Daemon.Stream) {
    state.withLock { state in
      guard !state.isOver else { return }
      guard stream == .output, let report = LabReport(line: line) else {
        state.errors = Array((state.errors + [line]).suffix(10))
        return
      }
      switch report {
      case .powered: state.powered = .now
      case .seen(let event, let seconds): state.trial.see(SeenEvent(event, seconds: seconds))
      case .ended(let name, let status): ended(name, status, &state)
      case .failed(let reason):
        state.fault = BuildError(.failed, "the lab cannot start", reason: reason)
      case .silent(let ports):
        state.fault = BuildError(
          .failed, "the lab's servers do not answer", reason: "nobody has taken \(ports)")
      }
      if state.trial.verdict != .running || state.fault != nil { finish(&state) }
    }
  }

  private func ended(_ name: String, _ status: Int, _ state: inout State) {
    if name == "qemu", state.powered != nil, status == 0 {
      // It was told not to start again: a machine that resets ends.
      state.trial.end("before it restarted")
      return
    }
    let how =
      status > 128 ? "signal \(status - 128) ended it" : "it ended with exit status \(status)"
    state.fault = BuildError(
      .failed, "\(name) does not run in the lab", reason: how,
      outputTail: Array(lines(folder.path.appending("\(name).log")).suffix(8)))
  }

  /// The lab's process has ended; before a verdict, nobody knows why.
  func labHasEnded() {
    state.withLock { state in
      guard !state.isOver else { return }
      state.fault = BuildError(
        .failed, "the lab has ended by itself", outputTail: Array(state.errors.suffix(8)))
      state.isOver = true
    }
  }

  /// Returns once there is a verdict, or when it is cancelled; time that is up is a verdict.
  func waitForVerdict() async {
    while !Task.isCancelled {
      let isOver = state.withLock { state in
        if !state.isOver, let powered = state.powered,
          powered.duration(to: .now) > .seconds(timeout)
        {
          state.trial.end("within \(Int(timeout)) seconds")
          finish(&state)
        }
        return state.isOver
      }
      if isOver { return }
      try? await Task.sleep(for: .milliseconds(50))  // ends early when it is cancelled
    }
  }

  /// The machine's console goes with the lab.
  private func finish(_ state: inout State) {
    state.isOver = true
    if case .failed = state.trial.verdict {
      state.console = Array(lines(FilePath(console)).suffix(8))
    }
  }

  /// - Throws: `BuildError` when the lab failed, and not the boot.
  func result(of combination: BootCombination, _ target: String) throws -> BootResult {
    try state.withLock { state in
      if let fault = state.fault { throw fault }
      return BootResult(
        combination: combination, verdict: state.trial.verdict, console: state.console)
    }
  }

  /// The lines of a file with text in them, without what moves the cursor and sets colours (ECMA-48).
  private func lines(_ path: FilePath) -> [String] {
    // What cannot be read is no more than a message without its context.
    let bytes = (try? FileSystem.read(path)) ?? []
    return String(decoding: bytes, as: UTF8.self)
      .replacing(#/\u{1b}\[[0-9;?=]*[A-Za-z]/#, with: "\n")
      .split(whereSeparator: \.isNewline)
      .map { line in line.filter { !$0.unicodeScalars.contains { $0.value < 0x20 } } }
      .filter { !$0.allSatisfy(\.isWhitespace) }
  }
}
