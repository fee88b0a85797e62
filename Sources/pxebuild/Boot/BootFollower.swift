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
    /// How much of the console has been read, and when it grew last.
    var consoleCount = 0
    var lastChange = ContinuousClock.now
    /// The machine can be looked at no more.
    var machineHasEnded = false
    var isOver = false
  }

  private let state: Mutex<State>
  private let timeout: Double
  private let folder: LabFolder
  private let console: FilePath
  /// The names of the DHCP servers.
  private let servers: [String]

  init(
    _ trial: BootTrial, timeout: Double, folder: LabFolder, console: String, servers: [String]
  ) {
    state = Mutex(State(trial: trial))
    self.timeout = timeout
    self.folder = folder
    self.console = FilePath(console)
    self.servers = servers
  }

  /// Takes a line of the lab's output.
  func receive(_ line: String, from stream: Daemon.Stream) {
    state.withLock { state in
      guard stream == .output, let report = LabReport(line: line) else {
        state.errors = Array((state.errors + [line]).suffix(10))
        return
      }
      switch report {
      case .powered: state.powered = .now
      case .seen(let seen):
        state.lastChange = .now
        state.trial.see(seen)
      case .ended(let name, let status): ended(name, status, &state)
      case .failed, .silent: fail(Lab.fault(report, in: folder), &state)
      }
      if state.trial.verdict != .running { state.isOver = true }
    }
  }

  /// What goes wrong with a lab after there is a verdict does not change it.
  private func fail(_ error: BuildError?, _ state: inout State) {
    guard !state.isOver, let error else { return }
    state.fault = error
    state.isOver = true
  }

  private func ended(_ name: String, _ status: Int, _ state: inout State) {
    state.machineHasEnded = true
    if name == "qemu", state.powered != nil, status == 0 {
      // It was told not to start again: a machine that resets ends.
      end(.restarted, &state)
      return
    }
    fail(Lab.fault(.ended(name: name, status: status), in: folder), &state)
  }

  /// The lab's process has ended; before a verdict, nobody knows why.
  func labHasEnded() {
    state.withLock { state in
      state.machineHasEnded = true
      fail(Lab.ended(state.errors.suffix(8)), &state)
    }
  }

  // MARK: Time

  private static let pause = Duration.milliseconds(50)

  /// Returns once there is a verdict, or when it is cancelled; time that is up is a verdict.
  func waitForVerdict() async {
    while !Task.isCancelled {
      let isOver = state.withLock { state in
        readConsole(&state)
        if !state.isOver, state.trial.hasGivenUp {
          end(.gaveUp, &state)
        } else if !state.isOver, let powered = state.powered,
          powered.duration(to: .now) > .seconds(timeout)
        {
          end(.timeUp(Int(timeout)), &state)
        }
        return state.isOver
      }
      if isOver { return }
      try? await Task.sleep(for: Self.pause)  // ends early when it is cancelled
    }
  }

  /// Returns once the machine has done nothing for a while, so that its screen is worth a look.
  ///
  /// - Returns: False when there is no machine any more.
  func waitForRest(_ rest: Duration = .milliseconds(1500), atMost: Duration = .seconds(6)) async
    -> Bool
  {
    let start = ContinuousClock.now
    while !Task.isCancelled {
      let (isThere, isAtRest) = state.withLock { state in
        readConsole(&state)
        return (!state.machineHasEnded, state.lastChange.duration(to: .now) > rest)
      }
      if !isThere { return false }
      if isAtRest || start.duration(to: .now) > atMost { return true }
      try? await Task.sleep(for: Self.pause)  // ends early when it is cancelled
    }
    return false
  }

  private func end(_ end: BootEnd, _ state: inout State) {
    readConsole(&state)
    state.trial.see(
      serverLog: servers.map { LogText.text(folder.log(of: $0)) }.joined(separator: "\n"))
    state.trial.end(end)
    state.isOver = true
  }

  /// More than that of a console is of no use to anybody, in bytes.
  private static let longestConsole = 4 << 20

  private func readConsole(_ state: inout State) {
    // What cannot be read is no more than a message without its context.
    let count = (try? FileIdentity.of(console)?.size).flatMap(\.self).map { Int($0) } ?? 0
    guard count > state.consoleCount, count < Self.longestConsole,
      let bytes = try? FileSystem.read(console)
    else { return }
    state.trial.see(console: String(decoding: bytes, as: UTF8.self))
    state.consoleCount = count
    state.lastChange = .now
  }

  /// True once the machine has come to its menu, or whatever its boot program got.
  var hasPassed: Bool {
    state.withLock { if case .passed = $0.trial.verdict { true } else { false } }
  }

  /// What was seen until now; for those that look on after the verdict.
  func view() -> (record: BootRecord, hasEnded: Bool, seconds: Double) {
    state.withLock { state in
      readConsole(&state)
      let time = (state.powered?.duration(to: .now) ?? .zero).components
      return (
        state.trial.record, state.machineHasEnded,
        Double(time.seconds) + Double(time.attoseconds) / 1e18
      )
    }
  }

  /// Why the lab itself was of no use, if it was.
  var fault: BuildError? { state.withLock { $0.fault } }

  /// What was seen. A boot in a lab that is of no use has failed.
  var outcome: (verdict: BootVerdict, record: BootRecord) {
    state.withLock { state in
      let failure = state.fault.map { BootVerdict.failed(BootFailure(lab: $0)) }
      return (failure ?? state.trial.verdict, state.trial.record)
    }
  }
}
