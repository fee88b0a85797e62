import BuildEngine
import Testing

@testable import pxebuild

@Suite("The summary")
struct BuildSummaryTests {
  private func file(_ size: Int64) -> StoredArtifact {
    .file(Digest(sha256: [UInt8](repeating: 7, count: 32), size: size), executable: false)
  }

  private func outcome(
    _ path: String, _ state: TargetOutcome.State, compiled: Bool = false, rule: String = "file"
  ) -> TargetOutcome {
    TargetOutcome(path: path, state: state, isCompiled: compiled, rule: rule)
  }

  private var everything: BuildSummary {
    var summary = BuildSummary(
      outcomes: [
        outcome("undionly.kpxe", .built(file(68_215)), compiled: true),
        outcome("chain.ipxe", .built(file(62))),
        outcome("wimboot", .built(file(72_000)), rule: "fetch"),
        outcome("winpe", .built(.directory(Digest(of: [])))),
        outcome("latest", .built(.symlink(target: "winpe"))),
        outcome(
          "usb/efi.usb",
          .prebuilt(
            file(2_000_000), version: "ipxe 1.21.1\n", because: "github.com\ndoes not answer",
            limitation: "it asks the network for the script"), compiled: true),
        outcome("memtest", .skipped(because: "memtest.org does not answer")),
        outcome("ipxe.efi", .failed(BuildError(.failed, "x")), compiled: true),
        outcome("ipxe32.efi", .notReached, compiled: true),
      ],
      folderSizes: ["winpe": 412_000_000],
      output: "./out", placed: 6, removed: 0)
    summary.executed = 5
    summary.cached = 7
    summary.seconds = 41.2
    return summary
  }

  private func text(_ summary: BuildSummary, verbose: Bool = false) -> String {
    summary.lines(.plain, isVerbose: verbose).joined(separator: "\n")
  }

  @Test("it says what became of each target, why, how big and how long")
  func mixed() {
    #expect(
      text(everything) == """
          compiled   undionly.kpxe    68.2 kB
          built      chain.ipxe          62 B
          fetched    wimboot          72.0 kB
          built      winpe           412.0 MB
          built      latest
          prebuilt   usb/efi.usb       2.0 MB  ipxe 1.21.1, because github.com; does not answer
                     limitation: it asks the network for the script
          skipped    memtest        because memtest.org does not answer
          failed     ipxe.efi
          not tried  ipxe32.efi
        failed: 9 targets in ./out: 1 compiled, 1 fetched, 3 built, 1 prebuilt, 1 skipped, 1 failed, \
        1 not tried; 12 actions, 7 from cache, 41.2s
        """)
  }

  @Test("one line is enough when the tree already was right, and says what is not as it should be")
  func upToDate() {
    var summary = everything
    summary.outcomes.removeLast(2)
    (summary.placed, summary.executed, summary.cached, summary.seconds) = (0, 0, 12, 0.018)
    #expect(
      text(summary)
        == "up to date: 7 targets in ./out (1 prebuilt, 1 skipped); 12 actions, 12 from cache, 18 ms"
    )
    summary.outcomes = [summary.outcomes[1]]
    summary.cached = 0
    #expect(text(summary) == "up to date: 1 target in ./out; 18 ms")
    #expect(
      text(summary, verbose: true)
        == "  built      chain.ipxe       62 B\nup to date: 1 target in ./out; 18 ms")
    summary.removed = 1
    #expect(
      text(summary)
        == "  built      chain.ipxe       62 B\ndone: 1 target in ./out: 1 built; 18 ms")
  }

  @Test("an interrupted build says how much is done")
  func interrupted() {
    var summary = everything
    summary.outcomes = [summary.outcomes[0], summary.outcomes[8]]
    summary.wasInterrupted = true
    #expect(
      text(summary) == """
          compiled   undionly.kpxe    68.2 kB
          not tried  ipxe32.efi
        interrupted: 1 of 2 targets done; 12 actions, 7 from cache, 41.2s
        """)
  }

  @Test("a long list is cut, but what went wrong is always named")
  func long() {
    var summary = everything
    summary.outcomes = (0..<100).map { outcome("t\($0)", .built(file(1))) }
    summary.outcomes.append(outcome("bad", .failed(BuildError(.failed, "x"))))
    let lines = summary.lines(.plain, isVerbose: false)
    #expect(lines.count == 40 + 3)
    #expect(
      lines.suffix(3) == [
        "  failed     bad", "  and 60 more that were built",
        "failed: 101 targets in ./out: 100 built, 1 failed; 12 actions, 7 from cache, 41.2s",
      ])
    #expect(summary.lines(.plain, isVerbose: true).count == 102)
  }

  @Test("colour changes nothing but the colour")
  func colour() {
    #expect(
      everything.lines(.colored, isVerbose: false).map(\.withoutPaint)
        == everything.lines(.plain, isVerbose: false))
  }
}
