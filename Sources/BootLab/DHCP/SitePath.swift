/// Names that firmware and iPXE are given, as paths of the tree that is served.
enum SitePath {
  /// A name for TFTP: without the slashes before it.
  static func path(ofFile name: String) -> String { String(name.drop { $0 == "/" }) }

  /// A URL below the tree's own; nil for any other.
  static func path(ofURL url: String, below root: String) -> String? {
    guard url.hasPrefix(root + "/") else { return nil }
    return path(ofFile: decoded(url.dropFirst(root.count).prefix { $0 != "?" && $0 != "#" }))
  }

  /// Without percent-encoding (RFC 3986, section 2.1).
  static func decoded(_ text: some StringProtocol) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
