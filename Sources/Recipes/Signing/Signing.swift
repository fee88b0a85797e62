extension Site {
  /// Signatures for iPXE's `imgverify` (`signing:`).
  public struct Signing: Sendable, Equatable {
    /// The signer's certificate, then those that lead from it to one that iPXE trusts (PEM).
    public var certificate: CertificateFile
    /// Paths in the tree of what is signed beside scripts and what they load.
    public var files: [LocatedText]
    /// True when menus verify what they load and let nothing run that is not signed.
    public var verifies: Bool

    /// The path of a file's signature.
    public static func signature(of path: String) -> String { path + ".sig" }

    /// The path of the file that a signature is of; nil for a path that is no signature's.
    static func signedFile(of path: String) -> String? {
      path.hasSuffix(".sig") && path.utf8.count > 4 ? String(path.dropLast(4)) : nil
    }
  }

  /// Signatures for UEFI Secure Boot (`secure-boot:`).
  public struct SecureBoot: Sendable, Equatable {
    /// The private key (PEM), which may be absent from this machine.
    public var key: LocatedText
    /// What the machines' firmware has among its certificates (PEM).
    public var certificate: CertificateFile
    /// The targets to sign; nil for every EFI program that is compiled.
    public var targets: [LocatedText]?
  }
}

/// A text, or an absolute path, and where it was written.
public struct LocatedText: Sendable, Equatable {
  public var text: String
  public var location: SourceLocation

  public static func == (left: LocatedText, right: LocatedText) -> Bool { left.text == right.text }
}

/// A file with certificates, as it was when the recipes were read.
public struct CertificateFile: Sendable, Equatable {
  /// Absolute.
  public var path: String
  public var location: SourceLocation
  /// In DER, in the order of the file; never empty.
  public var certificates: [[UInt8]]

  public static func == (left: CertificateFile, right: CertificateFile) -> Bool {
    left.path == right.path && left.certificates == right.certificates
  }
}

/// The keys of `signing:` and `secure-boot:`.
enum SigningKeys {
  static let certificate = Key(
    "certificate", .certificateFile, isRequired: true,
    "The signer's certificate, then those that lead from it to one that iPXE trusts (PEM).")
  static let files = Key(
    "files", .oneOrList(.treePath),
    "What to sign beside scripts and what they load: targets, or paths inside them.")
  static let verify = Key(
    "verify", .boolean,
    "true: menus verify what they load, and let nothing run that is not signed.")

  static let record = RecordDescription(keys: [
    certificate.description, files.description, verify.description,
  ])

  static let key = Key(
    "key", .secretFile, isRequired: true, "The private key (PEM), outside of everything served.")
  static let bootCertificate = Key(
    "certificate", .certificateFile, isRequired: true,
    "The certificate that the machines' firmware trusts (PEM).")
  static let targets = Key(
    "targets", .oneOrList(.treePath),
    "The targets to sign; every EFI program that is compiled, when left out.")

  static let bootRecord = RecordDescription(keys: [
    key.description, bootCertificate.description, targets.description,
  ])
}

extension ValueType<Site.Signing> {
  static var signing: ValueType {
    ValueType(name: "a mapping", schema: SigningKeys.record.schema) { value, checker in
      guard
        let record = checker.record(
          SigningKeys.record, "site.signing", value, example: "signing: {certificate: signer.pem}"),
        let certificate = record[SigningKeys.certificate]
      else { return nil }
      return Site.Signing(
        certificate: certificate, files: record[SigningKeys.files] ?? [],
        verifies: record[SigningKeys.verify] ?? false)
    }
  }
}

extension ValueType<Site.SecureBoot> {
  static var secureBoot: ValueType {
    ValueType(name: "a mapping", schema: SigningKeys.bootRecord.schema) { value, checker in
      guard
        let record = checker.record(
          SigningKeys.bootRecord, "site.secure-boot", value,
          example: "secure-boot: {key: /etc/pxebuild/db.key, certificate: db.pem}"),
        let key = record[SigningKeys.key], let certificate = record[SigningKeys.bootCertificate]
      else { return nil }
      return Site.SecureBoot(
        key: key, certificate: certificate, targets: record[SigningKeys.targets])
    }
  }
}

extension Checker {
  /// A mapping of a site's; nil after a diagnostic.
  fileprivate mutating func record(
    _ description: RecordDescription, _ owner: String, _ value: LocatedValue, example: String
  ) -> Record? {
    guard case .mapping(let mapping) = value else {
      error(
        "expected a mapping, found \(value.kindName)", at: value.location, help: "write \(example)")
      return nil
    }
    let record = description.read(mapping, owner: owner, at: value.location, &self)
    return record.isComplete ? record : nil
  }
}

extension ValueType<LocatedText> {
  /// A path in the output tree.
  static var treePath: ValueType {
    .scalar("a target, or a path inside one", schema: anyScalarSchema) { text, scalar, checker in
      if let problem = TargetPath.problem(with: text) {
        checker.error(
          "expected a target, or a path inside one: \(problem)", at: scalar.location,
          help: "write the path in the output tree, like rescue/vmlinuz")
        return nil
      }
      return LocatedText(text: text, location: scalar.location)
    }
  }

  /// A file that need not be there: a machine that only checks recipes has no private keys.
  static var secretFile: ValueType {
    .scalar("a path", schema: anyScalarSchema) { text, scalar, checker in
      guard !text.isEmpty, !text.utf8.contains(0) else {
        checker.error("expected a path, found \(quoted(text))", at: scalar.location)
        return nil
      }
      return LocatedText(
        text: absolutePath(text, from: scalar.location.file.folder), location: scalar.location)
    }
  }
}

extension ValueType<CertificateFile> {
  /// A file with certificates and without a private key: certificates are sent to everybody.
  static var certificateFile: ValueType {
    let file = ValueType<LocalPath>.localPath
    return ValueType(name: "a file with certificates", schema: file.schema) { value, checker in
      guard let found = file.read(value, &checker) else { return nil }
      checker.filesRead.append(found.path)
      guard case .success(let bytes) = LocalFile.read(found.path, atMost: 1 << 20) else {
        checker.error("cannot read the certificate \(quoted(found.path))", at: found.location)
        return nil
      }
      let pem = PEMText(bytes)
      if pem.hasPrivateKey {
        checker.error(
          "the file with the certificate holds a private key too", at: found.location,
          help: "keep the key in a file of its own, which only you can read")
        return nil
      }
      guard !pem.certificates.isEmpty, !pem.isDamaged else {
        checker.error(
          "the file holds no certificate in PEM form", at: found.location,
          help: "it starts with -----BEGIN CERTIFICATE-----; "
            + "openssl x509 -inform DER -in FILE -out FILE.pem makes it of a .der or .crt file")
        return nil
      }
      return CertificateFile(
        path: found.path, location: found.location, certificates: pem.certificates)
    }
  }
}
