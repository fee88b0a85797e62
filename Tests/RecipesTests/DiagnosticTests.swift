import Testing

@testable import Recipes

@Suite struct DiagnosticTests {
  private func file(_ text: String) -> SourceFile {
    SourceFile(name: "recipes/a.yaml", folder: "/", bytes: Array(text.utf8))
  }

  @Test("A diagnostic has its message, place, line, caret, notes and help")
  func whole() {
    let text = file("one\ntwo: three\n")
    let diagnostic = Diagnostic(
      "something is wrong", at: SourceLocation(text, line: 2, offset: 5, length: 5),
      notes: [
        .init("it began here", at: SourceLocation(text, line: 1, offset: 0)), .init("beware"),
      ],
      help: "mend it")
    #expect(
      diagnostic.rendered() == """
        error: something is wrong
         --> recipes/a.yaml:2:6
          |
        2 | two: three
          |      ^^^^^
          = note: beware
          = help: mend it
        note: it began here
         --> recipes/a.yaml:1:1
          |
        1 | one
          | ^
        """)
  }

  @Test("Colour adds escape sequences and nothing else")
  func colour() {
    let diagnostic = Diagnostic(
      "x", severity: .warning, at: SourceLocation(file("ab"), line: 1, offset: 1), help: "y")
    let coloured = diagnostic.rendered(style: .coloured)
    #expect(coloured.contains("\u{1b}[1;33mwarning:\u{1b}[0m"))
    let plain = coloured.replacing(/\u{1b}\[[0-9;]*m/, with: "")
    #expect(plain == diagnostic.rendered())
    #expect(!diagnostic.rendered().contains("\u{1b}"))
  }

  @Test("A very long line is cut around the place")
  func longLine() {
    let text = String(repeating: "a", count: 500) + "WRONG" + String(repeating: "b", count: 500)
    let lines = Diagnostic("x", at: SourceLocation(file(text), line: 1, offset: 500, length: 5))
      .rendered().split(separator: "\n").map(String.init)
    #expect(lines[1] == " --> recipes/a.yaml:1:501")
    #expect(lines[3].count < 180)
    let column = lines[4].count - 5
    #expect(String(Array(lines[3])[column..<column + 5]) == "WRONG")
    #expect(lines[4].hasSuffix("^^^^^"))
  }

  @Test("A place behind the end of a line still has a caret")
  func behindTheEnd() {
    let lines = Diagnostic("x", at: SourceLocation(file("ab:\n"), line: 1, offset: 3, length: 9))
      .rendered().split(separator: "\n")
    #expect(lines.suffix(2) == ["1 | ab:", "  |    ^"])
  }

  @Test("Names in messages cannot garble the terminal")
  func names() {
    #expect(quoted("a\"b\n\u{1b}[31m\u{202e}é") == "\"a\\\"b\\n\\u{1b}[31m\\u{202e}é\"")
  }

  @Test("Lines are counted as editors and the YAML parser count them")
  func lines() {
    let text = file("a\r\nb\rc\nd\u{85}e\u{2028}f\n")
    #expect(text.lineCount == 6)
    #expect((1...6).map(text.line) == ["a", "b", "c", "d", "e", "f"])
    #expect(text.line(7).isEmpty)
    #expect(file("").lineCount == 0)
  }

  @Test("The nearest name is suggested, a far one is not")
  func suggestions() {
    #expect(nearest(to: "embd", among: ["embed", "ipxe"]) == "embed")
    #expect(nearest(to: "scritp", among: ["script"]) == "script")
    #expect(nearest(to: "Script", among: ["script"]) == "script")
    #expect(nearest(to: "xyz", among: ["script", "file"]) == nil)
    #expect(nearest(to: "", among: ["a", "script"]) == "a")
  }
}
