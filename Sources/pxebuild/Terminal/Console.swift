import BuildEngine
import Synchronization
import SystemPackage

/// The one owner of the terminal.
///
/// Progress, notes and errors go to standard error, results to standard output; with `--json`, build
/// events are results. Events may come from any thread; a lock keeps lines whole.
final class Console: Sendable {
  /// How a build is shown.
  enum Mode: Sendable, Equatable {
    /// A display that is redrawn, for a terminal.
    case live
    /// A line for each thing that happened, for a log.
    case plain
    /// One object a line.
    case json
    /// Errors only.
    case quiet
  }

  let mode: Mode
  let isVerbose: Bool
  /// Colours for results (standard output) and for everything else (standard error).
  let outputStyle: Style
  let errorStyle: Style
  /// True in a job of GitHub Actions, which shows certain lines beside the code.
  let annotates: Bool
  private let streams: OutputStreams
  private let start: Double
  private let state: Mutex<ConsoleState>

  init(_ options: TerminalOptions, streams: OutputStreams = .process) {
    let errorIsTerminal = streams.isTerminal(.error)
    mode =
      options.json
      ? .json
      : options.quiet
        ? .quiet
        : errorIsTerminal
          && streams.environment("TERM").map { $0 != "dumb" && !$0.isEmpty } ?? false
          ? .live : .plain
    isVerbose = options.verbose
    outputStyle = Style(
      isOn: options.color.isOn(
        isTerminal: streams.isTerminal(.output), environment: streams.environment))
    errorStyle = Style(
      isOn: options.color.isOn(isTerminal: errorIsTerminal, environment: streams.environment))
    annotates = streams.environment("GITHUB_ACTIONS") == "true"
    self.streams = streams
    start = streams.now()
    state = Mutex(ConsoleState(plain: PlainLines(isVerbose: options.verbose)))
  }

  /// Seconds since the console, and with it the build, began.
  var seconds: Double { streams.now() - start }

  /// Shows an event of the build.
  func receive(_ event: BuildEvent) {
    state.withLock { state in
      let time = seconds
      let nameOfNote = state.nameOfNote(event)
      state.progress.receive(event, at: time)
      if mode == .json {
        if state.isWorthJSON(event, at: time) { print(event.json(at: time), &state) }
        return
      }
      if case .targetFinished(let outcome) = event, case .failed(let error) = outcome.state {
        show(error, &state)
      }
      if case .actionFinished(_, _, .failed(let error), _) = event {
        state.actionErrors.append(error)
      }
      guard mode != .quiet else { return }
      var lines = state.plain.lines(for: event)
      // A display shows what runs; what has run is worth a line only to those who ask for all.
      if mode == .live && !isVerbose && !event.isFailure { lines = [] }
      if case .actionNote(_, let note) = event {
        lines.append(PlainLines.note(note, of: nameOfNote))
      }
      if !lines.isEmpty {
        printAbove(lines, &state)
      } else if mode == .live {
        state.drawIfDue(at: time, frame: frame, write: writeError)
      }
    }
  }

