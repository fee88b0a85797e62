import ArgumentParser
import BootLab
import BuildEngine
import CLinux
import Glibc
import UpstreamMake

/// What pxebuild starts itself as: a worker in the sandbox, a program that ends when pxebuild does,
/// the guard of a server, the first process of a boot's own network, a connection from QEMU's to a server, or a
/// machine that asks DHCP servers.
/// Not for people.
struct InternalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "internal", abstract: "Run a step of a build (pxebuild starts this itself).",
    shouldDisplay: false)

  @Argument(help: "The step.")
  var name: String

  @Argument(parsing: .postTerminator, help: "Its arguments.")
  var arguments: [String] = []

  func run() throws {
    umask(0o022)
    if name == "exec" { try exec() }
    if name == "guard", arguments.count > 1 {
      throw ExitCode(try Guard.run(Array(arguments.dropFirst()), in: .init(arguments[0])))
    }
    if name == "boot-lab", let status = LabProcess.run(arguments: arguments) {
      throw ExitCode(status)
    }
    if name == "connect", arguments.count == 1 { return try SocketRelay.run(arguments[0]) }
    if name == "dhcp-ask", let asker = DHCPAsker(arguments: arguments) { return try asker.run() }
    guard let status = UpstreamMakeWorkers.run(name: name, arguments: arguments) else {
      throw ValidationError("there is no internal step named \(name)")
    }
    throw ExitCode(status)
  }

  /// Replaces this process by a program that is killed when pxebuild ends, however it ends. Only where
  /// there is no sandbox, which does that itself.
  private func exec() throws -> Never {
    guard let program = arguments.first else {
      throw ValidationError("internal exec needs a program")
    }
    guard linux_die_with_parent(SIGKILL) == 0 else {
      throw BuildError(errno: errno, doing: "watch the parent of", path: "/proc/self")
    }
    var vector: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    vector.append(nil)
    execv(program, vector)
    throw BuildError(errno: errno, doing: "run", path: .init(program))
  }
}
