import BootLab
import BuildEngine
import BuiltIns
import SystemPackage

/// The process of a lab, and what can be wrong with a lab itself.
enum Lab {
  /// What becomes a lab once it runs.
  ///
  /// - Parameter folder: The lab's own.
  static func daemon(_ plan: LabPlan, in folder: LabFolder) throws -> Daemon {
    let own = try FileSystem.readSymlink("/proc/self/exe")
    let words = ["internal", "boot-lab", "--"] + plan.arguments
    if case .user = plan.network {
      return Daemon(name: "the lab", program: .init(own), arguments: words, folder: folder.path)
    }
    return Daemon(
      name: "the lab", program: try program("unshare"),
      arguments: [
        "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--", own,
      ] + words, folder: folder.path)
  }

  /// Where a program of this machine is.
  static func program(_ name: String) throws -> FilePath {
    if let path = Toolchain.find(name) { return path }
    throw BuildError(.failed, "\(name) is not installed")
  }

  /// Why a lab is of no use, as far as a report says so. A program that has ended is one: all of them run on.
  static func fault(_ report: LabReport, in folder: LabFolder) -> BuildError? {
    switch report {
    case .powered, .seen: return nil
    case .ended(let name, let status):
      let how =
        status > 128 ? "signal \(status - 128) ended it" : "it ended with exit status \(status)"
      return BuildError(
        .failed, "\(name) does not run in the lab", reason: how,
        // dhcpd ends with eight lines of its own after what is wrong.
        outputTail: Array(LogText.lines(folder.log(of: name)).suffix(12)))
    case .failed(let reason):
      return BuildError(.failed, "the lab cannot start", reason: reason)
    case .silent(let ports):
      return BuildError(
        .failed, "the lab's servers do not answer", reason: "nobody has taken \(ports)")
    }
  }

  /// A lab that has ended before anybody knew why.
  ///
  /// - Parameter errors: What it printed.
  static func ended(_ errors: [String]) -> BuildError {
    BuildError(.failed, "the lab has ended by itself", outputTail: errors)
  }
}
