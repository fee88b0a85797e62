import Glibc
import Subprocess
import SystemPackage

/// Where a program runs: the action's folder at a fixed path, `/usr` and its like read-only, no network,
/// nothing else of the machine. Without bubblewrap the program runs in the folder as it is, and the rules
/// see to it that the bytes are the same.
public struct Sandbox: Sendable {
  public enum Mode: String, Sendable, CaseIterable { case auto, on, off }

  /// Nil when actions run without a sandbox.
  private let bubblewrap: FilePath?
  private let own: FilePath
  /// Files outside the system folders that this very program has mapped: the Swift libraries of a debug
  /// build. A worker needs them too.
  private let ownLibraries: [String]

  static let root = "/build"
  private static let jobserver = "/jobserver"
  private static let systemFolders = [
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store",
    "/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
    "/etc/ssl/openssl.cnf",
  ]

  /// Finds out, by trying, whether bubblewrap works here (it may be absent, or forbidden in a container).
  public init(_ mode: Mode) async throws {
    own = FilePath(try FileSystem.readSymlink("/proc/self/exe"))
    ownLibraries = try Self.mappedFiles(but: own)
    guard mode != .off else {
      bubblewrap = nil
      return
    }
    let problem: String
    if let program = Toolchain.find("bwrap") {
      let result = try await run(
        .path(program),
        arguments: ["--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "true"],
        output: .discarded, error: .string(limit: 65536))
      if result.terminationStatus.isSuccess {
        bubblewrap = program
        return
      }
      problem = result.standardError
    } else {
      problem = "bwrap is not installed"
    }
    guard mode == .auto else {
      throw BuildError(
        .failed, "the sandbox was asked for but does not work here",
        reason: problem.split(separator: "\n").joined(separator: "\n"),
        advice: "install bubblewrap and allow user namespaces, or leave --sandbox at auto")
    }
    bubblewrap = nil
  }

  public var isOn: Bool { bubblewrap != nil }

  struct Invocation {
    var program: FilePath
    var arguments: [String]
    var environment: [String: String]
    var directory: FilePath
  }

  /// The real argument vector for an action whose inputs lie in `folder`.
  func invocation(
    of operation: Operation, in folder: FilePath, environment: [String: String], slots: FilePath
  )
    throws -> Invocation
  {
    var variables = environment
    variables["LC_ALL"] = "C.UTF-8"
    variables["TZ"] = "UTC"
    variables["PATH"] = Toolchain.searchPath.joined(separator: ":")
    variables["HOME"] = "/nonexistent"
    let inside: [String]
    switch operation {
    case .process(let arguments):
      guard let program = arguments.first else {
        throw BuildError(.failed, "an action has no program to run")
      }
      guard let path = Toolchain.find(program) else {
        throw BuildError(
          .failed, "\(program.printable) is not installed",
          advice: "run pxebuild doctor: it prints the one command that installs what is missing")
      }
      inside = [path.string] + arguments.dropFirst()
    case .worker(let name, _, let arguments):
      inside = [bubblewrap == nil ? own.string : "/pxebuild", "internal", name, "--"] + arguments
    case .builtIn(let name, _, _):
      throw BuildError(.failed, "the built-in \(name) cannot run as a process")
    }
    guard let bubblewrap else {
      variables["PXEBUILD_JOBSERVER"] = slots.string
      return Invocation(
        program: own, arguments: ["internal", "exec", "--"] + inside, environment: variables,
        directory: folder)
    }
    variables["PXEBUILD_JOBSERVER"] = Self.jobserver
    return Invocation(
      program: bubblewrap, arguments: mounts(folder: folder, slots: slots) + inside,
      environment: variables, directory: folder)
  }

  private func mounts(folder: FilePath, slots: FilePath) -> [String] {
    var arguments = ["--unshare-all", "--die-with-parent", "--hostname", "pxebuild"]
    for path in Self.systemFolders {
      // What this system does not have is not mounted.
      guard let identity = try? FileIdentity.of(FilePath(path)) else { continue }
      if identity.kind == .symlink, let target = try? FileSystem.readSymlink(FilePath(path)) {
        arguments += ["--symlink", target, path]
      } else {
        arguments += ["--ro-bind", path, path]
      }
    }
    for path in ownLibraries { arguments += ["--ro-bind", path, path] }
    return arguments + [
      "--ro-bind", own.string, "/pxebuild", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
      "--bind", slots.string, Self.jobserver, "--bind", folder.string, Self.root,
      "--chdir", Self.root, "--",
    ]
  }

  private static func mappedFiles(but own: FilePath) throws -> [String] {
    let text = String(decoding: try FileSystem.read("/proc/self/maps") ?? [], as: UTF8.self)
    var files: Set<String> = []
    for line in text.split(separator: "\n") {
      guard let start = line.firstIndex(of: "/") else { continue }
      let path = String(line[start...])
      if path == own.string || path.hasSuffix(" (deleted)") || path.hasPrefix("/dev/") { continue }
      if systemFolders.contains(where: { path.hasPrefix($0 + "/") }) { continue }
      files.insert(path)
    }
    return files.sorted()
  }
}
