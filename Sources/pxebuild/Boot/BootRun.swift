import BootLab
import BuildEngine
import BuiltIns
import Glibc
import Recipes
import SystemPackage

/// Boots one machine in a lab of its own.
struct BootRun: Sendable {
  let site: BootSite
  let combination: BootCombination
  /// What it boots.
  let target: String
  let accelerator: Machine.Accelerator
  /// How long it may take from power-on, in seconds.
  let timeout: Double

  /// - Throws: `BuildError` when the lab itself fails; `CancellationError`.
  func run() async throws -> BootResult {
    let folder = try LabFolder()
    defer { folder.remove() }
    let machine = Machine(
      firmware: combination.firmware, method: combination.method, accelerator: accelerator,
      folder: folder.path.string,
      stick: combination.method == .usb ? site.tree.appending(target).string : nil)
    if let images = FirmwareImages(combination.firmware) {
      let empty = try FileSystem.read(FilePath(images.variables)) ?? []
      try FileSystem.replace(FilePath(machine.variables), with: empty)
    }
    let emulator = try program(combination.firmware.emulator)
    let plan = try site.plan(machine, emulator: emulator, in: folder)
    let follower = BootFollower(
      BootTrial(expectation), timeout: timeout, folder: folder, console: machine.console)
    let daemon = Daemon(
      name: "the lab", program: try program("unshare"),
      arguments: [
        "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--",
        try FileSystem.readSymlink("/proc/self/exe"), "internal", "boot-lab", "--",
      ] + plan.arguments, folder: folder.path)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        _ = try await daemon.run { stream, line in follower.receive(line, from: stream) }
        follower.labHasEnded()
      }
      group.addTask { await follower.waitForVerdict() }
      // The lab is of no more use once there is a verdict, and there is one when the lab has ended.
      try await group.next()
      group.cancelAll()
      try await group.waitForAll()
    }
    try Task.checkCancellation()
    return try follower.result(of: combination, target)
  }

  private func program(_ name: String) throws -> FilePath {
    if let path = Toolchain.find(name) { return path }
    throw BuildError(.failed, "\(name) is not installed")
  }

  private var expectation: BootExpectation {
    let tree = site.tree
    // A program for a BIOS is packed: what it says of itself cannot be read in its file.
    let isPacked = combination.firmware == .bios
    return BootExpectation(
      firmware: combination.firmware, method: combination.method, program: target,
      http: site.http,
      has: { name in
        let path = tree.pushing(FilePath(name)).lexicallyNormalized()
        return path.starts(with: tree) && (try? FileIdentity.of(path)) != nil
      },
      holds: { program, text in
        guard !isPacked, !text.isEmpty, let bytes = try? FileSystem.read(tree.appending(program))
        else { return nil }
        return bytes.firstRange(of: Array(text.utf8)) != nil
      })
  }
}
