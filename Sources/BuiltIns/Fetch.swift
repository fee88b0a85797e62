import BuildEngine
import Downloads
import SystemPackage

/// Downloads one file whose SHA-256 is known.
///
/// Parameters: `url`, `sha256`, `mirrors` (a line each, may be empty), `executable`; or
/// `unreachable`, the reason why nobody could say what its SHA-256 is. Output: `file`.
struct Fetch: BuiltIn {
  let name = "fetch"
  let version = 1

  func run(_ invocation: BuiltInInvocation) async throws {
    if let reason = invocation.optionalParameter("unreachable") {
      let url = WebAddress.withoutCredentials(try invocation.parameter("url"))
      throw BuildError(
        .unreachable, "cannot fetch \(url)", reason: reason,
        advice: "run pxebuild lock once it can be reached, or add its sha256: to the recipe")
    }
    let mirrors = (invocation.optionalParameter("mirrors") ?? "").split(separator: "\n")
    let wanted = Download(
      urls: [try invocation.parameter("url")] + mirrors.map(String.init),
      sha256: try invocation.parameter("sha256"))
    let file = invocation.output("file")
    let isExecutable = try invocation.flag("executable")
    if let vendored = try invocation.vendor?.file(try invocation.parameter("sha256").lowercased()) {
      return try invocation.keepCopy(of: vendored, executable: isExecutable, at: "file")
    }
    try await invocation.downloader.download(
      wanted, to: file, progress: invocation.progress, note: invocation.note)
    if isExecutable { try FileSystem.setMode(file, 0o755) }
  }
}

extension BuiltInInvocation {
  var downloader: Downloader {
    Downloader(
      folder: context.cacheDirectory.appending("downloads"), isOffline: context.isOffline)
  }
}