  /// Runs a build and keeps its display moving; the display is gone when this returns or throws.
  ///
  /// - Parameters:
  ///   - planSize: The number of actions in the plan. Higher numbers are steps that an action takes
  ///     itself; they are shown but not counted.
  ///   - build: Sends its events to `receive`.
  /// - Returns: What `build` returned.
  /// - Throws: What `build` threw.
  func display<Result: Sendable>(
    planSize: Int, _ build: @Sendable () async throws -> Result
  ) async throws -> Result {
    state.withLock { $0.progress.planSize = planSize }
    defer { state.withLock { clear(&$0) } }
    guard mode == .live || mode == .plain else { return try await build() }
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while true {
          try await Task.sleep(for: .milliseconds(100))
          self.tick()
        }
      }
      let result = try await build()
      group.cancelAll()
      return result
    }
  }

  /// Shows that time has passed. `display` calls it ten times a second.
  func tick() {
    state.withLock { state in
      let time = seconds
      switch mode {
      case .live: state.drawIfDue(at: time, frame: frame, write: writeError)
      case .plain:
        let lines = state.plain.heartbeatLines(state.progress, at: time)
        if !lines.isEmpty { printAbove(lines, &state) }
      case .json, .quiet: break
      }
    }
  }

  /// Prints what the build came to: errors that nobody has seen yet, then the summary.
  ///
  /// - Throws: `BuildError` when standard output did not take all that was written to it.
  func finish(_ summary: BuildSummary) throws {
    try state.withLock { state in
      clear(&state)
      var summary = summary
      summary.executed = state.progress.executed
      summary.cached = state.progress.cached
      summary.seconds = seconds
      if mode == .json {
        print(summary.json(at: summary.seconds), &state)
      } else {
        for case .failed(let error) in summary.outcomes.map(\.state) { show(error, &state) }
        if state.shown.isEmpty && !summary.isUpToDate {
          // No target says why: then the actions do.
          for error in state.actionErrors where error.kind != .unreachable { show(error, &state) }
        }
        if mode != .quiet {
          let lines = summary.lines(outputStyle, isVerbose: isVerbose)
          print(lines, &state)
        }
      }
      let annotations = annotates ? summary.outcomes.compactMap { GitHubAnnotation($0)?.line } : []
      if !annotations.isEmpty { printAbove(annotations, &state) }
      try Self.check(state.outputFailure)
    }
  }

  /// Prints an error that ended the command.
  func show(_ error: BuildError) {
    state.withLock { state in
      clear(&state)
      if mode == .json {
        print(
          .object(["event": .string("error"), "time": .seconds(seconds), "error": error.json]),
          &state)
        if annotates { printAbove([GitHubAnnotation(error).line], &state) }
      } else {
        show(error, &state)
      }
    }
  }

  /// Prints results, each line with a line end, to standard output.
  ///
  /// - Throws: `BuildError` when they could not be written.
  func printResults(_ lines: [String]) throws {
    try state.withLock { state in
      clear(&state)
      print(lines, &state)
      try Self.check(state.outputFailure)
    }
  }

  /// Prints one JSON value as a line of standard output.
  ///
  /// - Throws: `BuildError` when it could not be written.
  func printResult(_ value: JSON) throws { try printResults([value.text]) }

  /// Writes a file's bytes to standard output as they are.
  func printBytes(_ bytes: [UInt8]) throws {
    do {
      _ = try FileDescriptor.standardOutput.writeAll(bytes)
    } catch let error as Errno {
      throw BuildError(errno: error.rawValue, doing: "write to", path: "standard output")
    }
  }

  /// Prints what a dry run found.
  ///
  /// - Throws: `BuildError` when it could not be written.
  func show(_ dryRun: DryRun) throws {
    if mode == .json {
      try printResult(dryRun.json(at: seconds))
    } else {
      try printResults(dryRun.lines)
    }
  }

  /// Prints lines for people (warnings, hints) to standard error, above the display.
  func printNotes(_ lines: [String]) {
    guard mode != .quiet else { return }
    state.withLock { printAbove(lines, &$0) }
  }

  /// Prints lines that must be seen even with `--quiet`, to standard error.
  func printErrors(_ lines: [String]) { state.withLock { printAbove(lines, &$0) } }

  /// Prints one JSON event as a line of standard output.
  func printEvent(_ event: JSON) { state.withLock { print(event, &$0) } }

  private func show(_ error: BuildError, _ state: inout ConsoleState) {
    // Several targets may fail of one cause, and an interrupt needs no explanation.
    guard error.kind != .cancelled, !state.shown.contains(error) else { return }
    state.shown.append(error)
    printAbove(
      error.lines(errorStyle) + (annotates ? [GitHubAnnotation(error).line] : []), &state)
  }

  private func printAbove(_ lines: [String], _ state: inout ConsoleState) {
    state.printAbove(lines, at: seconds, frame: frame, write: writeError)
  }

  private func print(_ value: JSON, _ state: inout ConsoleState) { print([value.text], &state) }

  private func print(_ lines: [String], _ state: inout ConsoleState) {
    guard state.outputFailure == nil, !lines.isEmpty else { return }
    do {
      try streams.write(.output, lines.map { $0 + "\n" }.joined())
    } catch {
      state.outputFailure = error
    }
  }

  private func clear(_ state: inout ConsoleState) {
    state.clear(width: streams.size()?.columns ?? 80, write: writeError)
  }

  private func frame(_ progress: BuildProgress) -> LiveFrame? {
    guard mode == .live, let size = streams.size() else { return nil }
    return LiveFrame(
      progress: progress, width: size.columns, height: size.rows, time: seconds, style: errorStyle)
  }

  private func writeError(_ text: String) {
    // Where standard error is gone there is nobody left to tell.
    try? streams.write(.error, text)
  }

  /// A reader that went away (`pxebuild plan | head`) has what it wanted.
  private static func check(_ failure: Errno?) throws(BuildError) {
    guard let failure, failure != .brokenPipe else { return }
    throw BuildError(
      .cannotWrite, "standard output cannot be written", reason: failure.description,
      advice: "See whether the file or the program that it goes to still takes data.")
  }
}

extension BuildEvent {
  fileprivate var isFailure: Bool {
    if case .actionFinished(_, _, .failed, _) = self { true } else { false }
  }
}
