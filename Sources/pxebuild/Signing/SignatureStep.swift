import BuildEngine
import BuiltIns
import Recipes
import SystemPackage

/// One run of signing over the files that are going to be served.
struct SignatureStep {
  let recipes: RecipeSet
  /// Of the tree as it stands.
  let old: Manifest
  let tree: OutputTree
  let session: BuildSession
  /// Nil when no new signatures can be made.
  let signer: DetachedSigner?
  let programSigner: ProgramSigner?

  /// A file that is going to be served.
  private struct Served {
    var digest: Digest
    var isEntryPoint: Bool
    /// True for a target that is one file.
    var isWhole: Bool
    /// True when this build does not make it.
    var isKept: Bool
  }

  func run(_ wanted: [TreeTarget], keeping: Set<String>) async throws -> SiteSigning.Result {
    var result = SiteSigning.Result(targets: wanted)
    try await signPrograms(&result)
    guard let signing = recipes.site.signing else { return result }
    let served = try files(result.targets, keeping: keeping)
    let certificates = signing.certificate.certificates.map { Digest(of: $0).hex }
    let placed = Dictionary(
      old.targets.filter { $0.rule == SiteSigning.rule }.flatMap(\.files).map { ($0.path, $0) },
      uniquingKeysWith: { $1 })
    let targets = Set(result.targets.map(\.path)).union(
      keeping.intersection(old.targets.map(\.path)))
    for path in try paths(in: served, targets, signing).sorted() {
      guard let file = served[path] else { continue }
      let name = Site.Signing.signature(of: path)
      let signature = Manifest.Signature(of: file.digest, certificates: certificates)
      let digest: Digest
      if let known = placed[name], known.signature == signature, let kept = known.digest,
        try isAtHand(kept, name)
      {
        digest = kept
      } else if let signer, let place = try place(of: file, path) {
        let bytes = try await signer.sign(place, name: path)
        digest = try session.store.insert(bytes)
        result.signed.append(path)
      } else {
        result.unsigned.append(path)
        continue
      }
      result.targets.append(
        target(name, digest, signature, isEntryPoint: file.isEntryPoint))
    }
    return result
  }

  private func target(
    _ path: String, _ digest: Digest, _ signature: Manifest.Signature, isEntryPoint: Bool
  ) -> TreeTarget {
    var entry = Manifest.Target(path: path, rule: SiteSigning.rule, state: .made)
    (entry.sources, entry.tools) = ([], [])
    var target = TreeTarget(
      path: path, artifact: .file(digest, executable: false), isEntryPoint: isEntryPoint,
      entry: entry)
    target.signatures[""] = signature
    return target
  }

  // MARK: Secure Boot

  private func signPrograms(_ result: inout SiteSigning.Result) async throws {
    guard let secureBoot = recipes.site.secureBoot else { return }
    let wanted = recipes.secureBootTargets
    let certificates = secureBoot.certificate.certificates.prefix(1).map { Digest(of: $0).hex }
    for index in result.targets.indices where wanted.contains(result.targets[index].path) {
      let path = result.targets[index].path
      guard case .stored(.file(let digest, let isExecutable)) = result.targets[index].content else {
        throw BuildError(
          .recipe, "\(path.printable) cannot be signed for Secure Boot",
          reason: "it is not one file", advice: "remove it from targets: of site.secure-boot")
      }
      let signature = Manifest.Signature(of: digest, certificates: certificates)
      let known = old.targets.first { $0.path == path }?.files.first
      let signed: Digest
      if let known, known.path == path, known.signature == signature, let kept = known.digest,
        try isAtHand(kept, path)
      {
        signed = kept
      } else if let programSigner {
        signed = try await sign(digest, path, programSigner)
        result.signedPrograms.append(path)
      } else {
        continue
      }
      result.targets[index].content = .stored(.file(signed, executable: isExecutable))
      result.targets[index].signatures[""] = signature
    }
  }

  private func sign(
    _ digest: Digest, _ path: String, _ signer: ProgramSigner
  ) async throws -> Digest {
    let work = try WorkDirectory(in: session.cache)
    defer { try? work.remove() }  // what stays, the next build removes
    let output = work.path.appending("signed")
    try session.store.verify(digest)
    try await signer.sign(session.store.path(of: digest), name: path, to: output)
    return try session.store.insert(moving: output)
  }

