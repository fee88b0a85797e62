import BuildEngine

/// One binary package as apt knows it; the text form is what `deb-resolve` writes.
struct DebianPackage: Equatable, Sendable {
  var name: String
  var version: String
  var architecture: String
  var sha256: String
  var size: Int64
  var url: String

  var text: String {
    """
    name: \(name)
    version: \(version)
    architecture: \(architecture)
    sha256: \(sha256)
    size: \(size)
    url: \(url)

    """
  }

  init(
    name: String, version: String, architecture: String, sha256: String, size: Int64, url: String
  ) {
    self.name = name
    self.version = version
    self.architecture = architecture
    self.sha256 = sha256
    self.size = size
    self.url = url
  }

  /// Reads the text form; nil when a line is missing or the digest is none.
  init?(text: String) {
    let fields = Self.fields(text)
    guard let name = fields["name"], let version = fields["version"],
      let architecture = fields["architecture"], let sha256 = fields["sha256"],
      let size = fields["size"].flatMap({ Int64($0) }), let url = fields["url"],
      Digest(hex: sha256, size: size) != nil
    else { return nil }
    self.init(
      name: name, version: version, architecture: architecture, sha256: sha256, size: size, url: url
    )
  }

  /// "Key: value" lines up to the first empty one; keys in lower case (deb822).
  static func fields(_ text: some StringProtocol) -> [String: String] {
    var fields: [String: String] = [:]
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.isEmpty { break }
      guard line.first != " ", let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...].drop { $0 == " " }
      fields[line[..<colon].lowercased()] = String(value)
    }
    return fields
  }

  /// Debian's rule for package names (policy, 5.6.1), which also keeps options out of apt's arguments.
  static func isName(_ text: String) -> Bool {
    guard text.utf8.count >= 2, let first = text.utf8.first,
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
    else { return false }
    return text.unicodeScalars.allSatisfy { scalar in
      switch scalar {
      case "a"..."z", "0"..."9", "+", "-", ".": true
      default: false
      }
    }
  }

  /// Debian's rule for versions (policy, 5.6.12).
  static func isVersion(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, ("0"..."9").contains(first) else { return false }
    return text.unicodeScalars.allSatisfy { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", ".", "+", "-", "~", ":": true
      default: false
      }
    }
  }
}
