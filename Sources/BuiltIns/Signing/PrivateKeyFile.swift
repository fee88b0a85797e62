import BuildEngine
import SystemPackage

/// A private key in a file (PEM). Its bytes are read by openssl and sbsign alone: pxebuild hands them the path.
public struct PrivateKeyFile: Sendable, Equatable {
  /// The variable of the environment with the pass phrase of a key that has one.
  public static let passPhraseVariable = "PXEBUILD_KEY_PASSPHRASE"

  public var path: FilePath
  /// True when `passPhraseVariable` has a value.
  public var hasPassPhrase: Bool

  public init(_ path: FilePath, hasPassPhrase: Bool) {
    self.path = path
    self.hasPassPhrase = hasPassPhrase
  }

  /// Its public half in PEM; nil when openssl cannot read the key, with this pass phrase or at all.
  public func publicKey() async throws -> String? {
    let result = try await Program.openssl().run(
      ["pkey", "-in", path.string, "-pubout"] + passPhrase)
    guard result.isSuccess else { return nil }
    let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
    return lines.joined(separator: "\n")
  }

  /// Where openssl takes the pass phrase from. An empty one keeps it from asking.
  var passPhrase: [String] {
    ["-passin", hasPassPhrase ? "env:\(Self.passPhraseVariable)" : "pass:"]
  }
}
