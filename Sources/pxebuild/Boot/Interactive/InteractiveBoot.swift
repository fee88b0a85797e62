import BootLab
import BuildEngine
import BuiltIns
import Downloads
import Glibc
import SystemPackage

/// Boots one machine, and leaves it to the person at the terminal.
struct InteractiveBoot: Sendable {
  let site: BootSite
  let combination: BootCombination
  let target: String
  let accelerator: Machine.Accelerator
  /// Where its screen is shown too.
  let display: String?
  let console: Console

  /// Returns once somebody has left the machine, or it has ended.
  ///
  /// - Throws: `BuildError` when the lab fails; `CancellationError`.
  func run() async throws {
    let folder = try LabFolder()
    defer { folder.remove() }
    var machine = try site.machine(combination, target, accelerator, in: folder)
    machine.isAttended = true
    machine.display = display
    var plan = try site.plan(machine, in: folder)
    // A window belongs to the person's session.
    let session = ["DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "HOME"]
    let words = session.compactMap { name in
      getenv(name).map { "\(name)=\(String(cString: $0))" }
    }
    plan.machine.arguments = [try Lab.program("env").string] + words + plan.machine.arguments
    let follower = BootFollower(
      BootTrial(try site.expectation(of: combination, target)), timeout: .infinity, folder: folder,
      console: machine.console, servers: site.dhcpServers)
    let end = try await attend(machine, plan, folder, follower)
    try Task.checkCancellation()
    // What went wrong in the lab itself; a verdict on the boot is not asked for.
    if end == nil, let fault = follower.fault { throw fault }
    try console.printResults([
      end == .left ? "left \(combination.name)" : "\(combination.name) has ended"
    ])
  }

  private func attend(
    _ machine: Machine, _ plan: LabPlan, _ folder: LabFolder, _ follower: BootFollower
  ) async throws -> TerminalBridge.End? {
    let daemon = try Lab.daemon(plan, in: folder)
    console.printNotes([
      "\(combination.name): Ctrl-A x leaves it, Ctrl-A Ctrl-A is one Ctrl-A for the machine"
    ])
    return try await withThrowingTaskGroup(of: TerminalBridge.End?.self) { group in
      group.addTask {
        _ = try await daemon.run { stream, line in follower.receive(line, from: stream) }
        follower.labHasEnded()
        return nil
      }
      group.addTask { try await bridge(machine, follower) }
      var end = try await group.next() ?? nil
      // The machine's end is seen on its console and by the lab, in either order.
      if end == nil, case .some(let other) = try await group.next() { end = other }
      group.cancelAll()
      try await group.waitForAll()
      return end
    }
  }

  /// Ties the terminal to the machine once it is there.
  private func bridge(_ machine: Machine, _ follower: BootFollower) async throws
    -> TerminalBridge.End?
  {
    while access(machine.terminal, F_OK) != 0 {
      if Task.isCancelled || follower.view().hasEnded { return nil }
      try? await Task.sleep(for: .milliseconds(20))  // ends early when it is cancelled
    }
    let bridge = TerminalBridge()
    return try await withTaskCancellationHandler {
      try await onOwnThread { try bridge.run(machine.terminal) }
    } onCancel: {
      bridge.cancel()
    }
  }

}
