/// The lock file: every source resolved to a commit or a digest.
///
/// Entries are found by what was asked for (a repository and a tag, a URL, a package), not by the name
/// of a source: an entry that the recipe no longer asks for is simply not found.
public struct LockFile: Sendable, Equatable {
  public struct Git: Sendable, Hashable {
    public var url: String
    /// A tag or a branch; a `.commit` needs no entry.
    public var reference: GitReference
    public var commit: String

    public init(url: String, reference: GitReference, commit: String) {
      self.url = url
      self.reference = reference
      self.commit = commit
    }
  }

  public struct Download: Sendable, Hashable {
    public var url: String
    /// 64 hexadecimal digits in lower case.
    public var sha256: String
    /// In bytes, when it is known.
    public var size: Int64?

    public init(url: String, sha256: String, size: Int64? = nil) {
      self.url = url
      self.sha256 = sha256
      self.size = size
    }
  }

  public struct Package: Sendable, Hashable {
    public var package: String
    public var version: String
    /// 64 hexadecimal digits in lower case.
    public var sha256: String
    /// Debian's name of the architecture ("all", "amd64").
    public var architecture: String

    public init(package: String, version: String, sha256: String, architecture: String) {
      self.package = package
      self.version = version
      self.sha256 = sha256
      self.architecture = architecture
    }
  }

  /// The newest format that this version reads and the one it writes.
  public static let format = 1
  /// The file's name in the recipe folder.
  public static let fileName = "pxebuild.lock"

  private struct GitRequest: Hashable {
    let url: String
    let reference: GitReference
  }

  private var gitEntries: [GitRequest: Git] = [:]
  private var downloadEntries: [String: Download] = [:]
  private var packageEntries: [String: Package] = [:]

  public init() {}

  /// All entries, in the order of the file.
  public var git: [Git] {
    gitEntries.values.sorted {
      ($0.url, $0.reference.description) < ($1.url, $1.reference.description)
    }
  }

  public var downloads: [Download] { downloadEntries.values.sorted { $0.url < $1.url } }

  public var packages: [Package] { packageEntries.values.sorted { $0.package < $1.package } }

  /// The commit that a repository's tag or branch was pinned to; a `.commit` is its own answer.
  public func commit(url: String, _ reference: GitReference) -> String? {
    if case .commit(let name) = reference { return name }
    return gitEntries[GitRequest(url: url, reference: reference)]?.commit
  }

  public func download(url: String) -> Download? { downloadEntries[url] }

  public func package(_ name: String) -> Package? { packageEntries[name] }

  /// Adds an entry, or replaces the one for the same request. An entry for a `.commit` is not kept.
  public mutating func pin(_ entry: Git) {
    if case .commit = entry.reference { return }
    gitEntries[GitRequest(url: entry.url, reference: entry.reference)] = entry
  }

  public mutating func pin(_ entry: Download) { downloadEntries[entry.url] = entry }

  public mutating func pin(_ entry: Package) { packageEntries[entry.package] = entry }

  /// Removes the entry for a request, so that it counts as unresolved.
  public mutating func unpin(_ request: SourceRequest) {
    switch request {
    case .git(let url, let reference):
      gitEntries[GitRequest(url: url, reference: reference)] = nil
    case .url(let url, _): downloadEntries[url] = nil
    case .deb(let package): packageEntries[package] = nil
    }
  }

  /// True when the lock file answers a request, or no answer is needed.
  public func resolves(_ request: SourceRequest) -> Bool {
    switch request {
    case .git(let url, let reference): commit(url: url, reference) != nil
    case .url(let url, _): download(url: url) != nil
    case .deb(let name): package(name) != nil
    }
  }

  /// Removes what none of the requests asks for, so that the file does not grow for ever.
  public mutating func keepOnly(_ requests: [SourceRequest]) {
    var kept = LockFile()
    for request in requests {
      switch request {
      case .git(let url, let reference):
        if let entry = gitEntries[GitRequest(url: url, reference: reference)] { kept.pin(entry) }
      case .url(let url, _):
        if let entry = downloadEntries[url] { kept.pin(entry) }
      case .deb(let name):
        if let entry = packageEntries[name] { kept.pin(entry) }
      }
    }
    self = kept
  }
}
