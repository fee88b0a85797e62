extension Site {
  /// The URL of a path in the output tree; nil without `site.http`.
  func url(of path: String) -> String? { http.map { "\($0)/\(percentEncoded(path))" } }
}

/// A path with everything percent-encoded that a URL's path cannot hold as it is (RFC 3986, section 3.3).
func percentEncoded(_ path: String) -> String {
  escaped(path, keeping: "/-._~!$&'()*+,;=:@") { byte in
    let digits = String(byte, radix: 16, uppercase: true)
    return "%" + (digits.count == 1 ? "0" : "") + digits
  }
}
