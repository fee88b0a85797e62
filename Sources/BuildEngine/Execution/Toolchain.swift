import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// Finds the programs that actions name and digests their bytes, so that a new compiler means new keys.
///
/// The search path is fixed: a program in somebody's home folder is not part of a reproducible build.
public final class Toolchain: Sendable {
  public static let searchPath = [
    "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
  ]

  private let digests: FileDigests
  /// The compilers behind drivers, and libraries, that were asked for in this run: thousands of actions
  /// use the same few.
  private let compilers = Mutex<[FilePath: FilePath]>([:])

  public init(digests: FileDigests) { self.digests = digests }

  /// Where a program is, or nil. A name with a slash is no program's name.
  public static func find(_ name: String) -> FilePath? {
    guard name.isPlainPath, !name.utf8.contains(UInt8(ascii: "/")) else { return nil }
    for folder in searchPath {
      let path = FilePath(folder).appending(name)
      var status = stat()
      guard path.withPlatformString({ stat($0, &status) }) == 0,
        FileIdentity(status).kind == .regular,
        path.withPlatformString({ access($0, X_OK) }) == 0
      else { continue }
      return path
    }
    return nil
  }

  /// The digest of each program. A compiler driver brings the compiler that it starts (cc1). "libNAME.so" is
  /// the library that gcc links; a whole path is that file, and no part of the key where it is not there
  /// (systems keep such files in different places, and the step that needs one says so).
  public func digest(_ names: [String], for action: String) async throws -> [String: Digest] {
    var result: [String: Digest] = [:]
    var missing: [String] = []
    for name in names {
      if name.hasPrefix("/") {
        if try FileIdentity.of(FilePath(name)) != nil {
          result[name] = try digests.digest(of: FilePath(name))
        }
        continue
      }
      if name.hasSuffix(".so") {
        if let library = try await library(name) {
          result[name] = try digests.digest(of: library)
        } else {
          missing.append(name)
        }
        continue
      }
      guard let path = Self.find(name) else {
        missing.append(name.printable)
        continue
      }
      result[name] = try digests.digest(of: path)
      if try Self.isCompilerDriver(path) {
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

  /// True for gcc under any of its names: gcc, gcc-12, cc, aarch64-linux-gnu-gcc (but not gcc-ar).
  private static func isCompilerDriver(_ path: FilePath) throws -> Bool {
    guard let real = path.withPlatformString({ realpath($0, nil) }) else {
      throw BuildError(errno: errno, doing: "follow the link", path: path)
    }
    defer { free(real) }
    let name = FilePath(platformString: real).lastComponent?.string ?? ""
    let parts = name.split(separator: "-")
    return parts.contains("gcc") && !parts.contains { ["ar", "nm", "ranlib"].contains($0) }
  }

  /// Where gcc finds a library; nil when there is no gcc or it finds none.
  private func library(_ name: String) async throws -> FilePath? {
    guard let driver = Self.find("gcc") else { return nil }
    let key = driver.appending(name)
    if let known = compilers.withLock({ $0[key] }) { return known }
    let answer = try await ask(driver, "-print-file-name=\(name)")
    guard answer.hasPrefix("/") else { return nil }
    compilers.withLock { $0[key] = FilePath(answer) }
    return FilePath(answer)
  }

  private func ask(_ driver: FilePath, _ question: String) async throws -> String {
    let result = try await run(
      .path(driver), arguments: [question],
      // As actions see it: no GCC_EXEC_PREFIX of the user's.
      environment: .custom(["PATH": Self.searchPath.joined(separator: ":"), "LC_ALL": "C.UTF-8"]),
      output: .string(limit: 4096))
    return result.standardOutput.split(separator: "\n").first.map(String.init) ?? ""
  }

  private func compiler(behind driver: FilePath) async throws -> FilePath {
    if let known = compilers.withLock({ $0[driver] }) { return known }
    let answer = try await ask(driver, "-print-prog-name=cc1")
    guard answer.hasPrefix("/") else {
      throw BuildError(
        .failed, "\(driver.printable) does not say where its cc1 is",
        reason: "it answered \"\(answer.printable)\" to -print-prog-name=cc1",
        advice: "reinstall the compiler: apt-get install --reinstall gcc cpp")
    }
    compilers.withLock { $0[driver] = FilePath(answer) }
    return FilePath(answer)
  }
}
