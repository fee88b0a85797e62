import BuildEngine
import Testing

@testable import pxebuild

@Suite("Lines for a log")
struct PlainLinesTests {
  private static let events: [BuildEvent] = [
    .wanted(actions: 4),
    .actionStarted(ActionID(index: 0), name: "ipxe: commit"),
    .actionFinished(ActionID(index: 0), name: "ipxe: commit", .cached, seconds: 0),
    .actionFinished(ActionID(index: 1), name: "undionly.kpxe: link", .executed, seconds: 12.34),
    .actionFinished(ActionID(index: 2), name: "a\nb: write", .executed, seconds: 0.02),
    .actionFinished(
      ActionID(index: 3), name: "wimboot: fetch", .failed(BuildError(.unreachable, "no")),
      seconds: 3),
  ]

  @Test("one line for each action that took time; the others only when asked for")
  func lines() {
    var brief = PlainLines(isVerbose: false)
    #expect(Self.events.flatMap { brief.lines(for: $0) } == ["  12.3s  undionly.kpxe: link"])
    var verbose = PlainLines(isVerbose: true)
    #expect(
      Self.events.flatMap { verbose.lines(for: $0) } == [
        " cached  ipxe: commit", "  12.3s  undionly.kpxe: link", "   0.0s  a\\nb: write",
        "   3.0s  wimboot: fetch: failed",
      ])
  }

  @Test("a long action says every 30 seconds that it still runs")
  func heartbeat() {
    let id = ActionID(index: 0)
    var progress = BuildProgress()
    var plain = PlainLines(isVerbose: false)
    progress.receive(.actionStarted(id, name: "undionly.kpxe: objects"), at: 5)
    var heard: [String] = []
    for tenth in 50...1000 {
      let time = Double(tenth) / 10
      if tenth == 500 {
        progress.receive(.actionProgress(id, Progress(done: 7, total: 9, unit: .steps)), at: time)
      }
      heard += plain.heartbeatLines(progress, at: time).map { "\(time): \($0)" }
    }
    #expect(
      heard == [
        "35.0:   30.0s  undionly.kpxe: objects: still running",
        "65.0:   1m00s  undionly.kpxe: objects: still running, 7/9",
        "95.0:   1m30s  undionly.kpxe: objects: still running, 7/9",
      ])
  }
}