  // MARK: Which files

  /// Everything that will stand in the tree: what a build made, and what stays.
  private func files(_ targets: [TreeTarget], keeping: Set<String>) throws -> [String: Served] {
    var files: [String: Served] = [:]
    let replaced = Set(targets.map(\.path))
    for target in old.targets
    where keeping.contains(target.path) && !replaced.contains(target.path)
      && target.rule != SiteSigning.rule && target.rule != SiteRecords.rule
    {
      for file in target.files {
        guard let digest = file.digest else { continue }
        files[file.path] = Served(
          digest: digest, isEntryPoint: target.isEntryPoint == true,
          isWhole: file.path == target.path, isKept: true)
      }
    }
    for target in targets {
      guard case .stored(let artifact) = target.content else { continue }
      for leaf in try session.store.leaves(of: artifact) {
        guard case .file(let digest, _) = leaf.artifact else { continue }
        files[leaf.path.isEmpty ? target.path : "\(target.path)/\(leaf.path)"] = Served(
          digest: digest, isEntryPoint: target.isEntryPoint, isWhole: leaf.path.isEmpty,
          isKept: false)
      }
    }
    return files
  }

  /// No script is larger than this.
  private static let largestScript: Int64 = 16 << 20

  /// Scripts, what they load, and what the recipes name.
  ///
  /// - Parameter targets: The paths of all targets that will stand in the tree.
  private func paths(
    in served: [String: Served], _ targets: Set<String>, _ signing: Site.Signing
  ) throws -> Set<String> {
    var paths: Set<String> = []
    for (path, file) in served
    where file.isEntryPoint || file.isWhole && file.digest.size <= Self.largestScript {
      // The mark first: most files are none, and hashing them all would take its time.
      guard let found = try place(of: file, path, isVerified: false), try isScript(found),
        let place = try place(of: file, path), let bytes = try FileSystem.read(place),
        let loaded = recipes.filesLoaded(byScript: bytes, at: path)
      else { continue }
      paths.insert(path)
      paths.formUnion(loaded)
    }
    for file in signing.files {
      guard served[file.text] == nil else {
        paths.insert(file.text)
        continue
      }
      // A target that was left out has said so itself.
      guard targets.contains(where: { file.text == $0 || file.text.hasPrefix($0 + "/") }) else {
        continue
      }
      throw RecipeErrors([
        Diagnostic(
          "\"\(file.text)\" is no file that can be signed", at: file.location,
          help: "name a file; of a folder, each one that machines load")
      ])
    }
    return paths
  }

  // MARK: Bytes

  private func isScript(_ file: FilePath) throws -> Bool {
    let open = try FileSystem.open(file, .readOnly, doing: "read")
    defer { try? open.close() }  // opened for reading only
    var start = [UInt8](repeating: 0, count: 7)
    let count = try start.withUnsafeMutableBytes { try open.read(into: $0) }
    return count == 7 && start.starts(with: "#!ipxe".utf8)
  }

  /// Where a file's bytes are: in the store, else in the tree. Nil for a file of a target that was not asked for and whose
  /// bytes are gone, which is not this build's to mend.
  ///
  /// - Throws: `LostBlob` for any other, which the build then makes again.
  private func place(
    of file: Served, _ path: String, isVerified: Bool = true
  ) throws -> FilePath? {
    let stored = session.store.path(of: file.digest)
    if try session.store.contains(file.digest) {
      if isVerified { try session.store.verify(file.digest) }
      return stored
    }
    let placed = tree.directory.pushing(FilePath(path))
    if let identity = try FileIdentity.of(placed), identity.kind == .regular,
      identity.size == file.digest.size,
      try !isVerified || ContentStore.digest(ofFile: placed) == file.digest
    {
      return placed
    }
    if file.isKept { return nil }
    try session.store.verify(file.digest)
    return stored
  }

  /// True when a signature that was made before is in the store, or can be put back there from the tree.
  private func isAtHand(_ digest: Digest, _ path: String) throws -> Bool {
    if try session.store.contains(digest) { return true }
    let file = tree.directory.pushing(FilePath(path))
    guard try FileIdentity.of(file)?.kind == .regular,
      try ContentStore.digest(ofFile: file) == digest
    else { return false }
    return try session.store.insert(copying: file) == digest
  }
}
