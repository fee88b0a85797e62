import BuildEngine
import SystemPackage

/// Finds out which version of a package the machine's own release offers.
///
/// Not cacheable: the release moves on. What was found before is remembered by digest, so that a
/// locked package is found again when apt no longer offers it.
///
/// Parameters: `package`, `locked`, `locked-version`, `locked-sha256`. Output: `package.txt`.
struct DebResolve: BuiltIn {
  let name = "deb-resolve"
  let version = 1

  func run(_ invocation: BuiltInInvocation) async throws {
    let name = try invocation.parameter("package")
    guard DebianPackage.isName(name) else {
      throw BuildError(
        .recipe, "'\(name.printable)' is not a name of a Debian package",
        advice: "package names have lower-case letters, digits, '+', '-' and '.'")
    }
    let memory = PackageMemory(cacheDirectory: invocation.context.cacheDirectory)
    let package: DebianPackage
    if let vendor = try invocation.vendor,
      let vendored = try vendor.package(
        name, sha256: invocation.optionalParameter("locked-sha256")?.lowercased())
    {
      package = vendored
    } else if try invocation.flag("locked") {
      package = try await locked(name, invocation, memory)
    } else {
      guard let offered = try await Apt(for: name, in: invocation).offer(name) else {
        throw unknown(name)
      }
      package = offered
    }
    try memory.remember(package)
    try invocation.write(package.text, to: "package.txt")
  }

  private func locked(
    _ name: String, _ invocation: BuiltInInvocation, _ memory: PackageMemory
  ) async throws -> DebianPackage {
    let sha256 = try invocation.parameter("locked-sha256").lowercased()
    let version = try invocation.parameter("locked-version")
    guard Digest(hex: sha256, size: 0) != nil, DebianPackage.isVersion(version) else {
      throw BuildError(
        .recipe, "the lock file pins no usable version of the Debian package \(name)",
        reason: "version '\(version.printable)', sha256 '\(sha256.printable)'",
        advice: "run pxebuild lock")
    }
    if let package = try memory.recall(name, sha256: sha256) { return package }
    let apt = try Apt(for: name, in: invocation)
    if let package = try await apt.offer(name, version: version), package.sha256 == sha256 {
      return package
    }
    guard let offered = try await apt.offer(name) else { throw unknown(name) }
    throw BuildError(
      .unreachable, "the locked version of the Debian package \(name) is not to be had",
      reason: """
        the lock file pins \(version), sha256 \(sha256)
        apt offers         \(offered.version), sha256 \(offered.sha256)
        """,
      advice: "take what apt offers with pxebuild lock --update, or build where the locked one is")
  }

  private func unknown(_ name: String) -> BuildError {
    BuildError(
      .unreachable, "cannot get the Debian package \(name)",
      reason: "apt knows no package of that name",
      advice: "check the name, the network and /etc/apt/sources.list (on Ubuntu: is 'universe' on?)"
    )
  }
}

/// The packages that were resolved before, one small file each.
struct PackageMemory {
  private let folder: FilePath

  init(cacheDirectory: FilePath) {
    folder = cacheDirectory.appending("apt").appending("resolved")
  }

  func recall(_ name: String, sha256: String) throws -> DebianPackage? {
    guard let bytes = try CheckedFile.read(file(name, sha256)) else { return nil }
    // A damaged file counts as none: apt is asked again.
    let package = DebianPackage(text: String(decoding: bytes, as: UTF8.self))
    return package?.name == name && package?.sha256 == sha256 ? package : nil
  }

  func remember(_ package: DebianPackage) throws {
    try FileSystem.createDirectories(folder)
    try CheckedFile.write(package.text.utf8, to: file(package.name, package.sha256))
  }

  private func file(_ name: String, _ sha256: String) -> FilePath {
    folder.appending("\(name)_\(sha256).txt")
  }
}
