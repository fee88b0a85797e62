import BuildEngine
import FoundationEssentials
import SystemPackage

/// The first certificate of a file, as `openssl x509` sees it.
public struct SigningCertificate: Sendable, Equatable {
  public enum KeyUsage: Sendable, Equatable {
    /// The certificate says what its key is for; true when that includes the use in question.
    case stated(Bool)
    case unstated
  }

  /// For people: "CN=Site signer,O=Example".
  public var subject: String
  /// Seconds since 1970.
  public var notBefore: Int64
  public var notAfter: Int64
  /// In PEM.
  public var publicKey: String
  /// Whether the key may sign, by the extension keyUsage.
  public var signs: KeyUsage
  /// Whether what it signs may be code, by the extension extendedKeyUsage.
  public var signsCode: KeyUsage

  /// - Throws: `BuildError` when openssl is missing or finds no certificate.
  public static func read(_ path: FilePath) async throws -> SigningCertificate {
    let result = try await Program.openssl().run([
      "x509", "-in", path.string, "-noout", "-subject", "-startdate", "-enddate", "-dateopt",
      "iso_8601", "-nameopt", "RFC2253,utf8,-esc_msb", "-pubkey", "-ext",
      "keyUsage,extendedKeyUsage",
    ])
    guard result.isSuccess,
      let certificate = SigningCertificate(text: String(decoding: result.output, as: UTF8.self))
    else {
      throw BuildError(
        .recipe, "openssl cannot read the certificate \(path.printable)",
        reason: result.errorLines.first,
        advice: "look at it with openssl x509 -text -noout -in \(path.printable)")
    }
    return certificate
  }

  /// - Parameter text: What openssl x509 prints.
  init?(text: String) {
    var values: [String: String] = [:]
    var usages: [String: String] = [:]
    var heading: String?
    var key: [Substring] = []
    for line in text.split(separator: "\n") {
      if line.hasPrefix("-----BEGIN ") || (key.last.map { !$0.hasPrefix("-----END ") } ?? false) {
        key.append(line)
      } else if let open = heading, line.hasPrefix(" ") {
        usages[open] = String(line)
        heading = nil
      } else if line.hasPrefix("X509v3 ") {
        heading = String(line.dropFirst(7).prefix { $0 != ":" })
      } else if let equals = line.firstIndex(of: "=") {
        values[String(line[..<equals])] = String(line[line.index(after: equals)...])
      }
    }
    guard let subject = values["subject"], let from = values["notBefore"].flatMap(Self.seconds),
      let to = values["notAfter"].flatMap(Self.seconds), !key.isEmpty
    else { return nil }
    self.subject = subject
    (notBefore, notAfter) = (from, to)
    publicKey = key.joined(separator: "\n")
    func usage(_ name: String, _ use: String) -> KeyUsage {
      usages[name].map { .stated($0.contains(use)) } ?? .unstated
    }
    signs = usage("Key Usage", "Digital Signature")
    signsCode = usage("Extended Key Usage", "Code Signing")
  }

  /// Of "2026-11-26 21:30:15Z".
  private static func seconds(_ text: String) -> Int64? {
    let time = text.replacing(" ", with: "T")
    return (try? Date(time, strategy: .iso8601)).map { Int64($0.timeIntervalSince1970) }
  }

  /// True for a key of the kind whose signatures have the same bytes each time.
  public var isRSA: Bool { PublicKey.isRSA(publicKey) }
}

/// A public key in PEM (SubjectPublicKeyInfo, RFC 5280).
enum PublicKey {
  /// The object identifier rsaEncryption in DER (RFC 8017, appendix C).
  private static let rsaEncryption: [UInt8] = [
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
  ]

  static func isRSA(_ pem: String) -> Bool {
    let content = pem.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
    guard let der = Data(base64Encoded: content) else { return false }
    return [UInt8](der).prefix(32).firstRange(of: rsaEncryption) != nil
  }
}

extension Program {
  static func openssl() throws -> Program {
    try Program(
      "openssl",
      advice: "install it: apt-get install openssl (pxebuild doctor names what is missing)")
  }
}
