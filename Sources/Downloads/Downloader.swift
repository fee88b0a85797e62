import BuildEngine
import CCurl
import Glibc
import SystemPackage

// Policy of a download:
//
// - The mirrors are tried in order. What has arrived is kept in one partial file for all of them,
//   since the digest decides what the right bytes are.
// - A temporary failure (cut, stalled, 408, 425, 429, most 5xx) is tried again after a pause that
//   doubles; a try that brought new bytes starts the count afresh. A final one (404, refused, no
//   such host) goes on to the next mirror.
// - Redirects are followed here, not by libcurl: never from https to http, never to a file.
// - Bytes of a wrong digest are thrown away. When they were joined from two requests, the same
//   mirror gets one more try from zero; else the next mirror's turn comes.

/// Downloads files over libcurl with resume, retries and mirrors, in constant memory.
public struct Downloader: Sendable {
  private let folder: FilePath
  private let isOffline: Bool
  private let limits: DownloadLimits

  /// - Parameter folder: where partial downloads are kept from run to run; made when it is missing.
  public init(folder: FilePath, isOffline: Bool, limits: DownloadLimits = DownloadLimits()) {
    self.folder = folder
    self.isOffline = isOffline
    self.limits = limits
  }

  /// Downloads it to `destination`, which must not exist, and returns its digest.
  ///
  /// - Parameters:
  ///   - progress: called for every chunk that arrives.
  ///   - note: called with one line when a mirror is tried again or given up.
  /// - Throws: `BuildError`: `.unreachable` when no mirror has it, `.failed` when what they have is
  ///   of another digest, `.cannotWrite` for a full disk, `.cancelled`.
  @discardableResult
  public func download(
    _ wanted: Download, to destination: FilePath,
    progress: @escaping @Sendable (Progress) -> Void, note: @escaping @Sendable (String) -> Void
  ) async throws -> Digest {
    let addresses = try addresses(of: wanted)
    try FileSystem.createDirectories(folder)
    let name = wanted.sha256 ?? addresses[0].digest
    return try await withFileLock(folder.appending("\(name).lock")) {
      note("another pxebuild is downloading \(addresses[0].shown), waiting for it")
    } _: {
      let cancellation = Cancellation()
      let session = DownloadSession(
        addresses: addresses, sha256: wanted.sha256, partial: folder.appending("\(name).partial"),
        destination: destination, limits: limits, cancellation: cancellation, progress: progress,
        note: note)
      return try await withTaskCancellationHandler {
        try await onOwnThread { try session.run() }
      } onCancel: {
        cancellation.cancel()
      }
    }
  }

  private func addresses(of wanted: Download) throws -> [WebAddress] {
    let addresses = try wanted.urls.map { url in
      guard let address = WebAddress(url) else {
        throw BuildError(
          .recipe, "cannot fetch \(WebAddress.withoutCredentials(url))",
          reason: "only http, https and file URLs can be fetched")
      }
      return address
    }
    guard let first = addresses.first else {
      throw BuildError(.recipe, "a download needs a URL")
    }
    guard isOffline else { return addresses }
    let local = addresses.filter { $0.scheme == .file }
    guard !local.isEmpty else {
      throw BuildError(
        .unreachable, "cannot fetch \(first.shown)", reason: "nothing may be fetched offline",
        advice: "run it once without --offline; the cache keeps it from then on")
    }
    return local
  }
}
