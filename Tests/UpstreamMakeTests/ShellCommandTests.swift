import Testing

@testable import UpstreamMake

@Suite struct ShellCommandTests {
  @Test(
    "a command that is only words needs no shell",
    arguments: [
      ("gcc -c a.c -o a.o", ["gcc", "-c", "a.c", "-o", "a.o"]),
      ("gcc  -DX='@'\t-DY=\"\\\"2.0 (g1)\\\"\"", ["gcc", "-DX=@", "-DY=\"2.0 (g1)\""]),
      ("objcopy --flag \\\n\t --other=  x", ["objcopy", "--flag", "--other=", "x"]),
      ("gcc -DE=\"E ( 1, \\\"a b\\\" )\" ''", ["gcc", "-DE=E ( 1, \"a b\" )", ""]),
      ("ld a\\ b \"c\\d\" 'e\\f'", ["ld", "a b", "c\\d", "e\\f"]),
      ("env A=b gcc", ["env", "A=b", "gcc"]),
    ])
  func simple(text: String, words: [String]) {
    #expect(ShellCommand(text).simpleWords == words)
    #expect(ShellCommand(words: words).simpleWords == words)
  }

  @Test(
    "a command with shell syntax is left to a shell",
    arguments: [
      "gcc -E a.S | as -o a.o", "zbin a b > c", "echo hello", "cd x", "A=b gcc", "rm *.o",
      "cp ~/a b",
      "gcc \"$(X)\"", "gcc `x`", "a && b", "a ; b", "gcc 'unclosed", "gcc \"unclosed",
      "cat # comment",
      "if true", "", "ls [ab]", "ls {a,b}", "true",
    ])
  func shell(text: String) {
    #expect(ShellCommand(text).simpleWords == nil)
    #expect(ShellCommand(text).argumentVector == ["/bin/sh", "-c", text])
  }

  @Test("lines of make -n become commands, continued lines joined, comments dropped")
  func commands() throws {
    let output = """
      #echo "  [BUILD] x"
      gcc -c x.c \\
      \t-o x.o
      make: 'bin/ipxe.hd' is up to date.

      printf 'a\\\\' > y
      """
    #expect(
      try ShellCommand.commands(inOutputOfMake: Array(output.utf8)).map(\.text) == [
        "gcc -c x.c \\\n\t-o x.o", "printf 'a\\\\' > y",
      ])
  }

  @Test("a make that calls make is not replayed")
  func recursion() {
    for line in ["make[1]: Entering directory 'x'", "make --no-print-directory BIN=bin all"] {
      #expect(throws: NotUnderstood("make says: \(line)")) {
        try ShellCommand.commands(inOutputOfMake: Array("gcc x\n\(line)\n".utf8))
      }
    }
  }

  @Test("paths are found however they are written")
  func paths() {
    let paths = PathTokens("ld -T s.lds ./a.o \"b.o\" -o bin/x.tmp -Map=bin/x.map>log >>more.map")
    #expect(
      paths.tokens == [
        "ld", "-T", "s.lds", "a.o", "b.o", "-o", "bin/x.tmp", "-Map", "bin/x.map", "log",
        "more.map",
      ])
    #expect(paths.compiledFile == "bin/x.tmp")
    #expect(paths.redirectedFile == "log")
    #expect(paths.appendedFile == "more.map")
  }
}
