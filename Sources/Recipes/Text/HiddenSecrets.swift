/// Takes passwords out of source lines that messages show: messages end up in logs that others read.
enum HiddenSecrets {
  private static let key = Array("password:".unicodeScalars)

  /// The line with a `*` for each character of a value of the key `password`.
  static func hidden(in line: String.UnicodeScalarView) -> [Unicode.Scalar] {
    var scalars = Array(line)
    var index = 0
    while index + key.count <= scalars.count {
      let follows = index > 0 && (isWord(scalars[index - 1]) || scalars[index - 1] == "-")
      guard !follows, scalars[index..<(index + key.count)].elementsEqual(key) else {
        index += 1
        continue
      }
      index += key.count
      while index < scalars.count, scalars[index] == " " { index += 1 }
      let end = end(ofValueAt: index, in: scalars)
      for place in index..<end { scalars[place] = "*" }
      index = end
    }
    return scalars
  }

  private static func end(ofValueAt start: Int, in scalars: [Unicode.Scalar]) -> Int {
    guard start < scalars.count else { return start }
    let quote = scalars[start]
    if quote == "\"" || quote == "'" {
      return scalars[(start + 1)...].firstIndex(of: quote).map { $0 + 1 } ?? scalars.count
    }
    // Outside of braces a comma is a part of the value, and so may be anything: all of it is hidden.
    let isInBraces = scalars[..<start].contains("{")
    var end = scalars.count
    if isInBraces {
      end = scalars[start...].firstIndex { $0 == "," || $0 == "}" } ?? scalars.count
    }
    while end > start, scalars[end - 1] == " " { end -= 1 }
    return end
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isAlphabetic || scalar == "_"
  }
}
