import Foundation

/// A root, a signer with that root's signature, and a pair for Secure Boot, made with openssl as docs/signing.md says.
///
/// Certificates go to `recipes/keys`, private keys to `keys` beside the recipes.
struct SigningKeys: Sendable {
  let site: Site

  static let signerExtensions =
    "basicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n"

  init(in site: Site) async throws {
    self.site = site
    try site.makeFolder("keys")
    try site.makeFolder("recipes/keys")
    try await openssl(
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "keys/root.key", "-out",
      "recipes/keys/root.pem", "-days", "3650", "-subj", "/CN=Test root", "-addext",
      "basicConstraints=critical,CA:true", "-addext", "keyUsage=critical,keyCertSign")
    try await openssl(
      "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "keys/signer.key", "-out",
      "keys/signer.csr", "-subj", "/CN=Test signer")
    try await certify("signer")
  }

  func openssl(_ arguments: String...) async throws {
    try await mustRun(["openssl"] + arguments, in: site.folder)
  }

  /// Has the root sign the signer's certificate: `recipes/keys/NAME.pem` holds it and the root.
  ///
  /// - Parameter clock: When it was made, for faketime; now when left out.
  func certify(
    _ name: String, days: Int = 365, extensions: String = signerExtensions, clock: String? = nil
  ) async throws {
    try site.write(extensions, to: "keys/\(name).ext")
    try await mustRun(
      (clock.map { ["faketime", $0] } ?? []) + [
        "openssl", "x509", "-req", "-in", "keys/signer.csr", "-CA", "recipes/keys/root.pem",
        "-CAkey",
        "keys/root.key", "-CAcreateserial", "-days", "\(days)", "-extfile", "keys/\(name).ext",
        "-out",
        "keys/\(name).crt",
      ], in: site.folder)
    let signer = site.read("keys/\(name).crt") ?? ""
    try site.write(
      signer + (site.read("recipes/keys/root.pem") ?? ""), to: "recipes/keys/\(name).pem")
  }

  /// `keys/db.key` and `recipes/keys/db.pem`.
  func makeSecureBootPair() async throws {
    try await openssl(
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "keys/db.key", "-out",
      "recipes/keys/db.pem", "-days", "3650", "-subj", "/CN=Test firmware key")
  }

  /// An EFI program without a signature, of Debian's package ipxe.
  static func program() throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: "/usr/lib/ipxe/snponly.efi"))
  }

  /// True when openssl accepts a file's signature with the root alone.
  func accepts(_ path: String) async -> Bool {
    let verify = [
      "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "out/\(path).sig",
      "-content",
      "out/\(path)", "-CAfile", "recipes/keys/root.pem", "-purpose", "any", "-out", "/dev/null",
    ]
    return (try? await mustRun(verify, in: site.folder)) != nil
  }
}
