import SystemPackage

/// One thing to download.
public struct Download: Sendable {
  /// Where it can be had, tried in this order: http, https and file URLs.
  public var urls: [String]
  /// 64 hexadecimal digits, or nil when nobody knows yet (a source that is being locked).
  public var sha256: String?

  public init(urls: [String], sha256: String?) {
    self.urls = urls
    self.sha256 = sha256?.lowercased()
  }
}

/// When a transfer is given up, and how often it is tried again.
public struct DownloadLimits: Sendable {
  /// Until the connection stands, name look-up and TLS included.
  public var connect: Duration = .seconds(20)
  /// A transfer slower than `slowestRate` for this long is cut. Whole seconds.
  public var stall: Duration = .seconds(30)
  /// Bytes per second.
  public var slowestRate = 512
  /// Tries of one mirror in a row that bring no new bytes.
  public var tries = 5
  /// Tries of one mirror to which no connection could be made in time.
  public var connectTries = 2
  /// The pause before the second try; it doubles from try to try, with some jitter.
  public var firstPause: Duration = .seconds(1)
  public var longestPause: Duration = .seconds(30)
  /// The longest Retry-After that is waited for; a server that asks for more is passed over.
  public var longestRetryAfter: Duration = .seconds(120)
  public var redirects = 10

  public init() {}
}
