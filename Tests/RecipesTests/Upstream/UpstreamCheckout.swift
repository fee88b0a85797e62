import Subprocess
import SystemPackage
import Testing

@testable import Recipes

/// The source of one version of iPXE, fetched for a test, and what its files say.
///
/// Nothing of it is kept: the tables are facts, checked against the code where it can be had.
final class UpstreamCheckout {
  static let url = "https://github.com/ipxe/ipxe.git"

  /// Whether iPXE's repository answers right now.
  static let answers = Task<Bool, Never> {
    ((try? await program("timeout", "30", "git", "ls-remote", url, "refs/tags/v2.0.0")) ?? "") != ""
  }

  let version: UpstreamVersion
  private let site: TemporarySite
  private var source: String { "\(site.folder)/src" }

  init(_ version: UpstreamVersion) async throws {
    self.version = version
    site = try TemporarySite()
    let folder = site.folder
    try await Self.program("git", "-C", folder, "init", "--quiet")
    try await Self.program(
      "timeout", "300", "git", "-C", folder, "fetch", "--quiet", "--depth", "1", Self.url,
      version.commit)
    try await Self.program("git", "-C", folder, "checkout", "--quiet", "FETCH_HEAD", "--", "src")
    // The configuration's headers include those of the person who builds, which make would create.
    for header in try names(below: "config") where header.hasSuffix(".h") {
      try site.write("src/config/local/\(header)", [])
    }
  }

  /// The options that a header of src/config defines for a kind of machine, by the compiler's own
  /// preprocessor.
  func defined(in header: String, on machine: UpstreamMachine) async throws -> Set<String> {
    let (platform, architecture) =
      switch machine {
      case .bios: ("pcbios", "__i386__")
      case .efiX86: ("efi", "__x86_64__")
      case .efiOther: ("efi", "__aarch64__")
      }
    let text = try await Self.program(
      "gcc", "-E", "-dM", "-undef", "-nostdinc", "-DPLATFORM=\(platform)",
      "-DPLATFORM_\(platform)", "-D\(architecture)", "-DCONFIG=", "-I", source, "-x", "c",
      "\(source)/config/\(header)")
    return Set(text.matches(of: /#define (\w+)/).map { String($0.output.1) })
  }

  /// Every option that a header names, defined or not.
  func mentioned(in header: String) throws -> Set<String> {
    var found: Set<String> = []
    let defaults = try names(below: "config/defaults").map { "config/defaults/\($0)" }
    for path in ["config/\(header)"] + defaults {
      for match in try text(path).matches(of: /(?m)^[\/ ]*#\s*(?:define|undef)\s+(\w+)/) {
        found.insert(String(match.output.1))
      }
    }
    return found
  }

  /// The names in a folder of src.
  func names(below folder: String) throws -> [String] {
    try LocalFile.names(in: "\(source)/\(folder)").get().filter { !$0.hasPrefix(".") }
  }

  func text(_ path: String) throws -> String {
    String(decoding: try LocalFile.read("\(source)/\(path)").get(), as: UTF8.self)
  }

  /// Every C file, with its text.
  func code() throws -> [(path: String, text: String)] {
    var result: [(path: String, text: String)] = []
    var folders = [""]
    while let folder = folders.popLast() {
      for name in try names(below: folder) {
        let path = folder.isEmpty ? name : "\(folder)/\(name)"
        if case .success(.folder) = LocalFile.kind("\(source)/\(path)") {
          folders.append(path)
        } else if name.hasSuffix(".c") {
          result.append((path, try text(path)))
        }
      }
    }
    return result
  }

  @discardableResult
  private static func program(_ name: String, _ arguments: String...) async throws -> String {
    let result = try await Subprocess.run(
      .name(name), arguments: Arguments(arguments),
      environment: .inherit.updating(["GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"]), input: .none,
      output: .string(limit: 1 << 22), error: .string(limit: 1 << 16))
    guard result.terminationStatus.isSuccess else {
      throw ProgramFailure(command: [name] + arguments, errors: result.standardError)
    }
    return result.standardOutput
  }
}

struct ProgramFailure: Error {
  let command: [String]
  let errors: String
}
