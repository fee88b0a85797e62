import BuildEngine
import SystemPackage

/// The 32 bits by which iPXE tells builds apart, taken from what goes into the link.
public enum BuildID {
  /// Differs whenever the goal or any input does.
  static func make(goal: String, inputs: [String: StoredArtifact]) -> UInt32 {
    let digest = Digest(of: Array("goal \(goal)\n\(inputs.canonicalText)".utf8))
    // Zero could be taken for "none".
    return max(1, UInt32(digest.hex.prefix(8), radix: 16) ?? 1)
  }

  /// The number that a product was linked with; what plain make has to be given as
  /// `BUILD_ID_CMD='echo N'` to make the same bytes.
  ///
  /// Nil when this cache did not link it. Throws `BuildError` when the note cannot be read.
  public static func of(product: Digest, cacheDirectory: FilePath) throws -> UInt32? {
    guard let bytes = try FileSystem.read(file(product, cacheDirectory)) else { return nil }
    return UInt32(String(decoding: bytes, as: UTF8.self).prefix { $0 != "\n" })
  }

  static func note(_ buildID: UInt32, product: Digest, cacheDirectory: FilePath) throws {
    let file = file(product, cacheDirectory)
    try FileSystem.createDirectories(file.removingLastComponent())
    try FileSystem.replace(file, with: Array("\(buildID)\n".utf8))
  }

  private static func file(_ product: Digest, _ cacheDirectory: FilePath) -> FilePath {
    cacheDirectory.appending("build-ids").appending(product.hex)
  }
}

extension [String: StoredArtifact] {
  /// Inputs as text that is the same for the same inputs and for no others, for hashing.
  var canonicalText: String {
    sorted { $0.key < $1.key }.map { path, artifact in
      switch artifact {
      case .file(let digest, let executable): "file \(digest) \(executable) \(path)\n"
      case .directory(let digest): "directory \(digest) \(path)\n"
      case .symlink(let target): "symlink \(target) \(path)\n"
      }
    }.joined()
  }
}
