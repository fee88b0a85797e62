import BuildEngine
import Testing

@testable import pxebuild

@Suite("The live display's frame")
struct LiveFrameTests {
  private func id(_ index: Int) -> ActionID { ActionID(index: index) }

  private func frame(
    _ progress: BuildProgress, at time: Double, width: Int = 60, height: Int = 24,
    style: Style = .plain
  ) -> String {
    LiveFrame(progress: progress, width: width, height: height, time: time, style: style)
      .lines.joined(separator: "\n")
  }

  /// One compile that counts objects and one download, three seconds into it.
  private func busy() -> BuildProgress {
    var progress = BuildProgress()
    progress.receive(.wanted(actions: 7), at: 0)
    progress.receive(.actionFinished(id(0), name: "ipxe: commit", .cached, seconds: 0), at: 0.1)
    progress.receive(.actionStarted(id(1), name: "undionly.kpxe: objects"), at: 0.2)
    progress.receive(.actionStarted(id(2), name: "wimboot: fetch"), at: 1)
    for second in 1...4 {
      let done = Int64(second) * 2_000_000
      progress.receive(
        .actionProgress(id(2), Progress(done: done, total: 40_000_000, unit: .bytes)),
        at: Double(second))
    }
    progress.receive(
      .actionProgress(id(1), Progress(done: 120, total: 209, unit: .steps)), at: 3.9)
    return progress
  }

  @Test("it says how far the build is and what runs for how long, with rate and time left")
  func ordinary() {
    #expect(
      frame(busy(), at: 4.2, width: 80) == """
        [1/7] 4.2s, 1 from cache
           4.0s  undionly.kpxe: objects  120/209
           3.2s  wimboot: fetch  8.0 MB of 40.0 MB, 1.9 MB/s, 18s left
        """)
  }

  @Test("a narrow window cuts the name first, then the detail, and no line fills the last column")
  func narrow() {
    #expect(
      frame(busy(), at: 4.2, width: 40) == """
        [1/7] 4.2s, 1 from cache
           4.0s  undionly.kpxe: obj...  120/209
           3.2s  wimboot: fetch  8.0 MB of 4...
        """)
    for width in 1...80 {
      for line in frame(busy(), at: 4.2, width: width).split(separator: "\n") {
        #expect(line.columns < max(width, 2), "width \(width): \(line)")
      }
    }
  }

  @Test("a low window shows the oldest actions and counts the rest")
  func low() {
    var progress = BuildProgress()
    progress.receive(.wanted(actions: 9), at: 0)
    for index in 0..<6 { progress.receive(.actionStarted(id(index), name: "t\(index)"), at: 1) }
    #expect(
      frame(progress, at: 2, height: 6) == """
        [0/9] 2.0s
           1.0s  t0
           1.0s  t1
           1.0s  t2
                 and 3 more
        """)
  }

  @Test("wide names are measured in columns and control characters cannot act")
  func names() {
    var progress = BuildProgress()
    progress.receive(.actionStarted(id(0), name: "日本語日本語日本語日本語/boot.wim: link"), at: 0)
    progress.receive(.actionStarted(id(1), name: "evil\u{1B}[2J\nname"), at: 0)
    #expect(
      frame(progress, at: 1, width: 30) == """
        [0/0] 1.0s
           1.0s  日本語日本語日本...
           1.0s  evil\\u{1B}[2J\\nname
        """)
  }

  @Test("an unknown total shows what came so far, a stop in the flow is called stalled")
  func downloads() {
    var progress = BuildProgress()
    progress.receive(.actionStarted(id(0), name: "a"), at: 0)
    progress.receive(.actionProgress(id(0), Progress(done: 500, total: nil, unit: .bytes)), at: 0)
    #expect(frame(progress, at: 0.5) == "[0/0] 0.5s\n   0.5s  a  500 B")
    progress.receive(.actionProgress(id(0), Progress(done: 2500, total: nil, unit: .bytes)), at: 2)
    #expect(frame(progress, at: 2) == "[0/0] 2.0s\n   2.0s  a  2.5 kB, 1.0 kB/s")

    progress.receive(.actionStarted(id(1), name: "b"), at: 2)
    for time in [2.0, 4.0, 6.0] {
      progress.receive(
        .actionProgress(id(1), Progress(done: 10, total: 100, unit: .bytes)), at: time)
    }
    #expect(
      frame(progress, at: 6).hasSuffix("   4.0s  b  10 B of 100 B, 0 B/s, stalled"))
  }

  @Test("a download that begins anew forgets its old speed")
  func restart() {
    var progress = BuildProgress()
    progress.receive(.actionStarted(id(0), name: "a"), at: 0)
    for time in [0.0, 1.0, 2.0] {
      progress.receive(
        .actionProgress(id(0), Progress(done: Int64(time * 1000), total: 9000, unit: .bytes)),
        at: time)
    }
    progress.receive(.actionNote(id(0), "mirror 1 broke off, trying mirror 2"), at: 2.1)
    progress.receive(.actionProgress(id(0), Progress(done: 0, total: 9000, unit: .bytes)), at: 2.2)
    #expect(
      frame(progress, at: 2.3, width: 80) == """
        [0/0] 2.3s
           2.3s  a  0 B of 9.0 kB, mirror 1 broke off, trying mirror 2
        """)
  }

  @Test("steps of an action are shown and not counted, and a second pass counts nothing twice")
  func steps() {
    var progress = BuildProgress()
    progress.planSize = 2
    progress.receive(.wanted(actions: 2), at: 0)
    progress.receive(.actionFinished(id(0), name: "a", .executed, seconds: 1), at: 1)
    progress.receive(.actionFinished(id(7), name: "a: step", .executed, seconds: 1), at: 1)
    progress.receive(.actionFinished(id(0), name: "a", .cached, seconds: 0), at: 2)
    progress.receive(.actionStarted(id(8), name: "b: step"), at: 2)
    #expect(frame(progress, at: 2) == "[1/2] 2.0s\n   0.0s  b: step")
    #expect(progress.executed == 1)
    #expect(progress.cached == 0)
  }

  @Test("colour changes nothing but the colour")
  func colour() {
    let coloured = frame(busy(), at: 4.2, style: .colored)
    #expect(coloured.withoutPaint == frame(busy(), at: 4.2))
    #expect(coloured.hasPrefix("\u{1B}[1m[1/7]\u{1B}[0m 4.2s, 1 from cache\n"))
  }
}
