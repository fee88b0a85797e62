import BuildEngine
import Glibc
import Subprocess
import SystemPackage

/// Says where the bytes of files differ: in which section of a program, which file of a disc image, which line of a text;
/// and what diffoscope has to say, where it is installed.
struct ByteReport: Sendable {
  /// A folder for temporary files.
  let work: FilePath

  func explain(_ differences: [TargetDifference]) async throws -> [VerifyReport.Finding] {
    var findings: [VerifyReport.Finding] = []
    for difference in differences {
      var finding = VerifyReport.Finding(
        problem: difference.problem, path: difference.path, expected: difference.expected,
        found: difference.found)
      if let files = difference.files {
        finding.details = try ByteDifference(then: files.then, now: files.now).lines
        finding.details += try await diffoscope(files.then, files.now)
      }
      findings.append(finding)
    }
    return findings
  }

  /// How much of diffoscope's report is shown, in lines.
  private static let mostLines = 40

  private func diffoscope(_ then: FilePath, _ now: FilePath) async throws -> [String] {
    guard let program = Toolchain.find("diffoscope") else {
      return ["diffoscope says more where it is installed: apt-get install diffoscope-minimal"]
    }
    let name = work.appending("diffoscope-\(UInt64.random(in: 0...UInt64.max))")
    let report = try FileSystem.open(name, .readWrite, options: [.create], doing: "write")
    defer { try? FileSystem.remove(name) }  // the work folder goes as a whole
    // It exits with 1 when files differ, and with 2 when it is in trouble, which it says.
    _ = try await Subprocess.run(
      .path(program),
      arguments: [
        "--no-progress", "--text", "-", "--max-text-report-size", "65536", "--timeout", "120",
        then.string, now.string,
      ], environment: .inherit.updating(["LC_ALL": "C.UTF-8"]),
      output: .fileDescriptor(report, closeAfterSpawningProcess: true),
      error: .discarded)
    let text = String(decoding: try FileSystem.read(name) ?? [], as: UTF8.self)
    let lines = text.split(separator: "\n").map { "diffoscope: \($0)" }
    guard lines.count > Self.mostLines else { return lines }
    return lines.prefix(Self.mostLines) + ["and \(lines.count - Self.mostLines) more lines of it"]
  }
}
