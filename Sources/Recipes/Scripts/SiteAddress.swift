/// Tells which URLs of scripts mean files of the output tree, which is the root of the site's HTTP server
/// and of its TFTP server.
struct SiteAddress: Sendable {
  /// Of `site.http`: scheme and authority in small letters, and the path without a slash at its end.
  private let root: (scheme: String, authority: String, path: String)?
  private let server: String?

  init(_ site: Site) {
    root = site.http.flatMap { Self.split($0) }.map { ($0.scheme, $0.authority, $0.path) }
    server = site.server?.description
  }

  /// The path in the tree that a URL means; nil for a URL of somewhere else, one that a program answers
  /// (`?`), and a folder's.
  func path(_ url: String) -> String? {
    guard let parts = Self.split(url) else { return nil }
    if parts.scheme == "tftp" {
      guard let server, parts.authority == server else { return nil }
      return Self.file(parts.path[...])
    }
    guard let root, parts.scheme == root.scheme, parts.authority == root.authority,
      parts.path.hasPrefix(root.path + "/")
    else { return nil }
    return Self.file(parts.path.dropFirst(root.path.count))
  }

  /// The scheme that a URL starts with, in small letters; nil for a path.
  static func scheme(_ url: String) -> String? {
    guard let colon = url.firstIndex(of: ":"), colon != url.startIndex else { return nil }
    let scheme = url[..<colon]
    let isGood = scheme.utf8.allSatisfy {
      switch $0 {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
        UInt8(ascii: "."), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    return isGood ? scheme.lowercased() : nil
  }

  private static func split(_ url: String) -> (scheme: String, authority: String, path: String)? {
    guard let scheme = scheme(url) else { return nil }
    let rest = url.dropFirst(scheme.count + 1)
    guard rest.hasPrefix("//") else { return nil }
    let slash = rest.dropFirst(2).firstIndex(of: "/") ?? rest.endIndex
    var authority = rest[rest.index(rest.startIndex, offsetBy: 2)..<slash].lowercased()
    let usual = ["http": ":80", "https": ":443", "tftp": ":69"]
    if let port = usual[scheme], authority.hasSuffix(port) { authority.removeLast(port.count) }
    var path = String(rest[slash...])
    if let end = path.firstIndex(of: "#") { path = String(path[..<end]) }
    return (scheme, authority, path)
  }

  private static func file(_ path: Substring) -> String? {
    guard !path.contains("?"), !path.hasSuffix("/"), let decoded = decoded(path) else { return nil }
    let parts = decoded.split(separator: "/").filter { $0 != "." }
    guard !parts.isEmpty, !parts.contains("..") else { return nil }
    return parts.joined(separator: "/")
  }

  /// A path without its percent escapes (RFC 3986 section 2.1); nil when they make no text.
  private static func decoded(_ path: Substring) -> String? {
    guard path.utf8.contains(UInt8(ascii: "%")) else { return String(path) }
    var bytes: [UInt8] = []
    var rest = path.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.prefix(2).count == 2,
        rest.prefix(2).allSatisfy(isHexadecimal),
        let value = UInt8(String(decoding: Array(rest.prefix(2)), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
