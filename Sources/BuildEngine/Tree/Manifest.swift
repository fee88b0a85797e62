import FoundationEssentials
import SystemPackage

/// What pxebuild has placed in an output tree, target by target: `.pxebuild/manifest.json` there.
public struct Manifest: Codable, Equatable, Sendable {
  public static let format = 1

  public struct File: Codable, Equatable, Sendable {
    /// Path below the output folder.
    public var path: String
    /// Of a file; nil for a link and for a private file, whose content it could be guessed from.
    public var sha256: String?
    /// In bytes; nil for a link and for a private file.
    public var size: Int64?
    public var executable: Bool?
    /// The target of a link; nil for a file.
    public var link: String?
    /// True for a file that only its owner may read.
    public var isPrivate: Bool?
    /// True for a folder with nothing in it; others follow from the files in them.
    public var isFolder: Bool?
    /// What was signed and by whom, of a signature and of a signed file; nil for every other.
    public var signature: Signature?

    public init(
      path: String, sha256: String? = nil, size: Int64? = nil, executable: Bool? = nil,
      link: String? = nil, isPrivate: Bool? = nil, isFolder: Bool? = nil,
      signature: Signature? = nil
    ) {
      self.path = path
      self.sha256 = sha256
      self.size = size
      self.executable = executable
      self.link = link
      self.isPrivate = isPrivate
      self.isFolder = isFolder
      self.signature = signature
    }

    enum CodingKeys: String, CodingKey {
      case path, sha256, size, executable, link, signature
      case isPrivate = "private"
      case isFolder = "folder"
    }
  }

  /// A signature that was made after the build, beside the bytes that anybody can build again.
  public struct Signature: Codable, Equatable, Sendable {
    /// Of the bytes that were signed.
    public var sha256: String
    /// Of those bytes.
    public var size: Int64
    /// The SHA-256 of certificates in DER, the signer's own first: what `openssl x509 -fingerprint -sha256` prints.
    public var certificates: [String]

    public init(of digest: Digest, certificates: [String]) {
      sha256 = digest.hex
      size = digest.size
      self.certificates = certificates
    }
  }

  public struct Target: Codable, Equatable, Sendable {
    public enum State: String, Codable, Sendable { case compiled, made, prebuilt }

    public var path: String
    public var rule: String
    public var state: State
    /// Of the package that stands in for a compiled target.
    public var version: String?
    /// Of that package.
    public var packageSHA256: String?
    /// Why it does.
    public var because: String?
    /// What the stand-in cannot do.
    public var limitation: String?
    public var files: [File]
    /// True for what names other files, which is placed after them.
    public var isEntryPoint: Bool?
    /// What it was made from: names of the manifest's sources and tools; nil where that was never recorded.
    public var sources: [String]?
    public var tools: [String]?

    public init(
      path: String, rule: String, state: State, version: String? = nil,
      packageSHA256: String? = nil,
      because: String? = nil, limitation: String? = nil, files: [File] = []
    ) {
      self.path = path
      self.rule = rule
      self.state = state
      self.version = version
      self.packageSHA256 = packageSHA256
      self.because = because
      self.limitation = limitation
      self.files = files
    }

    enum CodingKeys: String, CodingKey {
      case path, rule, state, version, packageSHA256, because, limitation, files, sources, tools
      case isEntryPoint = "entryPoint"
    }

    /// Of all its files, in bytes.
    public var size: Int64 { files.reduce(0) { $0 + ($1.size ?? 0) } }
  }

  public var format: Int
  public var targets: [Target]
  /// What the targets name, nothing else; nil for none.
  public var sources: [String: Source]?
  public var tools: [String: Tool]?

  public init(targets: [Target] = [], facts: ManifestFacts = ManifestFacts()) {
    format = Self.format
    self.targets = targets
    let named = facts.those(of: targets)
    sources = named.sources.isEmpty ? nil : named.sources
    tools = named.tools.isEmpty ? nil : named.tools
  }

  /// Reads a tree's manifest; an empty one when there is none.
  ///
  /// - Parameter option: The option of the command that names another folder, for advice.
  public static func load(_ path: FilePath, option: String = "--output") throws -> Manifest {
    guard let bytes = try FileSystem.read(path) else { return Manifest() }
    let data = Data(bytes)
    let decoder = JSONDecoder()
    guard ManifestSeal.isWhole(bytes) else { throw damaged(path) }
    // The format first: a newer one may have another shape.
    guard let header = try? decoder.decode(Header.self, from: data) else { throw damaged(path) }
    guard header.format <= Self.format else {
      throw BuildError(
        .cannotWrite, "the output tree of \(path.printable) was written by a newer pxebuild",
        reason: "its manifest has format \(header.format); this pxebuild knows \(Self.format)",
        advice: "use that newer pxebuild, or choose another folder with \(option)")
    }
    // What it lists is replaced and removed, so it must not name anything outside the tree.
    guard let manifest = try? decoder.decode(Manifest.self, from: data),
      manifest.targets.allSatisfy({ $0.files.allSatisfy(\.path.isTreePath) })
    else { throw damaged(path) }
    return manifest
  }

  private struct Header: Decodable { var format: Int }

  private static func damaged(_ path: FilePath) -> BuildError {
    BuildError(
      .cannotWrite, "the manifest \(path.printable) cannot be read",
      reason: "it is not what pxebuild wrote there",
      advice: "restore it from a backup, or empty the output folder and build again")
  }

  func save(to path: FilePath) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try FileSystem.replace(path, with: ManifestSeal.sealing(Array(try encoder.encode(self))))
  }
}
