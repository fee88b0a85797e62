import BuildEngine
import DiskWriter
import Recipes
import SystemPackage

/// An image that is in the content store, open.
struct StickImage: Sendable {
  var source: ImageWrite.Image
  /// How many actions its plan has.
  var actionCount: Int

  func close() {
    // Opened for reading only.
    try? source.file.close()
  }
}

/// Chooses and makes what goes onto a stick. The output tree stays as it is.
struct StickImages: Sendable {
  let site: SiteOptions
  let build: BuildOptions
  let console: Console

  enum Made: Sendable {
    case image(StickImage)
    /// Why has been said.
    case failed(ExitStatus)
  }

  private var loader: SiteLoader {
    SiteLoader(
      site: site, isLocked: build.locked, isOffline: build.offline,
      allowsPrebuilt: build.allowPrebuilt, savesLock: !build.dryRun,
      note: { console.printNotes([$0]) })
  }

  func recipes() async throws -> RecipeSet { try await loader.load(resolving: false).recipes }

  /// The target that was asked for, or else the one that the recipes suggest.
  func choose(_ wanted: String?, of recipes: RecipeSet) throws -> String {
    if let wanted { return wanted }
    if let name = recipes.suggestedStick { return name }
    let all = recipes.stickImages
    throw BuildError(
      .recipe,
      all.isEmpty ? "no target of the recipes is an image of a stick" : "which image?",
      reason: all.isEmpty ? nil : "the recipes have \(all.joined(separator: ", ").printable)",
      advice: all.isEmpty
        ? "add one with image: or with ipxe: bin/ipxe.usb, or name a target with --image"
        : "name one: --image \((all.first ?? "").printable)")
  }

  /// Makes a target.
  ///
  /// - Throws: `BuildError`, `RecipeErrors`, `CancellationError`.
  func make(_ name: String) async throws -> Made {
    let loaded = try await loader.load([name])
    console.show(warnings: loaded.recipes.warnings)
    let plan = try loaded.plan([name])
    guard plan.targets.map(\.path) == [name] else {
      throw BuildError(
        .recipe, "\(name.printable) is a folder of targets",
        advice: "name one target of it with --image")
    }
    let session = try BuildSession(
      cache: try CacheDirectory(try site.cache), builtIns: SiteBuild.builtIns,
      options: build.session, sink: { console.receive($0) })
    defer { session.close() }
    let (result, image) = try await console.display(planSize: plan.actions.count) {
      try await session.build(plan) { result in
        try open(result, plan, session)
      }
    }
    if let image { return .image(image) }
    for outcome in result.outcomes { try explain(outcome) }
    return .failed(ExitStatus(result.outcomes))
  }

  /// Opens the blob while the cache is locked against a clean-up; afterwards the open file keeps it.
  private func open(_ result: BuildResult, _ plan: Plan, _ session: BuildSession) throws
    -> StickImage?
  {
    guard let outcome = result.outcomes.first, let artifact = outcome.artifact else { return nil }
    guard case .file(let digest, _) = artifact else {
      throw BuildError(
        .recipe, "\(outcome.path.printable) is no file",
        advice: "name the image of a disk with --image")
    }
    let path = session.store.path(of: digest)
    // Remembered by the file's identity: a large image is not read for it each time.
    if try !session.store.contains(digest) || session.digests.digest(of: path) != digest {
      try session.store.verify(digest)
    }
    let file = try FileSystem.open(path, .readOnly, doing: "read")
    try check(file, path, outcome.path)
    if case .prebuilt(_, let version, let because, let limitation) = outcome.state {
      console.printNotes(["prebuilt: \(version), because \(because)".printable])
      if let limitation { console.printNotes(["limitation: \(limitation)".printable]) }
    }
    return StickImage(
      source: .init(file: file, name: outcome.path, digest: digest),
      actionCount: plan.actions.count)
  }

  /// A disk starts with a boot sector, whatever boots from it (UEFI specification, 5.2).
  private func check(_ file: FileDescriptor, _ path: FilePath, _ name: String) throws {
    var sector = [UInt8](repeating: 0, count: 512)
    let count = try sector.withUnsafeMutableBytes {
      try file.read(fromAbsoluteOffset: 0, into: $0)
    }
    guard count == 512, sector[510] == 0x55, sector[511] == 0xaa else {
      try? file.close()  // opened for reading only
      throw BuildError(
        .recipe, "\(name.printable) is no image of a disk",
        reason: "its first sector does not end in 55 AA",
        advice: "name an image: target, an iPXE .usb or a hybrid .iso with --image")
    }
  }

  private func explain(_ outcome: TargetOutcome) throws {
    guard case .skipped(let because) = outcome.state else { return }
    throw BuildError(.unreachable, "\(outcome.path.printable) could not be made", reason: because)
  }
}

extension TargetOutcome {
  /// What it consists of, when it was made.
  fileprivate var artifact: StoredArtifact? {
    switch state {
    case .built(let artifact), .prebuilt(let artifact, _, _, _): artifact
    case .skipped, .failed, .notReached: nil
    }
  }
}
