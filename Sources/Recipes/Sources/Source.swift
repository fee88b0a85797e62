/// Something from outside, pinned (`sources:`).
public struct Source: Sendable {
  public enum Kind: Sendable, Hashable {
    case git(url: String, GitReference)
    /// A file to download; with `member`, what is inside it at that path.
    case url(Download, member: String?)
    /// A file or folder of this machine, by absolute path.
    case path(String)
    case deb(package: String)
  }

  public let name: String
  public let kind: Kind
  /// The Debian package whose binaries may stand in when the source cannot be reached.
  public let prebuiltPackage: String?
  /// Where its name stands.
  public let location: SourceLocation
}

/// What a git source asks for.
public enum GitReference: Hashable, Sendable {
  case tag(String)
  case branch(String)
  /// 40 (or 64) hexadecimal digits in lower case.
  case commit(String)

  /// The tag, branch or commit itself.
  public var name: String {
    switch self {
    case .tag(let name), .branch(let name), .commit(let name): name
    }
  }

  /// "tag v2.0.0"
  public var description: String {
    switch self {
    case .tag(let name): "tag \(name)"
    case .branch(let name): "branch \(name)"
    case .commit(let name): "commit \(name)"
    }
  }
}

/// A file to download.
public struct Download: Sendable, Hashable {
  public var url: String
  /// 64 hexadecimal digits in lower case; nil when the lock file must have it.
  public var sha256: String?
  /// Other URLs of the same bytes, tried in order.
  public var mirrors: [String]

  public init(url: String, sha256: String?, mirrors: [String] = []) {
    self.url = url
    self.sha256 = sha256
    self.mirrors = mirrors
  }

  /// What the lock file has to say of it: nothing where the recipe has the digest.
  var requests: [SourceRequest] { sha256 == nil ? [.url(url, mirrors: mirrors)] : [] }
}

/// What has to be asked of the outside world to pin a source.
public enum SourceRequest: Hashable, Sendable {
  /// Which commit is it?
  case git(url: String, GitReference)
  /// What are its bytes?
  case url(String, mirrors: [String])
  /// Which version does this machine's release offer?
  case deb(package: String)
}

/// A request and who makes it.
public struct RequestedSource: Sendable {
  /// The names of sources, or the paths of targets, that make it; what `pxebuild lock --update NAME` takes.
  public let names: [String]
  public let request: SourceRequest
  public let location: SourceLocation
}
