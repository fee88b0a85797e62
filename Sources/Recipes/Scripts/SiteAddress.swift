/// Tells which URLs of scripts mean files of the output tree, which is the root of the site's HTTP server
/// and of its TFTP server.
struct SiteAddress: Sendable {
  /// Of `site.http`: scheme and authority in small letters, and the path without a slash at its end.
  private let root: (scheme: String, authority: String, path: String)?
  /// The same written as one, up to the slash that a path in the tree follows.
  private let prefix: String
  /// The address of `site.server`.
  let server: String?

  init(_ site: Site) {
    root = site.http.flatMap { Self.split($0) }.map { ($0.scheme, $0.authority, $0.path) }
    prefix = root.map { "\($0.scheme)://\($0.authority)\($0.path)/" } ?? ""
    server = site.server?.description
  }

  /// The path in the tree that a URL means; nil for a URL of somewhere else, one that a program answers
  /// (`?`), and a folder's.
  func path(_ url: String) -> String? {
    if !prefix.isEmpty, url.utf8.starts(with: prefix.utf8) {
      let rest = url[url.utf8.index(url.startIndex, offsetBy: prefix.utf8.count)...]
      if Self.isPlain(rest) { return String(rest) }
    }
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

  /// True for the path of a file as targets have it: nothing escaped, asked or to be left out.
  private static func isPlain(_ path: Substring) -> Bool {
    var previous = UInt8(ascii: "/")
    for byte in path.utf8 {
      switch byte {
      case UInt8(ascii: "%"), UInt8(ascii: "?"), UInt8(ascii: "#"): return false
      case UInt8(ascii: "/"), UInt8(ascii: "."):
        if previous == UInt8(ascii: "/") { return false }
      default: break
      }
      previous = byte
    }
    return previous != UInt8(ascii: "/")
  }

  /// The scheme that a URL starts with, in small letters; nil for a path.
  static func scheme(_ url: String) -> String? {
    var isSmall = true
    for (count, byte) in url.utf8.enumerated() {
      switch byte {
      case UInt8(ascii: ":"):
        guard count > 0 else { return nil }
        let scheme = url[..<url.utf8.index(url.startIndex, offsetBy: count)]
        return isSmall ? String(scheme) : scheme.lowercased()
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): isSmall = false
      case _ where isLetterOrDigit(byte) || "+-._".utf8.contains(byte): continue
      default: return nil
      }
    }
    return nil
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
