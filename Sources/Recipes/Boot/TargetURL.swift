extension Site {
  /// The URL of a path in the output tree; nil without `site.http`.
  func url(of path: String) -> String? { http.map { "\($0)/\(percentEncoded(path))" } }
}

/// A path with everything percent-encoded that a URL's path cannot hold as it is (RFC 3986, section 3.3).
func percentEncoded(_ path: String) -> String {
  var result = ""
  for byte in path.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      result.unicodeScalars.append(Unicode.Scalar(byte))
    case _ where "/-._~!$&'()*+,;=:@".utf8.contains(byte):
      result.unicodeScalars.append(Unicode.Scalar(byte))
    default:
      let digits = String(byte, radix: 16, uppercase: true)
      result += "%" + (digits.count == 1 ? "0" : "") + digits
    }
  }
  return result
}
