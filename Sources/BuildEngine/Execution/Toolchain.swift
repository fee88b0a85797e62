import Glibc
import Subprocess
import SystemPackage

/// Finds the programs that actions name and digests their bytes, so that a new compiler means new keys.
///
/// The search path is fixed: a program in somebody's home folder is not part of a reproducible build.
public struct Toolchain: Sendable {
  public static let searchPath = [
    "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
  ]

  private let digests: FileDigests

  public init(digests: FileDigests) { self.digests = digests }

  /// Where a program is, or nil.
  public static func find(_ name: String) -> FilePath? {
    for folder in searchPath {
      let path = FilePath(folder).appending(name)
      if path.withPlatformString({ access($0, X_OK) }) == 0 { return path }
    }
    return nil
  }

  /// The digest of each program. A compiler driver brings the programs that it starts (cc1, as, ld).
  public func digest(_ names: [String], for action: String) async throws -> [String: Digest] {
    var result: [String: Digest] = [:]
    var missing: [String] = []
    for name in names {
      guard let path = Self.find(name) else {
        missing.append(name)
        continue
      }
      result[name] = try digests.digest(of: path)
      if name == "gcc" || name.hasSuffix("-gcc") {
        result["\(name):cc1"] = try digests.digest(of: try await compiler(behind: path))
      }
    }
    guard missing.isEmpty else {
      throw BuildError(
        .failed, "\(action) needs \(missing.joined(separator: ", "))",
        reason: "not found in \(Self.searchPath.joined(separator: ":"))",
        advice: "run pxebuild doctor: it prints the one command that installs what is missing")
    }
    return result
  }

  private func compiler(behind driver: FilePath) async throws -> FilePath {
    let result = try await run(
      .path(driver), arguments: ["-print-prog-name=cc1"], output: .string(limit: 4096))
    let answer = result.standardOutput.split(separator: "\n").first.map(String.init) ?? ""
    guard answer.hasPrefix("/") else {
      throw BuildError(
        .failed, "\(driver.printable) does not say where its cc1 is",
        reason: "it answered \"\(answer.printable)\" to -print-prog-name=cc1",
        advice: "reinstall the compiler: apt-get install --reinstall gcc cpp")
    }
    return FilePath(answer)
  }
}
