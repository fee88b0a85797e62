/// A property list of Apple's, the kinds of values that NetBoot's files hold.
indirect enum PropertyList: Sendable, Hashable {
  case string(String)
  case integer(Int)
  case boolean(Bool)
  case array([PropertyList])
  /// In the order given.
  case dictionary([Entry])

  struct Entry: Sendable, Hashable {
    let key: String
    let value: PropertyList

    init(_ key: String, _ value: PropertyList) {
      self.key = key
      self.value = value
    }
  }

  /// The list as a file of its own: XML by Apple's document type PropertyList-1.0.
  var document: String {
    """
    <?xml version="1.0" encoding="UTF-8"?>
    <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
    <plist version="1.0">
    \(lines(indentation: "").joined(separator: "\n"))
    </plist>

    """
  }

  private func lines(indentation: String) -> [String] {
    switch self {
    case .string(let text): ["\(indentation)<string>\(Self.escaped(text))</string>"]
    case .integer(let number): ["\(indentation)<integer>\(number)</integer>"]
    case .boolean(let value): ["\(indentation)<\(value)/>"]
    case .array(let elements):
      elements.isEmpty
        ? ["\(indentation)<array/>"]
        : ["\(indentation)<array>"]
          + elements.flatMap { $0.lines(indentation: indentation + "\t") }
          + ["\(indentation)</array>"]
    case .dictionary(let entries):
      ["\(indentation)<dict>"]
        + entries.flatMap { entry in
          ["\(indentation)\t<key>\(Self.escaped(entry.key))</key>"]
            + entry.value.lines(indentation: indentation + "\t")
        } + ["\(indentation)</dict>"]
    }
  }

  /// Text as XML 1.0 holds it between tags; a character that it cannot hold at all becomes U+FFFD.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      // A parser would read a bare one as a line feed.
      case "\r": result += "&#13;"
      case "\t", "\n": result.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20 || scalar.value == 0xfffe || scalar.value == 0xffff:
        result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
