/// The header fields of an answer that decide what becomes of its body.
struct Response {
  /// 0 before the first line, and for file URLs.
  private(set) var status = 0
  private(set) var contentLength: Int64?
  /// The first byte of a 206 answer's range.
  private(set) var rangeStart: Int64?
  private var entityTag: String?
  private var lastModified: String?

  /// A value for If-Range: a strong ETag, else the date (RFC 9110, 13.1.5).
  var validator: String? {
    if let entityTag, !entityTag.hasPrefix("W/") { return entityTag }
    return lastModified
  }

  /// Takes one header line; a status line begins a new answer (100 Continue, a proxy's CONNECT).
  mutating func read(_ line: String) {
    if line.hasPrefix("HTTP/") {
      self = Response()
      let words = line.split(separator: " ")
      status = words.count > 1 ? Int(words[1]) ?? 0 : 0
      return
    }
    guard let colon = line.firstIndex(of: ":") else { return }
    let value = Self.trimmed(line[line.index(after: colon)...])
    switch line[..<colon].lowercased() {
    case "etag": entityTag = value
    case "last-modified": lastModified = value
    case "content-length": contentLength = Int64(value)
    case "content-range":
      // "bytes 100-199/200" (RFC 9110, 14.4)
      guard let first = value.split(separator: " ").last?.split(separator: "-").first else {
        return
      }
      rangeStart = Int64(first)
    default: break
    }
  }

  private static func trimmed(_ text: Substring) -> String {
    var text = text
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return String(text)
  }
}
