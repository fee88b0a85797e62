import FoundationEssentials

/// The blocks of a PEM file (RFC 7468): certificates, and whether there are private keys among them.
public struct PEMText: Sendable {
  /// In DER, in the order of the file.
  public private(set) var certificates: [[UInt8]] = []
  public private(set) var hasPrivateKey = false
  /// True when a private key wants a pass phrase.
  public private(set) var isEncrypted = false
  /// True when a block is not what it says.
  public private(set) var isDamaged = false

  /// Text outside of blocks is a comment.
  public init(_ bytes: [UInt8]) {
    var label: String?
    var content = ""
    for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
      if let open = label {
        if line.hasPrefix("-----END ") {
          add(open, content)
          (label, content) = (nil, "")
        } else if line.contains(":") {
          // Old keys have headers (RFC 1421) before their content.
          if line.hasPrefix("Proc-Type:"), line.contains("ENCRYPTED") { isEncrypted = true }
        } else {
          content += line.trimmingSpace
        }
      } else if line.hasPrefix("-----BEGIN "), line.trimmingSpace.hasSuffix("-----") {
        label = String(line.trimmingSpace.dropFirst(11).dropLast(5))
      }
    }
    if label != nil { isDamaged = true }
  }

  private mutating func add(_ label: String, _ content: String) {
    if label.hasSuffix("PRIVATE KEY") {
      hasPrivateKey = true
      if label.hasPrefix("ENCRYPTED") { isEncrypted = true }
    } else if ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"].contains(label) {
      guard let data = Data(base64Encoded: content), !data.isEmpty else {
        isDamaged = true
        return
      }
      certificates.append([UInt8](data))
    }
  }
}

extension Substring {
  fileprivate var trimmingSpace: Substring {
    var text = self.drop { $0 == " " || $0 == "\t" }
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return text
  }
}
