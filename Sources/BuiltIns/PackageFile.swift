import BuildEngine
import Downloads
import SystemPackage

/// The file of a Debian package whose digest is known.
enum PackageFile {
  /// The package that the input `package.txt` describes.
  static func described(in invocation: BuiltInInvocation) throws -> DebianPackage {
    let text = String(decoding: try invocation.inputBytes("package.txt"), as: UTF8.self)
    guard let package = DebianPackage(text: text), DebianPackage.isName(package.name),
      DebianPackage.isVersion(package.version)
    else {
      throw BuildError(
        .failed, "\(invocation.request.name) cannot run",
        reason: "its input 'package.txt' does not describe a package",
        advice: "this is a fault of the rule \(invocation.request.rule.name), please report it")
    }
    return package
  }

  static func fetch(
    _ package: DebianPackage, _ invocation: BuiltInInvocation
  ) async throws -> FilePath {
    if let vendored = try invocation.vendor?.file(of: package) { return vendored }
    let file = invocation.scratchDirectory.appending("package.deb")
    var unreachable: BuildError?
    if WebAddress(package.url) != nil {
      do {
        try await invocation.downloader.download(
          Download(urls: [package.url], sha256: package.sha256), to: file,
          progress: invocation.progress, note: invocation.note)
        return file
      } catch let error as BuildError where error.kind == .unreachable {
        if invocation.context.isOffline { throw error }
        unreachable = error
      }
    }
    // A transport, a proxy or credentials that only apt knows.
    let apt = try Apt(for: package.name, in: invocation)
    switch try await apt.download(package, into: invocation.scratchDirectory) {
    case .success(let file):
      let digest = try await onOwnThread { try ContentStore.digest(ofFile: file) }
      guard digest.hex == package.sha256 else {
        throw BuildError(
          .failed, "apt gave another file than it announced for \(package.name)",
          reason: "expected sha256 \(package.sha256)\ngot      sha256 \(digest.hex)",
          advice: "run apt-get update; if it stays so, do not trust that mirror")
      }
      return file
    case .failure(let refusal):
      throw unreachable
        ?? BuildError(
          .unreachable, "cannot get the Debian package \(package.name) \(package.version)",
          reason: refusal.reason, advice: "check the network and run apt-get update")
    }
  }
}

/// A Debian package as it is, to be laid down beside other sources.
///
/// Input: `package.txt`, as `deb-resolve` writes it. Output: `file`.
struct DebFile: BuiltIn {
  let name = "deb-file"
  let version = 1

  func run(_ invocation: BuiltInInvocation) async throws {
    let package = try PackageFile.described(in: invocation)
    let file = try await PackageFile.fetch(package, invocation)
    try invocation.keepCopy(of: file, executable: false, at: "file")
  }
}
