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
  /// - Throws: `CancellationError`.
  func run() async throws -> BootResult {
    var attempts = [try await attempt()]
    if attempts[0].failure?.isTimeOut == true { attempts.append(try await attempt()) }
    return BootResult(combination: combination, attempts: attempts)
  }

  /// What goes wrong with a lab is said of its machine: the others have labs of their own.
  private func attempt() async throws -> BootAttempt {
    let start = ContinuousClock.now
    do { return try await boot() } catch let error as BuildError where !Task.isCancelled {
      return BootAttempt(
        verdict: .failed(BootFailure(lab: error)), record: BootRecord(),
        seconds: (ContinuousClock.now - start).inSeconds)
    }
  }

  private func boot() async throws -> BootAttempt {
    let start = ContinuousClock.now
    let folder = try LabFolder()
    defer { if !options.keepsFolders { folder.remove() } }
    let machine = try site.machine(combination, target, accelerator, in: folder)
    var plan = try site.plan(machine, in: folder)
    if options.keepsFolders {
      plan.captures = true
      try site.copyConfigs(to: folder)
    }
    let follower = BootFollower(
      BootTrial(try site.expectation(of: combination, target)), timeout: options.timeout,
      folder: folder, console: machine.console, servers: site.dhcpServers)
    try options.item?.addServers(to: &plan, in: folder)
    let (picture, item) = try await follow(follower, machine, plan, folder)
    try Task.checkCancellation()
    var (verdict, record) = follower.outcome
    if case .failed(let failure) = item { verdict = .failed(failure) }
    return BootAttempt(
      verdict: verdict, record: record, item: item?.evidence, picture: picture,
      logs: (plan.servers + [plan.neighbour?.server].compactMap(\.self)).map {
        .init(name: $0.name, text: LogText.text(folder.log(of: $0.name)))
      },
      kept: options.keepsFolders ? folder.path : nil,
      seconds: (ContinuousClock.now - start).inSeconds)
  }

  /// Runs the lab until there is a verdict.
  ///
  /// - Returns: The machine's screen at last, and what became of the menu's item, where they were asked for.
  private func follow(
    _ follower: BootFollower, _ machine: Machine, _ plan: LabPlan, _ folder: LabFolder
  ) async throws -> (picture: [UInt8]?, item: ItemRun.Outcome?) {
    let daemon = try Lab.daemon(plan, in: folder)
    let expected = try options.item.flatMap {
      try site.expectation(of: $0.route, on: combination.firmware)
    }
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        _ = try await daemon.run { stream, line in follower.receive(line, from: stream) }
        follower.labHasEnded()
      }
      group.addTask { await follower.waitForVerdict() }
      // The lab is of no more use once there is a verdict, and there is one when the lab has ended.
      try await group.next()
      var item: ItemRun.Outcome?
      if let expected, follower.hasPassed {
        item = try await ItemRun(
          expected: expected, machine: machine, follower: follower, folder: folder,
          timeout: options.timeout
        ).run()
      }
      let picture = options.takesPictures ? await picture(follower, machine, folder) : nil
      group.cancelAll()
      try await group.waitForAll()
      return (picture, item)
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

}

extension BootFailure {
  /// What was wrong with a lab.
  init(lab error: BuildError) {
    let reason = error.reason.map { ": " + $0.replacing("\n", with: "; ") } ?? ""
    self.init(.lab, error.message + reason, advice: error.advice)
    output = error.outputTail
  }
}

extension Duration {
  fileprivate var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
