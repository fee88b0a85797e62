import BuildEngine
import BuiltIns
import FoundationEssentials
import Glibc
import Recipes
import SystemPackage

/// What can be wrong with a private key and the certificate beside it, told before anything is built.
struct KeyCheck {
  /// What a pair is for, which decides what its certificate has to say.
  enum Purpose: Sendable {
    /// CMS signatures that iPXE verifies.
    case detached
    /// Secure Boot.
    case programs
  }

  private let loaded: LoadedSite
  private(set) var diagnostics: [Diagnostic] = []

  init(_ loaded: LoadedSite) { self.loaded = loaded }

  // MARK: Certificates

  /// Nil after a diagnostic.
  ///
  /// - Parameter isSigning: False when a key that goes with it is not at hand, and nothing will be signed now.
  mutating func certificate(
    _ file: CertificateFile, for purpose: Purpose, isSigning: Bool, now: Int64 = Int64(time(nil))
  ) async throws -> SigningCertificate? {
    let certificate: SigningCertificate
    do { certificate = try await SigningCertificate.read(FilePath(file.path)) } catch let error
      as BuildError
    {
      add(error, at: file.location)
      return nil
    }
    // Firmware looks at neither time nor usage.
    guard purpose == .detached else { return certificate }
    checkTime(of: certificate, file, isSigning: isSigning, now)
    if certificate.signs == .stated(false) || certificate.signs == .unstated {
      error(
        "the certificate of site.signing may not sign", at: file.location,
        note: "iPXE wants its keyUsage to have digitalSignature",
        help: "make it anew with keyUsage=critical,digitalSignature (docs/signing.md)")
    }
    if certificate.signsCode != .stated(true) {
      error(
        "the certificate of site.signing is not for signing code", at: file.location,
        note: "iPXE wants its extendedKeyUsage to have codeSigning",
        help: "make it anew with extendedKeyUsage=codeSigning (docs/signing.md)")
    }
    if !certificate.isRSA {
      error(
        "the certificate of site.signing is not of an RSA key", at: file.location,
        note: "with other kinds a signature has other bytes each time, and older iPXE knows none",
        help: "make a key with openssl genrsa (docs/signing.md)")
    }
    return certificate
  }

  private mutating func checkTime(
    of certificate: SigningCertificate, _ file: CertificateFile, isSigning: Bool, _ now: Int64
  ) {
    let days = (certificate.notAfter - now) / 86_400
    if certificate.notAfter <= now {
      diagnostics.append(
        Diagnostic(
          "the certificate of site.signing ended on \(dateText(certificate.notAfter))",
          severity: isSigning ? .error : .warning, at: file.location,
          notes: [.init("iPXE refuses what is signed with it")],
          help: "make a new one for the same key or another (docs/signing.md)"))
    } else if certificate.notBefore > now {
      diagnostics.append(
        Diagnostic(
          "the certificate of site.signing begins on \(dateText(certificate.notBefore))",
          severity: .warning, at: file.location,
          help:
            "see that this machine's clock is right; until then iPXE refuses what is signed with it"
        ))
    } else if days < 30 {
      diagnostics.append(
        Diagnostic(
          "the certificate of site.signing ends on \(dateText(certificate.notAfter))",
          severity: .warning, at: file.location,
          help: "from then on iPXE refuses what is signed with it: make a new one (docs/signing.md)"
        ))
    }
  }

  // MARK: Keys

