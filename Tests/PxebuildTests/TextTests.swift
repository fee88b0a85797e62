import Testing

@testable import pxebuild

@Suite("Text on a terminal")
struct TextTests {
  @Test(
    "wide characters count two columns, combining marks none",
    arguments: [
      ("undionly.kpxe", 13), ("", 0), ("né", 2), ("ne\u{301}", 2), ("日本語", 6), ("ﾊﾝｶｸ", 4),
      ("💾.iso", 6), ("👨‍👩‍👧", 2), ("❤️", 2), ("a\u{200B}b", 2), ("한글", 4), ("“x”", 3),
    ])
  func columns(text: String, expected: Int) {
    #expect(text.columns == expected)
  }

  @Test(
    "text is cut at a character and never wider than asked",
    arguments: [
      ("undionly.kpxe", 13, "undionly.kpxe"), ("undionly.kpxe", 12, "undionly...."),
      ("日本語", 5, "日..."), ("日本語", 6, "日本語"), ("abc", 2, "ab"), ("日本", 3, "日"),
      ("abc", 0, ""), ("abc", -1, ""),
    ])
  func truncated(text: String, width: Int, expected: String) {
    #expect(text.truncated(toColumns: width) == expected)
  }

  @Test("what could move the cursor or turn the writing round is made visible")
  func printable() {
    let hostile = "a\nb\rc\td\u{1B}[2Je\u{9B}f\u{202E}g\u{7F}é日"
    #expect(
      hostile.printable()
        == "a\\nb\\rc\\td\\u{1B}[2Je\\u{9B}f\\u{202E}g\\u{7F}é日")
    #expect("a\tb\u{1B}".printable(keepsTabs: true) == "a\tb\\u{1B}")
  }

  @Test(
    "seconds are short to read",
    arguments: [
      (0.0, "0.0s"), (-3, "0.0s"), (.nan, "0.0s"), (0.04, "0.0s"), (12.34, "12.3s"),
      (59.94, "59.9s"), (59.96, "1m00s"), (65, "1m05s"), (3599.6, "1h00m"), (7325, "2h02m"),
    ])
  func durations(seconds: Double, expected: String) {
    #expect(durationText(seconds) == expected)
  }

  @Test(
    "sizes are in powers of a thousand",
    arguments: [
      (Int64(0), "0 B"), (999, "999 B"), (1000, "1.0 kB"), (68_215, "68.2 kB"),
      (999_949, "999.9 kB"), (999_950, "1.0 MB"), (4_700_000_000, "4.7 GB"),
      (.max, "9223.4 PB"),
    ])
  func sizes(bytes: Int64, expected: String) {
    #expect(sizeText(bytes) == expected)
  }

  @Test(
    "colour obeys the flag, then NO_COLOR, then CLICOLOR_FORCE, then the terminal",
    arguments: [
      (ColorChoice.auto, true, ["TERM": "xterm"], true),
      (.auto, true, ["TERM": "dumb"], false),
      (.auto, true, [:], false),
      (.auto, false, ["TERM": "xterm"], false),
      (.auto, true, ["TERM": "xterm", "NO_COLOR": "1"], false),
      (.auto, true, ["TERM": "xterm", "NO_COLOR": ""], true),
      (.auto, false, ["CLICOLOR_FORCE": "1"], true),
      (.auto, false, ["CLICOLOR_FORCE": "0"], false),
      (.auto, false, ["CLICOLOR_FORCE": "1", "NO_COLOR": "1"], false),
      (.auto, true, ["TERM": "xterm", "CLICOLOR": "0"], false),
      (.always, false, ["NO_COLOR": "1"], true),
      (.never, true, ["TERM": "xterm", "CLICOLOR_FORCE": "1"], false),
    ])
  func colour(choice: ColorChoice, isTerminal: Bool, environment: [String: String], expected: Bool)
  {
    #expect(choice.isOn(isTerminal: isTerminal) { environment[$0] } == expected)
  }
}
