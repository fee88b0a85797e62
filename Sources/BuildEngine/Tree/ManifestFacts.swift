/// What targets were made from: sources and tools, by names that are unique in a manifest.
public struct ManifestFacts: Equatable, Sendable {
  public var sources: [String: Manifest.Source]
  public var tools: [String: Manifest.Tool]

  public init(
    sources: [String: Manifest.Source] = [:], tools: [String: Manifest.Tool] = [:]
  ) {
    self.sources = sources
    self.tools = tools
  }

  /// Those that some targets name.
  func those(of targets: [Manifest.Target]) -> ManifestFacts {
    let sourceNames = Set(targets.flatMap { $0.sources ?? [] })
    let toolNames = Set(targets.flatMap { $0.tools ?? [] })
    return ManifestFacts(
      sources: sources.filter { sourceNames.contains($0.key) },
      tools: tools.filter { toolNames.contains($0.key) })
  }
}

extension Manifest {
  /// Something from outside, or a file of the recipes, that targets were made from.
  public struct Source: Codable, Equatable, Sendable {
    public enum Kind: String, Codable, Sendable { case git, download, package, file }

    public var kind: Kind
    /// As a person calls it: the repository's, the file's or the package's name.
    public var name: String
    /// Without user name and password.
    public var url: String?
    /// The tag or branch of a repository.
    public var reference: String?
    public var commit: String?
    /// Of the file; nil for a commit and for a folder.
    public var sha256: String?
    /// Of a package.
    public var version: String?

    public init(
      _ kind: Kind, name: String, url: String? = nil, reference: String? = nil,
      commit: String? = nil, sha256: String? = nil, version: String? = nil
    ) {
      self.kind = kind
      self.name = name
      self.url = url
      self.reference = reference
      self.commit = commit
      self.sha256 = sha256
      self.version = version
    }

    enum CodingKeys: String, CodingKey {
      case kind = "type"
      case name, url, reference, commit, sha256, version
    }
  }

  /// A program, or a file of one, whose bytes are part of the keys of actions.
  public struct Tool: Codable, Equatable, Sendable {
    public var name: String
    public var sha256: String
    /// The package of this machine that brings it, where one is known, and its version.
    public var package: String?
    public var version: String?

    public init(name: String, sha256: String, package: String? = nil, version: String? = nil) {
      self.name = name
      self.sha256 = sha256
      self.package = package
      self.version = version
    }
  }

  public var facts: ManifestFacts { ManifestFacts(sources: sources ?? [:], tools: tools ?? [:]) }
}
