import Testing
import WindowsPE

/// What reaches a program of a line in a file that cmd.exe runs: the rules of cmd.exe, then those of a C library.
private enum Windows {
  static func arguments(of line: String) -> [String] { split(afterCommandLine(line)) }

  /// `%%` becomes `%`; a `^` outside of quotes makes the next character a plain one.
  private static func afterCommandLine(_ line: String) -> String {
    var characters = Array(line.replacing("%%", with: "\u{1}"))[...]
    var result = ""
    var isQuoted = false
    while let character = characters.popFirst() {
      switch character {
      case "^" where !isQuoted: if let next = characters.popFirst() { result.append(next) }
      case "%": return "a variable"
      case "&", "|", "<", ">":
        if !isQuoted { return "another command" }
        result.append(character)
      case "\"":
        isQuoted.toggle()
        result.append(character)
      default: result.append(character)
      }
    }
    return result.replacing("\u{1}", with: "%")
  }

  /// CommandLineToArgvW.
  private static func split(_ line: String) -> [String] {
    var result: [String] = []
    var word = ""
    var isWord = false
    var isQuoted = false
    var backslashes = 0
    for character in line + " " {
      if character == "\\" {
        backslashes += 1
        isWord = true
        continue
      }
      if character == "\"" {
        word += String(repeating: "\\", count: backslashes / 2)
        if backslashes % 2 == 1 { word.append("\"") } else { isQuoted.toggle() }
        backslashes = 0
        isWord = true
        continue
      }
      word += String(repeating: "\\", count: backslashes)
      backslashes = 0
      if character == " ", !isQuoted {
        if isWord { result.append(word) }
        word = ""
        isWord = false
      } else {
        word.append(character)
        isWord = true
      }
    }
    return result
  }
}

@Suite struct CommandTextTests {
  @Test(
    "A word comes out of cmd.exe and of a program's C library as it went in",
    arguments: [
      "pass", "", "two words", "50%", "%PATH%", "a\"b", "\"", "a&b|c<d>e", "(x)", "^", "a^\"&b",
      "back\\",
      "quote\\\"", "\\\\10.0.0.200\\win10", "C:\\Program Files\\", "!x!", "a,b;c=d", "'`{}[]~#@$*?",
      "\\\\\" \\",
      "%%", "^^", "a\" & del *",
    ])
  func roundTrip(_ word: String) {
    #expect(
      Windows.arguments(of: "program \(CommandText.argument(word)) x") == ["program", word, "x"])
  }

  @Test("Any word of ASCII comes out as it went in")
  func random() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<5000 {
      let alphabet = Array("ab \"\\%^&|<>()!/,;=")
      let word = String(
        (0..<Int.random(in: 0...12, using: &generator)).map { _ in
          alphabet.randomElement(using: &generator) ?? "a"
        })
      #expect(Windows.arguments(of: "p \(CommandText.argument(word)) x") == ["p", word, "x"])
    }
  }

  @Test("Lines get the ends of Windows once, the last one too")
  func lines() {
    func text(_ text: String) -> String {
      String(decoding: CommandText.lines(text.utf8), as: UTF8.self)
    }
    #expect(text("a\nb\n") == "a\r\nb\r\n")
    #expect(text("a\r\nb") == "a\r\nb\r\n")
    #expect(text("") == "")
    #expect(text("\n\n") == "\r\n\r\n")
    #expect(text("a\rb\n") == "a\rb\r\n")
  }

  @Test("What a file for cmd.exe cannot say is found")
  func problems() {
    #expect(CommandText.problem(with: "plain ~ text") == nil)
    #expect(CommandText.problem(with: "a\nb") == "a control character")
    #expect(CommandText.problem(with: "café") == "\"é\", which is not ASCII")
  }

  @Test("The file that installs from a share is the page's, and says what to do when it fails")
  func startnet() {
    let share = Startnet.Share(
      server: "10.0.0.200", name: "win10", user: "user", password: "50% \"off\"")
    #expect(
      String(decoding: Startnet.text(installingFrom: share), as: UTF8.self).replacing(
        "\r\n", with: "\n") == """
          @echo off
          rem Written by pxebuild from the recipe, which is the place to change it.
          if exist %SystemDrive%\\Drivers\\load.cmd call %SystemDrive%\\Drivers\\load.cmd
          wpeinit
          wpeutil WaitForNetwork
          net use Y: \\\\10.0.0.200\\win10 /user:user ^"50%% \\^"off\\^"^"
          if not errorlevel 1 goto connected
          echo.
          echo The share \\\\10.0.0.200\\win10 cannot be reached; the lines above say why.
          echo If ipconfig shows no network card, this image lacks its driver.
          goto end
          :connected
          Y:\\setup.exe
          :end

          """)
  }
}
