import BuildEngine
import SystemPackage
import Testing

@testable import pxebuild

@Suite("The console")
struct ConsoleTests {
  private let id = ActionID(index: 0)
  private let file = StoredArtifact.file(Digest(of: [1]), executable: false)

  private func options(_ arguments: String...) throws -> TerminalOptions {
    try TerminalOptions.parse(arguments)
  }

  private func summary(_ state: TargetOutcome.State, placed: Int = 1) -> BuildSummary {
    BuildSummary(
      outcomes: [TargetOutcome(path: "a", state: state, isCompiled: false, rule: "file")],
      output: "out", placed: placed, removed: 0)
  }

  @Test("on a terminal the frame is redrawn in place, notes stay above, and nothing is left of it")
  func live() throws {
    let terminal = FakeTerminal()
    let console = Console(try options(), streams: terminal.streams)
    #expect(console.mode == .live)
    console.receive(.wanted(actions: 2))
    console.receive(.actionStarted(id, name: "a: fetch"))
    terminal.advance(1)
    console.tick()
    console.receive(.actionNote(id, "mirror 1 did not answer"))
    terminal.advance(1)
    console.tick()
    #expect(
      terminal.screen() == """
                 a: fetch: mirror 1 did not answer
        [0/2] 2.0s
           2.0s  a: fetch  mirror 1 did not answer
        """)
    console.receive(.actionFinished(id, name: "a: fetch", .executed, seconds: 2))
    try console.finish(summary(.built(file)))
    #expect(terminal.screen() == "         a: fetch: mirror 1 did not answer")
    #expect(
      terminal.output.withoutPaint == """
          built      a        1 B
        done: 1 target in out: 1 built; 1 action, 2.0s

        """)
  }

  @Test("a window made narrower wraps the old frame, which is still erased whole")
  func resized() throws {
    let terminal = FakeTerminal()
    let console = Console(try options(), streams: terminal.streams)
    console.receive(.actionStarted(id, name: String(repeating: "x", count: 44)))
    terminal.advance(1)
    console.tick()
    // 60 columns become 30: the terminal shows the line of 53 columns in two rows.
    terminal.state.withLock { $0.size = (30, 10) }
    var screen = Screen(width: 30)
    screen.write(terminal.error)
    #expect(screen.text.split(separator: "\n").count == 3)
    terminal.advance(1)
    console.tick()
    #expect(
      terminal.screen(width: 30) == """
        [0/0] 2.0s
           2.0s  xxxxxxxxxxxxxxxxx...
        """)
  }

  @Test("ten frames a second are enough, however many events come")
  func thinned() throws {
    let terminal = FakeTerminal()
    let console = Console(try options(), streams: terminal.streams)
    console.receive(.actionStarted(id, name: "a"))
    for done in 0..<2000 {
      terminal.advance(0.001)
      console.receive(.actionProgress(id, Progress(done: Int64(done), total: nil, unit: .bytes)))
    }
    let writes = terminal.state.withLock { $0.writes }
    #expect((15...20).contains(writes), "\(writes) frames in two seconds")
  }

  @Test("elsewhere there are lines, and no escape sequence at all", arguments: ["pipe", "dumb"])
  func plain(kind: String) throws {
    let terminal =
      kind == "pipe"
      ? FakeTerminal(isTerminal: false) : FakeTerminal(environment: ["TERM": "dumb"])
    let console = Console(try options(), streams: terminal.streams)
    console.receive(.actionStarted(id, name: "a: link"))
    terminal.advance(31)
    console.tick()
    console.receive(.actionFinished(id, name: "a: link", .executed, seconds: 31.2))
    try console.finish(summary(.failed(BuildError(.failed, "it broke"))))
    #expect(
      terminal.error == """
          31.0s  a: link: still running
          31.2s  a: link
        error: it broke

        """)
    #expect(
      terminal.output == """
          failed     a
        failed: 1 target in out: 1 failed; 1 action, 31.0s

        """)
  }

  @Test(
    "one cause that fails two targets is told once; an unreachable source only if a target fails")
  func errors() throws {
    let terminal = FakeTerminal(isTerminal: false)
    let console = Console(try options(), streams: terminal.streams)
    let broken = BuildError(.failed, "it broke")
    console.receive(
      .actionFinished(id, name: "w", .failed(BuildError(.unreachable, "no host")), seconds: 0))
    console.receive(.actionFinished(id, name: "a", .failed(broken), seconds: 0))
    let failed = TargetOutcome(path: "a", state: .failed(broken), isCompiled: false, rule: "file")
    console.receive(.targetFinished(failed))
    console.receive(.targetFinished(failed))
    try console.finish(summary(.failed(broken)))
    #expect(terminal.error == "   0.0s  a: failed\nerror: it broke\n")
  }

  @Test("when no target carries the error of an action, the console tells it at the end")
  func actionError() throws {
    let terminal = FakeTerminal(isTerminal: false)
    let console = Console(try options("-q"), streams: terminal.streams)
    console.receive(
      .actionFinished(id, name: "a", .failed(BuildError(.failed, "it broke")), seconds: 0))
    #expect(terminal.error == "")
    try console.finish(summary(.notReached))
    #expect(terminal.error == "error: it broke\n")
    #expect(terminal.output == "")
  }

  @Test("an interrupted build shows no error for what it stopped")
  func interrupted() throws {
    let terminal = FakeTerminal(isTerminal: false)
    let console = Console(try options(), streams: terminal.streams)
    let error = BuildError(.cancelled, "interrupted")
    console.receive(.actionFinished(id, name: "a", .failed(error), seconds: 1))
    var summary = summary(.failed(error))
    summary.wasInterrupted = true
    try console.finish(summary)
    #expect(terminal.error == "")
    #expect(terminal.output == "  stopped    a\ninterrupted: 0 of 1 target done; 0 ms\n")
  }

  @Test("with --json every line of standard output is an object, and progress is thinned")
  func json() throws {
    let terminal = FakeTerminal()
    let console = Console(try options("--json"), streams: terminal.streams)
    console.receive(.wanted(actions: 1))
    for done in 0...100 {
      terminal.advance(0.01)
      console.receive(.actionProgress(id, Progress(done: Int64(done), total: 100, unit: .steps)))
    }
    console.show(BuildError(.cannotWrite, "no space"))
    try console.finish(summary(.built(file), placed: 0))
    #expect(terminal.error == "")
    let lines = terminal.output.split(separator: "\n")
    #expect(lines.first == #"{"event":"wanted","time":0.000,"actions":1}"#)
    #expect(lines.filter { $0.contains("action-progress") }.count <= 6)
    #expect(lines.contains { $0.contains(#""done":100,"total":100"#) })
    #expect(lines.dropLast().last?.hasPrefix(#"{"event":"error","time":1.010,"error":{"#) == true)
    #expect(
      lines.last?.hasPrefix(#"{"event":"summary","time":1.010,"result":"up-to-date""#) == true)
  }

  @Test("results that cannot be written are an error, not silence")
  func fullDisk() throws {
    let terminal = FakeTerminal(isTerminal: false)
    terminal.state.withLock { $0.outputFailure = .noSpace }
    let console = Console(try options(), streams: terminal.streams)
    let error = #expect(throws: BuildError.self) { try console.printResults(["a"]) }
    #expect(
      error?.description == """
        error: standard output cannot be written
          why: No space left on device
          fix: See whether the file or the program that it goes to still takes data.
        """)
  }

  @Test("a reader that went away is no error")
  func closedPipe() throws {
    let terminal = FakeTerminal(isTerminal: false)
    terminal.state.withLock { $0.outputFailure = .brokenPipe }
    let console = Console(try options(), streams: terminal.streams)
    try console.printResults(["a"])
    try console.printResults(["b"])
    #expect(terminal.state.withLock { $0.writes } == 1)
  }

  @Test("a build that is shown moves on by itself and leaves a clean screen when it throws")
  func display() async throws {
    struct Stop: Error {}
    let terminal = FakeTerminal()
    let console = Console(try options(), streams: terminal.streams)
    await #expect(throws: Stop.self) {
      try await console.display(planSize: 1) {
        console.receive(.actionStarted(self.id, name: "a: link"))
        for _ in 0..<200 where terminal.screen() == "" {
          terminal.advance(0.2)
          try await Task.sleep(for: .milliseconds(50))
        }
        #expect(terminal.screen().contains("a: link"))
        throw Stop()
      }
    }
    #expect(terminal.screen() == "")
  }

  @Test("quiet and verbose exclude each other")
  func flags() {
    let error = #expect(throws: (any Error).self) { try self.options("-q", "-v") }
    #expect(
      error.map { TerminalOptions.message(for: $0) } == "--quiet and --verbose exclude each other")
  }
}
