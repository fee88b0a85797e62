import Glibc
import Subprocess
import SystemPackage

/// Where a program runs: the action's folder at a fixed path, `/usr` and its like read-only, no network,
/// no rights, nothing else of the machine. Without bubblewrap the program runs in the folder as it is, and
/// the rules see to it that the bytes are the same.
public struct Sandbox: Sendable {
  public enum Mode: String, Sendable, CaseIterable { case auto, on, off }

  /// Nil when actions run without a sandbox.
  private let bubblewrap: FilePath?
  private let pxebuild: FilePath
  /// Files outside the system folders that this very program has mapped: the Swift libraries of a debug
  /// build. A worker needs them too.
  private let ownLibraries: [String]

  static let root = "/build"
  private static let jobserver = "/jobserver"
  private static let ownProgram = "/pxebuild"
  private static let systemFolders = [
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store",
    "/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
    "/etc/ssl/openssl.cnf",
  ]

  /// Finds out, by trying, whether bubblewrap works here (it may be absent, or forbidden in a container).
  ///
  /// - Parameter pxebuild: What implements `internal exec` and the workers; this very program when nil.
  public init(_ mode: Mode, pxebuild: FilePath? = nil) async throws {
    self.pxebuild = try pxebuild ?? FilePath(FileSystem.readSymlink("/proc/self/exe"))
    ownLibraries = try pxebuild == nil ? Self.mappedFiles(but: self.pxebuild) : []
    guard mode != .off else {
      bubblewrap = nil
      return
    }
    let problem: String
    if let program = Toolchain.find("bwrap"), let something = Toolchain.find("true") {
      // With the very mounts that actions get: a container may allow some of them only.
      let mounts = Self.mounts(
        folder: "/tmp", slots: "/dev/null", pxebuild: self.pxebuild, libraries: ownLibraries)
      let result = try await run(
        .path(program), arguments: Arguments(mounts + [something.string]),
        environment: .custom([:]), output: .discarded, error: .string(limit: 65536))
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
    // In the sandbox a file system in memory; beside the root without one, so that it goes with it.
    variables["TMPDIR"] =
      bubblewrap == nil ? folder.removingLastComponent().appending("tmp").string : "/tmp"
    // pxebuild itself goes in front: it sets what every program starts with, such as the umask.
    var inside = ["internal"]
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
      inside += ["exec", "--", path.string] + arguments.dropFirst()
    case .worker(let name, _, let arguments):
      inside += bubblewrap == nil ? ["exec", "--", pxebuild.string, "internal"] : []
      inside += [name, "--"] + arguments
    case .builtIn(let name, _, _):
      throw BuildError(.failed, "the built-in \(name) cannot run as a process")
    }
    guard let bubblewrap else {
      variables["PXEBUILD_JOBSERVER"] = slots.string
      return Invocation(
        program: pxebuild, arguments: inside, environment: variables, directory: folder)
    }
    variables["PXEBUILD_JOBSERVER"] = Self.jobserver
    let mounts = Self.mounts(
      folder: folder, slots: slots, pxebuild: pxebuild, libraries: ownLibraries)
    return Invocation(
      program: bubblewrap, arguments: mounts + [Self.ownProgram] + inside, environment: variables,
      directory: folder)
  }

  private static func mounts(
    folder: FilePath, slots: FilePath, pxebuild: FilePath, libraries: [String]
  ) -> [String] {
    // The same user without any right whoever runs it: what a program can find out must not differ.
    var arguments = [
      "--unshare-all", "--die-with-parent", "--hostname", "pxebuild", "--uid", "1000", "--gid",
      "1000", "--cap-drop", "ALL", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
    ]
    for path in systemFolders {
      // What this system does not have is not mounted.
      guard let identity = try? FileIdentity.of(FilePath(path)) else { continue }
      if identity.kind == .symlink, let target = try? FileSystem.readSymlink(FilePath(path)) {
        arguments += ["--symlink", target, path]
      } else {
        arguments += ["--ro-bind", path, path]
      }
    }
    for path in libraries { arguments += ["--ro-bind", path, path] }
    return arguments + [
      "--ro-bind", pxebuild.string, ownProgram, "--bind", slots.string, jobserver, "--bind",
      folder.string, root, "--chdir", root, "--",
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
