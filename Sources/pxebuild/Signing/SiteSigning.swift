import BuildEngine
import BuiltIns
import Recipes
import SystemPackage

/// Signing, the step between a build and its output tree: what was built stays in the cache as it came out, and what is
/// served has signatures beside it or, for Secure Boot, in it.
///
/// A signature is kept as long as the bytes under it and the certificates are the same, so a build without changes
/// needs no key.
struct SiteSigning: Sendable {
  /// What the manifest calls the rule of a signature.
  static let rule = "signature"

  let recipes: RecipeSet
  /// Nil when nothing new can be signed now: no key was given.
  private let signer: DetachedSigner?
  private let programSigner: ProgramSigner?
  /// For people; nil when nothing is signed for iPXE.
  private let subject: String?
  /// What is suspicious of keys and certificates.
  private(set) var warnings: [Diagnostic] = []

  /// Nil for a site where nothing is signed. Looks at keys and certificates.
  ///
  /// - Parameters:
  ///   - key: What `--sign` says.
  ///   - looksOnly: True when nothing will be signed, so that keys may be absent.
  /// - Throws: `RecipeErrors` with all that is wrong with them.
  init?(_ loaded: LoadedSite, key: PrivateKeyFile?, looksOnly: Bool) async throws {
    let site = loaded.recipes.site
    guard site.signing != nil || site.secureBoot != nil || key != nil else { return nil }
    recipes = loaded.recipes
    var check = KeyCheck(loaded)
    var extra: [Diagnostic] = []
    if let signing = site.signing {
      let certificate = try await check.certificate(
        signing.certificate, for: .detached, isSigning: key != nil)
      if let key {
        try await check.check(
          key, for: .detached, certificate, of: signing.certificate, at: nil)
      }
      subject = certificate?.subject
      signer = key.map {
        DetachedSigner(key: $0, certificates: FilePath(signing.certificate.path))
      }
    } else {
      (subject, signer) = (nil, nil)
      if key != nil {
        extra.append(
          Diagnostic(
            "--sign needs a certificate, and the recipes name none", at: nil,
            help: "add signing: {certificate: FILE} to site: (docs/signing.md)"))
      }
    }
    if let secureBoot = site.secureBoot, !looksOnly {
      let key = SigningOptions.key(FilePath(secureBoot.key.text))
      let certificate = try await check.certificate(
        secureBoot.certificate, for: .programs, isSigning: true)
      try await check.check(
        key, for: .programs, certificate, of: secureBoot.certificate, at: secureBoot.key.location)
      programSigner = ProgramSigner(
        key: key, certificate: FilePath(secureBoot.certificate.path))
    } else {
      programSigner = nil
    }
    let all = extra + check.diagnostics
    if all.contains(where: { $0.severity == .error }) { throw RecipeErrors(all) }
    warnings = all
  }

  /// What signing made of a build.
  struct Result: Sendable {
    var targets: [TreeTarget]
    /// The paths of files that were signed now, for iPXE and for Secure Boot.
    var signed: [String] = []
    var signedPrograms: [String] = []
    /// The paths of files that lack a signature.
    var unsigned: [String] = []
  }

  /// Signs what has to be signed of the targets that a build made, and adds a target for each signature.
  ///
  /// - Parameters:
  ///   - keeping: The paths of targets whose files stay in the tree as they are.
  ///   - isPreview: Sign nothing.
  func sign(
    _ wanted: [TreeTarget], keeping: Set<String>, in tree: OutputTree, _ session: BuildSession,
    isPreview: Bool = false
  ) async throws -> Result {
    let step = SignatureStep(
      recipes: recipes, old: try tree.manifest(), tree: tree, session: session,
      signer: isPreview ? nil : signer, programSigner: isPreview ? nil : programSigner)
    return try await step.run(wanted, keeping: keeping)
  }

  /// A manifest as it was before signing: without signatures, and with the digests that signed programs had.
  static func unsigned(_ manifest: Manifest) -> Manifest {
    var manifest = manifest
    manifest.targets.removeAll { $0.rule == rule }
    for target in manifest.targets.indices {
      for file in manifest.targets[target].files.indices {
        guard let signature = manifest.targets[target].files[file].signature else { continue }
        manifest.targets[target].files[file].sha256 = signature.sha256
        manifest.targets[target].files[file].size = signature.size
        manifest.targets[target].files[file].signature = nil
      }
    }
    return manifest
  }

  // MARK: Words

  /// Lines about what was signed.
  func notes(_ result: Result) -> [String] {
    [
      (result.signed, "file", subject.map { " as \($0.printable)" } ?? ""),
      (result.signedPrograms, "program", " for Secure Boot"),
    ].filter { !$0.0.isEmpty }.map { paths, noun, how in
      "signed \(countText(paths.count, noun))\(how): \(Self.listed(paths))"
    }
  }

  /// What is to be said of files that lack a signature.
  func warnings(about result: Result) -> [Diagnostic] {
    guard !result.unsigned.isEmpty, let signing = recipes.site.signing else { return [] }
    let isOne = result.unsigned.count == 1
    return [
      Diagnostic(
        "\(countText(result.unsigned.count, "file")) \(isOne ? "has" : "have") no signature: "
          + Self.listed(result.unsigned),
        severity: .warning, at: signing.certificate.location,
        notes: signing.verifies
          ? [.init("menus let no machine load \(isOne ? "it" : "them")")] : [],
        help: "sign with pxebuild all --sign KEY")
    ]
  }

  private static func listed(_ paths: [String]) -> String {
    let shown = paths.prefix(4).map(\.printable).joined(separator: ", ")
    return paths.count > 4 ? "\(shown) and \(paths.count - 4) more" : shown
  }
}

extension SiteSigning.Result {
  /// The objects of `--json`.
  func json(at time: Double) -> [JSON] {
    [("imgverify", signed), ("secure-boot", signedPrograms)].filter { !$0.1.isEmpty }.map {
      .object([
        "event": .string("signed"), "time": .seconds(time), "for": .string($0.0),
        "files": .array($0.1.map(JSON.string)),
      ])
    }
  }
}

extension Console {
  /// Says what was signed, and what still has to be.
  func show(_ result: SiteSigning.Result, of signing: SiteSigning) {
    if mode == .json {
      result.json(at: seconds).forEach(printEvent)
    } else {
      printNotes(signing.notes(result))
    }
    show(warnings: signing.warnings(about: result))
  }
}
