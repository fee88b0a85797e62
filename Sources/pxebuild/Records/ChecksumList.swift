import BuildEngine

/// `SHA256SUMS`, which `sha256sum --check` reads in the output folder (coreutils' manual, "cksum output modes").
struct ChecksumList: Sendable {
  let text: String

  /// - Parameter others: Files beside those of the manifest, and their bytes.
  init(_ manifest: Manifest, others: [(path: String, bytes: [UInt8])] = []) {
    var sums: [String: String] = [:]
    for file in manifest.targets.flatMap(\.files) {
      if let sha256 = file.sha256 { sums[file.path] = sha256 }
    }
    for file in others { sums[file.path] = Digest(of: file.bytes).hex }
    text = sums.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      .map { Self.line($0.value, $0.key) }.joined()
  }

  /// A name with a backslash or a line end is escaped, which a backslash at the start of its line says.
  private static func line(_ sha256: String, _ path: String) -> String {
    var name = ""
    for scalar in path.unicodeScalars {
      switch scalar {
      case "\\": name += "\\\\"
      case "\n": name += "\\n"
      case "\r": name += "\\r"
      default: name.unicodeScalars.append(scalar)
      }
    }
    return (name == path ? "" : "\\") + "\(sha256)  \(name)\n"
  }
}
