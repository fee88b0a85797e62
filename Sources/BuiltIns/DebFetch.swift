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
    let package = try PackageFile.described(in: invocation)
    let file = try await PackageFile.fetch(package, invocation)
    let target = invocation.output("files")
    let archive = Archive(path: file, name: "\(package.name)_\(package.version).deb")
    try await onOwnThread { try archive.unpackDebianPackage(to: target) }
    try invocation.write("\(package.version)\n\(package.sha256)\n", to: "version")
  }
}
