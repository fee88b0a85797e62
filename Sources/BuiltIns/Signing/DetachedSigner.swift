import BuildEngine
import SystemPackage

/// Makes signatures that stand in a file beside what they sign, as iPXE's `imgverify` wants them: CMS SignedData (RFC
/// 5652) in DER with the certificates in it and without signed attributes, which iPXE skips (`cms_parse_participant()` in
/// its src/crypto/cms.c). With an RSA key the same file gets the same signature each time.
public struct DetachedSigner: Sendable {
  private let key: PrivateKeyFile
  /// The signer's certificate first.
  private let certificates: FilePath

  public init(key: PrivateKeyFile, certificates: FilePath) {
    self.key = key
    self.certificates = certificates
  }

  /// The signature of a file.
  ///
  /// - Parameter name: What messages call the file.
  public func sign(_ file: FilePath, name: String) async throws -> [UInt8] {
    let result = try await Program.openssl().run(
      [
        // The certificates come from -certfile: with -signer's own beside them openssl finds one twice.
        "cms", "-sign", "-binary", "-noattr", "-nocerts", "-md", "sha256", "-outform", "DER",
        "-in", file.string, "-signer", certificates.string, "-certfile", certificates.string,
        "-inkey", key.path.string,
      ] + key.passPhrase)
    guard result.isSuccess, !result.output.isEmpty else {
      throw BuildError(
        .failed, "openssl cannot sign \(name.printable)",
        reason: result.errorLines.prefix(3).joined(separator: "\n"),
        advice: "see that the key and the certificate still belong together")
    }
    return result.output
  }
}
