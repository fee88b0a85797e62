import BuildEngine
import CCurl
import Glibc
import SystemPackage

/// Must run before any other thread uses libcurl, which a lazily initialised constant sees to.
private let libcurlIsReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

/// One download over all its mirrors; `run` blocks its thread.
struct DownloadSession: Sendable {
  let addresses: [WebAddress]
  let sha256: String?
  let partial: FilePath
  let destination: FilePath
  let limits: DownloadLimits
  let cancellation: Cancellation
  let progress: @Sendable (Progress) -> Void
  let note: @Sendable (String) -> Void

  private struct Mismatch {
    var address: WebAddress
    var digest: Digest
  }

  func run() throws -> Digest {
    guard libcurlIsReady, let multi = curl_multi_init() else {
      throw BuildError(.failed, "cannot start libcurl")
    }
    cancellation.setWaiting(multi)
    defer {
      cancellation.setWaiting(nil)
      curl_multi_cleanup(multi)
    }
    let file = try PartialFile(partial)
    // What an earlier run left may have been damaged since, and without a digest nobody would find out.
    if sha256 == nil, file.count > 0 { try file.reset() }
    var reasons: [String] = []
    var mismatch: Mismatch?
    for (index, address) in addresses.enumerated() {
      var reason = try transfer(address, into: file, multi)
      if reason == nil, isWrong(file), file.isJoined {
        note("the parts of \(address.shown) do not fit together, starting over")
        try file.reset()
        reason = try transfer(address, into: file, multi)
      }
      if reason == nil {
        let digest = file.digest
        guard isWrong(file) else {
          try file.finish(at: destination)
          return digest
        }
        mismatch = mismatch ?? Mismatch(address: address, digest: digest)
        reason = "it has other bytes, sha256 \(digest.hex)"
        try file.reset()
      }
      reasons.append("\(address.shown): \(reason ?? "")")
      if index + 1 < addresses.count {
        note("\(reasons[index]); trying \(addresses[index + 1].shown)")
      }
    }
    if file.count == 0 { file.discard() }
    throw failure(reasons, mismatch)
  }

  private func isWrong(_ file: PartialFile) -> Bool {
    guard let sha256 else { return false }
    return file.digest.hex != sha256
  }

  /// Nil when all of it arrived, else why this mirror was given up.
  private func transfer(
    _ mirror: WebAddress, into file: PartialFile, _ multi: UnsafeMutableRawPointer
  ) throws -> String? {
    var address = mirror
    var redirects = 0
    var tries = 0
    var startedOver = 0
    var most = file.count
    // A partial file that is already the whole: the last run ended between the last byte and the
    // rename.
    if file.count > 0, sha256 != nil, !isWrong(file) { return nil }
    while true {
      let transfer = Transfer(
        address, into: file, limits: limits, expectsDigest: sha256 != nil, progress: progress)
      switch try transfer.run(in: multi, cancellation) {
      case .complete: return nil
      case .cancelled: throw cancelled
      case .permanent(let reason): return reason
      case .startOver:
        startedOver += 1
        if startedOver > 3 { return "it answers with other ranges than it is asked for" }
        try file.reset()
      case .redirect(let next):
        redirects += 1
        if redirects > limits.redirects {
          return "it redirects more than \(limits.redirects) times"
        }
        if let refusal = address.refusal(ofRedirectTo: next) { return refusal }
        guard let target = WebAddress(next) else { return "it redirects to nowhere" }
        address = target
      case .temporary(let reason, let retryAfter, let isConnecting):
        tries = file.count > most ? 1 : tries + 1
        most = max(most, file.count)
        let allowed = isConnecting ? limits.connectTries : limits.tries
        if tries >= allowed { return tries > 1 ? "\(reason) (tried \(tries) times)" : reason }
        if let retryAfter, retryAfter > limits.longestRetryAfter {
          return "\(reason) and asks to come back in \(retryAfter)"
        }
        note("\(mirror.shown): \(reason); trying again")
        try pause(retryAfter ?? pauseLength(afterTries: tries), multi)
        address = mirror
        redirects = 0
      }
    }
  }

  private func pauseLength(afterTries tries: Int) -> Duration {
    let doubled = limits.firstPause * (1 << min(tries - 1, 16))
    // Jitter: a hundred machines that lost the same server do not come back in the same moment.
    return min(doubled, limits.longestPause) * Double.random(in: 0.5...1)
  }

  private func pause(_ length: Duration, _ multi: UnsafeMutableRawPointer) throws {
    let end = ContinuousClock.now + length
    while true {
      if cancellation.isCancelled { throw cancelled }
      let left = ContinuousClock.now.duration(to: end).milliseconds
      if left <= 0 { return }
      curl_multi_poll(multi, nil, 0, CInt(clamping: left), nil)
    }
  }

  private var cancelled: BuildError {
    BuildError(.cancelled, "interrupted while fetching \(addresses[0].shown)")
  }

  private func failure(_ reasons: [String], _ mismatch: Mismatch?) -> BuildError {
    if let mismatch, let sha256 {
      let others = reasons.count > 1 ? "\n" + reasons.joined(separator: "\n") : ""
      return BuildError(
        .failed, "\(mismatch.address.shown) is not the file that the recipe pins",
        reason: """
          expected sha256 \(sha256)
          got      sha256 \(mismatch.digest.hex) (\(mismatch.digest.size) bytes)\(others)
          """,
        advice: "compare with the digest its publisher gives; if the file was meant to change, "
          + "write the new digest into the recipe")
    }
    if reasons.count == 1 {
      let shown = addresses[0].shown
      return BuildError(
        .unreachable, "cannot fetch \(shown)",
        reason: String(reasons[0].dropFirst(shown.count + 2)),
        advice: "check the URL and the network, or name another place under `mirrors`")
    }
    return BuildError(
      .unreachable, "cannot fetch \(addresses[0].shown), nor from its mirrors",
      reason: reasons.joined(separator: "\n"),
      advice: "check the URLs and the network")
  }
}
