import Archives
import BuildEngine
import SystemPackage

/// Takes one file or folder out of an archive.
///
/// Parameters: `member` (its path in the archive), `executable`, and optionally `name` (what messages
/// call the archive). Input: `archive`. Output: `member`.
struct Extract: BuiltIn {
  let name = "extract"
  let version = 1

  func run(_ invocation: BuiltInInvocation) async throws {
    let member = try invocation.parameter("member")
    let executable = try invocation.flag("executable")
    let archive = Archive(
      path: try invocation.inputFile("archive"),
      name: invocation.optionalParameter("name") ?? "the archive")
    let target = invocation.output("member")
    try await onOwnThread {
      try archive.extract(member: member, to: target, executable: executable)
    }
  }
}
