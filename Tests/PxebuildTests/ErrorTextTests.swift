import BuildEngine
import Testing

@testable import pxebuild

@Suite("Errors as a person sees them")
struct ErrorTextTests {
  private let full = BuildError(
    .failed, "make ended with exit status 2", origin: "recipes/ipxe.yaml:14:3",
    reason: "core/main.c does not compile\nand neither does core/exec.c",
    advice: "Correct the patch named above.",
    outputTail: ["core/main.c:12:1: error: expected ';'", "make: *** [bin/main.o] Error 1"],
    logPath: "cache/logs/3.log")

  @Test("without colour they are the text that BuildError gives itself")
  func layout() {
    #expect(
      full.lines(.plain).joined(separator: "\n") == """
        error: make ended with exit status 2
          at: recipes/ipxe.yaml:14:3
          why: core/main.c does not compile
               and neither does core/exec.c
          fix: Correct the patch named above.
          last lines of its output:
          | core/main.c:12:1: error: expected ';'
          | make: *** [bin/main.o] Error 1
          full log: cache/logs/3.log
        """)
    #expect(full.lines(.plain).joined(separator: "\n") == full.description)
    let brief = BuildError(.failed, "it is broken")
    #expect(brief.lines(.plain).joined(separator: "\n") == brief.description)
  }

  @Test("colour changes nothing but the colour")
  func colour() {
    let lines = full.lines(.colored)
    #expect(lines.map(\.withoutPaint) == full.lines(.plain))
    #expect(
      lines[0] == "\u{1B}[1;31merror:\u{1B}[0m \u{1B}[1mmake ended with exit status 2\u{1B}[0m")
  }

  @Test("what a program printed cannot act on the terminal")
  func hostile() {
    let error = BuildError(
      .failed, "bad\u{1B}]0;title\u{7}", outputTail: ["\tindented\u{1B}[2J", "progress\rover"])
    #expect(
      error.lines(.plain).joined(separator: "\n") == """
        error: bad\\u{1B}]0;title\\u{7}
          last lines of its output:
          | \tindented\\u{1B}[2J
          | progress\\rover
        """)
  }
}
