/// Where an HTTP server listens and below which path the output tree is, taken from a URL like `site.http`.
public struct HTTPEndpoint: Sendable, Hashable {
  /// An IPv4 address, or an IPv6 one between brackets; nil for all addresses of the machine.
  public var address: String?
  /// 1 to 65535.
  public var port: Int
  /// Empty when the tree's root is the server's; else a path that starts with "/" and does not end with it.
  public var prefix: String

  public init(address: String?, port: Int, prefix: String = "") {
    self.address = address
    self.port = port
    self.prefix = prefix
  }

  /// "10.0.0.200:80", "80"
  var listen: String { address.map { "\($0):\(port)" } ?? String(port) }

  /// Why a URL says nothing that a plain HTTP server can do.
  enum Problem: Error, Equatable {
    case isSecure
    case port(String)
    case path(String)
  }

  /// Reads an absolute http:// URL. A host that is a name says nothing of the address to listen on.
  init(url: String) throws(Problem) {
    guard let mark = url.firstRange(of: "://") else { throw .path(url) }
    guard url[..<mark.lowerBound].lowercased() == "http" else { throw .isSecure }
    let rest = url[mark.upperBound...]
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    var host = authority.split(separator: "@").last ?? ""
    var number: Substring?
    if let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") {
      number = host[host.index(after: colon)...]
      host = host[..<colon]
    }
    if let number {
      guard let value = Int(number), (1...65535).contains(value), number.first != "+" else {
        throw .port(String(number))
      }
      port = value
    } else {
      port = 80
    }
    address = IPv4Address(host) != nil || host.hasPrefix("[") ? String(host) : nil
    var path = rest.dropFirst(authority.count)
    while path.hasSuffix("/") { path = path.dropLast() }
    guard path.isEmpty || path.utf8.allSatisfy(Self.isPlain), !path.contains("//"),
      !path.split(separator: "/").contains(where: { $0 == "." || $0 == ".." })
    else { throw .path(String(path)) }
    prefix = String(path)
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    isLetterOrDigit(byte) || "/-._~".utf8.contains(byte)
  }
}

extension Site {
  /// Where the HTTP server of this site listens; nil when `http` is not set or says nothing that a plain HTTP
  /// server can do.
  public var httpEndpoint: HTTPEndpoint? { http.flatMap { try? HTTPEndpoint(url: $0) } }
}
