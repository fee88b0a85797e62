import ArgumentParser
import BuildEngine
import BuiltIns
import Glibc
import SystemPackage

/// Which private key signs what machines load.
struct SigningOptions: ParsableArguments, Sendable {
  @Option(
    name: .customLong("sign"),
    help: ArgumentHelp(
      "Sign scripts, kernels and initrds for iPXE's imgverify with this private key (PEM); site.signing has the certificate.",
      valueName: "key"))
  var keyFile: String?

  /// The key as an absolute path; nil when nothing is to be signed.
  var key: PrivateKeyFile? {
    get throws { try keyFile.map { Self.key(try absolute($0)) } }
  }

  /// A key with the pass phrase that the environment has.
  static func key(_ path: FilePath) -> PrivateKeyFile {
    let phrase = getenv(PrivateKeyFile.passPhraseVariable)
    return PrivateKeyFile(path, hasPassPhrase: phrase.map { $0.pointee != 0 } ?? false)
  }
}
