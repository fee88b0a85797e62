/// Text on its way into a file that cmd.exe runs: the one place where it is escaped.
///
/// cmd.exe first replaces `%…%`, then looks for `& | < > ( ) ^` outside of quotes, and hands the rest of the line to
/// the program, which splits it into arguments by the rules of its C library (`CommandLineToArgvW`). So an argument
/// is quoted for the program first, then every character that means something to cmd.exe is escaped, the quotes
/// too: cmd.exe sees no quotes at all, and what is escaped inside of them cannot end them.
public enum CommandText {
  /// Why text cannot be an argument in a file that cmd.exe runs, or nil.
  ///
  /// Windows PE reads the file in the code page of its language, which nobody knows here: only ASCII is the same in all.
  public static func problem(with text: String) -> String? {
    for scalar in text.unicodeScalars {
      if scalar.value < 0x20 || scalar.value == 0x7f { return "a control character" }
      if !scalar.isASCII { return "\"\(scalar)\", which is not ASCII" }
    }
    return nil
  }

  /// One argument for a program.
  public static func argument(_ text: String) -> String {
    let isPlain =
      !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "\\/:._-$@#+*?~".utf8.contains(byte)
        }
      }
    return isPlain ? text : escaped(quoted(text))
  }

  /// As the C library of a program wants it.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    var backslashes = 0
    for character in text.unicodeScalars {
      switch character {
      case "\\": backslashes += 1
      case "\"":
        // Backslashes mean themselves except before a quote.
        result += String(repeating: "\\", count: backslashes * 2 + 1) + "\""
        backslashes = 0
        continue
      default:
        result += String(repeating: "\\", count: backslashes)
        backslashes = 0
        result.unicodeScalars.append(character)
      }
    }
    return result + String(repeating: "\\", count: backslashes * 2) + "\""
  }

  /// As cmd.exe wants it. A file, unlike what is typed, has `%%` for a percent sign.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "%": result += "%%"
      case "^", "&", "|", "<", ">", "(", ")", "\"": result += "^\(character)"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  /// A text with the line ends of Windows, whatever it had, one at its end included.
  public static func lines(_ text: some Sequence<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    for byte in text {
      if byte == UInt8(ascii: "\n"), result.last != UInt8(ascii: "\r") {
        result.append(UInt8(ascii: "\r"))
      }
      result.append(byte)
    }
    if let last = result.last, last != UInt8(ascii: "\n") { result += "\r\n".utf8 }
    return result
  }

  /// True for the name of a file that cmd.exe, or Windows PE's own start, reads as lines.
  public static func isRead(_ name: String) -> Bool {
    [".cmd", ".bat", ".ini"].contains { name.lowercased().hasSuffix($0) }
  }
}
