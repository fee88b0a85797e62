import Archives
import BuildEngine
import Downloads
import SystemPackage

/// Downloads and unpacks a Debian package.
///
/// Input: `package.txt`, as `deb-resolve` writes it. Outputs: `files` (a directory; links to files of
/// the package have become those files) and `version` (the version, and the package's SHA-256 on a second line).
struct DebFetch: BuiltIn {
  let name = "deb-fetch"
  let version = 2

  func run(_ invocation: BuiltInInvocation) async throws {
    let text = String(decoding: try invocation.inputBytes("package.txt"), as: UTF8.self)
    guard let package = DebianPackage(text: text), DebianPackage.isName(package.name),
      DebianPackage.isVersion(package.version)
    else {
      throw BuildError(
        .failed, "\(invocation.request.name) cannot run",
        reason: "its input 'package.txt' does not describe a package",
        advice: "this is a fault of the rule \(invocation.request.rule.name), please report it")
    }
    let file = try await fetch(package, invocation)
    let target = invocation.output("files")
    let archive = Archive(path: file, name: "\(package.name)_\(package.version).deb")
    try await onOwnThread { try archive.unpackDebianPackage(to: target) }
    try invocation.write("\(package.version)\n\(package.sha256)\n", to: "version")
  }

  private func fetch(
    _ package: DebianPackage, _ invocation: BuiltInInvocation
  ) async throws -> FilePath {
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
