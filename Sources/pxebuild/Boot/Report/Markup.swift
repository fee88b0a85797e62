/// A piece of an HTML or XML document. What it is made of is escaped here, and nowhere else.
indirect enum Markup: Sendable, Equatable {
  struct Attribute: Sendable, Equatable {
    var name: String
    var value: String
  }

  case text(String)
  case element(String, [Attribute], [Markup])
  /// Several pieces, one after the other.
  case list([Markup])
  /// Text of our own that stands as it is: a style sheet.
  case verbatim(String)

  /// - Parameter attributes: Those whose value is nil are left out.
  static func element(
    _ name: String, _ attributes: KeyValuePairs<String, String?> = [:], _ content: [Markup] = []
  ) -> Markup {
    .element(
      name, attributes.compactMap { key, value in value.map { .init(name: key, value: $0) } },
      content)
  }

  static func element(
    _ name: String, _ attributes: KeyValuePairs<String, String?> = [:], text: String
  ) -> Markup {
    element(name, attributes, [.text(text)])
  }

  /// As a part of an HTML document: elements that have no content have no end tag.
  var html: String {
    var output = ""
    write(to: &output, isHTML: true)
    return output
  }

  /// As an XML document (XML 1.0) of its own.
  var xml: String {
    var output = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    write(to: &output, isHTML: false)
    return output + "\n"
  }

  /// HTML's elements without content.
  private static let void: Set = ["br", "col", "hr", "img", "link", "meta"]

  private func write(to output: inout String, isHTML: Bool) {
    switch self {
    case .text(let text): Self.escape(text, to: &output)
    case .verbatim(let text): output += text
    case .list(let pieces): for piece in pieces { piece.write(to: &output, isHTML: isHTML) }
    case .element(let name, let attributes, let content):
      output += "<\(name)"
      for attribute in attributes {
        output += " \(attribute.name)=\""
        Self.escape(attribute.value, to: &output)
        output += "\""
      }
      if !isHTML, content.isEmpty {
        output += "/>"
        return
      }
      output += ">"
      if isHTML, Self.void.contains(name) { return }
      for piece in content { piece.write(to: &output, isHTML: isHTML) }
      output += "</\(name)>"
    }
  }

  /// Characters that no document may hold, and those that turn the order of the text around them, are shown as
  /// U+FFFD.
  private static func escape(_ text: String, to output: inout String) {
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": output += "&amp;"
      case "<": output += "&lt;"
      case ">": output += "&gt;"
      case "\"": output += "&quot;"
      case "'": output += "&#39;"
      case "\n", "\t": output.unicodeScalars.append(scalar)
      case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{202A}"..."\u{202E}",
        "\u{2066}"..."\u{2069}", "\u{FFFE}", "\u{FFFF}":
        output += "\u{FFFD}"
      default: output.unicodeScalars.append(scalar)
      }
    }
  }
}
