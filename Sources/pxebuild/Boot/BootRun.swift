import BootLab
import BuildEngine
import BuiltIns
import Downloads
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
  let options: BootOptions

  /// Boots, and once more when time was up: a machine that is busy with other things is slow.
  ///
  /// - Throws: `BuildError` when the lab itself fails; `CancellationError`.
  func run() async throws -> BootResult {
    var attempts = [try await boot()]
    if attempts[0].failure?.isTimeOut == true { attempts.append(try await boot()) }
    return BootResult(combination: combination, attempts: attempts)
  }

  private func boot() async throws -> BootAttempt {
    let start = ContinuousClock.now
    let folder = try LabFolder()
    defer { if !options.keepsFolders { folder.remove() } }
    let machine = Machine(
      firmware: combination.firmware, method: combination.method, accelerator: accelerator,
      folder: folder.path.string,
      medium: combination.method.isMedium ? site.tree.appending(target).string : nil)
    let emulator = try program(combination.firmware.emulator)
    var plan = try site.plan(machine, emulator: emulator, in: folder)
    if options.keepsFolders {
      plan.captures = true
      try site.copyConfigs(to: folder)
    }
    let follower = BootFollower(
      BootTrial(try site.expectation(of: combination, target)), timeout: options.timeout,
      folder: folder, console: machine.console, servers: site.dhcpServers)
    let picture = try await follow(follower, machine, plan, folder)
    try Task.checkCancellation()
    let (verdict, record) = try follower.outcome()
    return BootAttempt(
      verdict: verdict, record: record, picture: picture,
      logs: (plan.servers + [plan.neighbour?.server].compactMap(\.self)).map {
        .init(name: $0.name, text: LogText.text(folder.log(of: $0.name)))
      },
      kept: options.keepsFolders ? folder.path : nil,
      seconds: (ContinuousClock.now - start).inSeconds)
  }

  /// Runs the lab until there is a verdict.
  ///
  /// - Returns: The machine's screen at last, where it was asked for.
  private func follow(
    _ follower: BootFollower, _ machine: Machine, _ plan: LabPlan, _ folder: LabFolder
  ) async throws -> [UInt8]? {
    let daemon = Daemon(
      name: "the lab", program: try program("unshare"),
      arguments: [
        "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--",
        try FileSystem.readSymlink("/proc/self/exe"), "internal", "boot-lab", "--",
      ] + plan.arguments, folder: folder.path)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        _ = try await daemon.run { stream, line in follower.receive(line, from: stream) }
        follower.labHasEnded()
      }
      group.addTask { await follower.waitForVerdict() }
      // The lab is of no more use once there is a verdict, and there is one when the lab has ended.
      try await group.next()
      let picture = options.takesPictures ? await picture(follower, machine, folder) : nil
      group.cancelAll()
      try await group.waitForAll()
      return picture
    }
  }

  /// A machine that has ended has no screen, and a report can do without.
  private func picture(
    _ follower: BootFollower, _ machine: Machine, _ folder: LabFolder
  ) async -> [UInt8]? {
    guard await follower.waitForRest() else { return nil }
    let file = folder.path.appending("screen.png")
    return try? await onOwnThread {
      let monitor = try MachineMonitor(machine.monitor)
      try monitor.takePicture(file.string)
      return try FileSystem.read(file)
    }
  }

  private func program(_ name: String) throws -> FilePath {
    if let path = Toolchain.find(name) { return path }
    throw BuildError(.failed, "\(name) is not installed")
  }
}

extension Duration {
  fileprivate var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
