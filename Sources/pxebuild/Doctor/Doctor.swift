import BuildEngine
import Glibc
import Subprocess
import SystemPackage

/// Looks for the things that a build needs. It changes nothing.
struct Doctor: Sendable {
  /// Folders that programs are looked up in: the fixed path of actions, not the person's.
  var searchPath = Toolchain.searchPath

  /// Looks for everything that the named things need (see `Requirement.init`): pass the tools of all
  /// actions of a plan, and "git" when a source is a git repository.
  ///
  /// - Parameter servers: What the serving machine runs.
  func examine(_ names: some Sequence<String>, servers: Set<String> = []) async -> DoctorReport {
    var findings: [DoctorReport.Finding] = []
    for requirement in Requirement.all(for: names, servers: servers) {
      findings.append(.init(requirement: requirement, state: await state(of: requirement)))
    }
    return DoctorReport(findings: findings, isRoot: geteuid() == 0)
  }

  private func state(of requirement: Requirement) async -> DoctorReport.State {
    let name = requirement.name
    switch requirement.kind {
    case .program: return find(name).map { .found($0) } ?? .missing
    case .file:
      return access(name, R_OK) == 0 ? .found(name) : .missing
    case .compilerPart: return await askCompiler("-print-prog-name=\(name)")
    case .library: return await askCompiler("-print-file-name=\(name)")
    case .header: return await header(name)
    case .sandbox: return await sandbox()
    }
  }

  private func find(_ program: String) -> String? {
    for folder in searchPath {
      let path = FilePath(folder).appending(program)
      var status = stat()
      if path.withPlatformString({ stat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFREG,
        path.withPlatformString({ access($0, X_OK) }) == 0
      {
        return path.string
      }
    }
    return nil
  }

  /// The compiler answers with a path when it has the thing, and with the bare name when not.
  private func askCompiler(_ question: String) async -> DoctorReport.State {
    guard let answer = await output(of: "gcc", [question]), answer.isSuccess,
      let line = answer.standardOutput.split(separator: "\n").first, line.hasPrefix("/")
    else { return .missing }
    return .found(FilePath(String(line)).lexicallyNormalized().string)
  }

  /// Includes the header with the compiler's own search path; `-M` lists what that reads.
  private func header(_ name: String) async -> DoctorReport.State {
    let arguments = ["-M", "-include", name, "-x", "c", "/dev/null"]
    guard let answer = await output(of: "gcc", arguments), answer.isSuccess else { return .missing }
    let files = answer.standardOutput.split { $0 == " " || $0 == "\n" }
    return .found(files.first { $0.hasSuffix("/\(name)") }.map(String.init) ?? name)
  }

  /// Containers often forbid the name spaces that the sandbox is made of: only trying tells.
  private func sandbox() async -> DoctorReport.State {
    guard let path = find("bwrap") else { return .missing }
    let arguments = ["--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "--", "true"]
    guard let answer = await output(of: "bwrap", arguments) else {
      return .unusable("\(path) cannot be started")
    }
    if answer.isSuccess { return .found(path) }
    let reason = answer.standardError.split(separator: "\n").first.map(String.init)
    return .unusable(reason ?? "\(path) ended with an error")
  }

  private struct Answer {
    var isSuccess: Bool
    var standardOutput: String
    var standardError: String
  }

  /// Nil when the program is not there or cannot be started, which for the doctor is one finding.
  private func output(of program: String, _ arguments: [String]) async -> Answer? {
    guard let path = find(program) else { return nil }
    guard
      let result = try? await run(
        .path(FilePath(path)), arguments: Arguments(arguments),
        environment: .custom([
          "PATH": searchPath.joined(separator: ":"), "LC_ALL": "C.UTF-8",
        ]),
        output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
    else { return nil }
    return Answer(
      isSuccess: result.terminationStatus.isSuccess, standardOutput: result.standardOutput,
      standardError: result.standardError)
  }
}