  /// Whether a key can sign for a certificate, and stands where it may.
  ///
  /// - Parameter place: Where the recipes name the key; nil for the command's option.
  mutating func check(
    _ key: PrivateKeyFile, for purpose: Purpose, _ certificate: SigningCertificate?,
    of file: CertificateFile, at place: SourceLocation?
  ) async throws {
    let name = try SiteConfigs.resolved(key.path).printable
    let pem: PEMText
    do {
      guard let identity = try FileIdentity.of(key.path, followingLinks: true) else {
        return error(
          "there is no private key \(name)", at: place,
          help: place == nil
            ? "name the file with --sign KEY" : "name the file with key: in site.secure-boot")
      }
      // A pipe could be read once only, and no key is as large as that.
      let isFile = identity.kind == .regular && identity.size <= 1 << 20
      pem = PEMText(try isFile ? FileSystem.read(key.path) ?? [] : [])
    } catch let error as BuildError {
      return add(error, at: place)
    }
    guard pem.hasPrivateKey else {
      return error(
        "\(name) holds no private key in PEM form", at: place,
        help: "it starts with -----BEGIN PRIVATE KEY-----")
    }
    try await checkPlace(of: key, at: place)
    if pem.isEncrypted, purpose == .programs {
      return error(
        "\(name) has a pass phrase, which sbsign asks a person for", at: place,
        help: "keep a copy without one where only root can read it: openssl pkey -in KEY -out COPY")
    }
    if pem.isEncrypted, !key.hasPassPhrase {
      return error(
        "\(name) has a pass phrase", at: place,
        help: "put it into the variable \(PrivateKeyFile.passPhraseVariable) of the environment")
    }
    guard let publicKey = try await key.publicKey() else {
      return error(
        pem.isEncrypted
          ? "the pass phrase of \(name) is another one" : "openssl cannot read \(name)",
        at: place,
        help: pem.isEncrypted
          ? "look at the variable \(PrivateKeyFile.passPhraseVariable)"
          : "look at it with openssl pkey -in \(name) -check -noout")
    }
    guard let certificate, certificate.publicKey != publicKey else { return }
    error(
      "\(name) is not the key of the certificate", at: place,
      note: "the certificate is \(certificate.subject)", noteAt: file.location,
      help: "name the key that the certificate was made for")
  }

  private mutating func checkPlace(of key: PrivateKeyFile, at place: SourceLocation?) async throws {
    let real = try SiteConfigs.resolved(key.path)
    let name = real.printable
    if real.starts(with: try SiteConfigs.resolved(try loaded.output)) {
      error(
        "the private key \(name) is in the tree that is served", at: place,
        help: "move it where no server reads, and make another: this one may be known")
    } else if let target = loaded.recipes.target(serving: real.string) {
      error(
        "the private key \(name) is in what target \"\(target.path)\" serves", at: place,
        note: "the target is defined here", noteAt: target.location,
        help: "move it where no server reads, and make another: this one may be known")
    }
    if let mode = try FileIdentity.of(real)?.mode, mode & 0o077 != 0 {
      warn(
        "the private key \(name) can be read by others than its owner", at: place,
        help: "chmod 600 \(name)")
    }
    if try await GitExclusion.wouldTake(real) {
      warn(
        "git would take the private key \(name) along with the recipes", at: place,
        help: "move it out of the repository, or name it in .gitignore")
    }
  }

  // MARK: Words

  /// The day in UTC: "2026-11-26".
  private func dateText(_ seconds: Int64) -> String {
    String(Date(timeIntervalSince1970: Double(seconds)).ISO8601Format().prefix(10))
  }

  private mutating func error(
    _ message: String, at place: SourceLocation?, note: String? = nil,
    noteAt: SourceLocation? = nil, help: String
  ) {
    let notes = note.map { [Diagnostic.Note($0, at: noteAt)] } ?? []
    diagnostics.append(Diagnostic(message, at: place, notes: notes, help: help))
  }

  private mutating func warn(_ message: String, at place: SourceLocation?, help: String) {
    diagnostics.append(Diagnostic(message, severity: .warning, at: place, help: help))
  }

  private mutating func add(_ error: BuildError, at place: SourceLocation?) {
    diagnostics.append(
      Diagnostic(
        error.message, at: place, notes: error.reason.map { [Diagnostic.Note($0)] } ?? [],
        help: error.advice))
  }
}
