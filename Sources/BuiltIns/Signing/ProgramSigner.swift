import BuildEngine
import SystemPackage

/// Signs EFI programs for UEFI Secure Boot with `sbsign`. The signature holds the time at which it was made.
public struct ProgramSigner: Sendable {
  private let key: PrivateKeyFile
  private let certificate: FilePath

  public init(key: PrivateKeyFile, certificate: FilePath) {
    self.key = key
    self.certificate = certificate
  }

  /// The names of the programs that it runs.
  public static let programs = ["sbsign", "sbverify"]

  /// Writes a program with its signature, and has `sbverify` look at it.
  ///
  /// - Parameters:
  ///   - name: What messages call the program.
  ///   - output: A path where nothing is yet.
  public func sign(_ file: FilePath, name: String, to output: FilePath) async throws {
    let made = try await Self.program("sbsign").run([
      "--key", key.path.string, "--cert", certificate.string, "--output", output.string,
      file.string,
    ])
    guard made.isSuccess else {
      throw BuildError(
        .failed, "sbsign cannot sign \(name.printable)",
        reason: made.errorLines.prefix(3).joined(separator: "\n"),
        advice: "name only EFI programs in targets: of site.secure-boot")
    }
    let verified = try await Self.program("sbverify").run([
      "--cert", certificate.string, output.string,
    ])
    guard verified.isSuccess else {
      throw BuildError(
        .failed, "sbverify does not accept the signature of \(name.printable)",
        reason: verified.errorLines.prefix(3).joined(separator: "\n"),
        advice: "see that the certificate of site.secure-boot is one that may sign")
    }
  }

  private static func program(_ name: String) throws -> Program {
    try Program(
      name,
      advice: "install it: apt-get install sbsigntool (pxebuild doctor names what is missing)")
  }
}
