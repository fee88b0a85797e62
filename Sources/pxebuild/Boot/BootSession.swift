import BootLab
import BuildEngine
import BuiltIns
import Glibc

/// Boots machines, several at a time where there are processors for it, and prints what comes of each in the order
/// in which they were asked for.
struct BootSession: Sendable {
  let site: BootSite
  let options: BootOptions
  let outputs: BootOutputs
  /// How many machines run at a time, at most.
  let atATime: Int
  let console: Console

  /// - Returns: The results in the order of the combinations.
  /// - Throws: `BuildError` when what comes of them cannot be told; `CancellationError`.
  func run(_ combinations: [BootCombination]) async throws -> [BootResult] {
    let (start, began) = (console.seconds, Double(time(nil)))
    let accelerator = try await Self.accelerator(combinations)
    var results: [Int: BootResult] = [:]
    var printed = 0
    try await withThrowingTaskGroup(of: (Int, BootResult).self) { group in
      var waiting = BootCombination.startOrder(combinations)[...]
      var running = 0
      while printed < combinations.count {
        while running < atATime, let index = waiting.popFirst() {
          let combination = combinations[index]
          guard combination.outlook == .boots, let target = combination.target else {
            results[index] = BootResult(combination: combination)
            continue
          }
          running += 1
          group.addTask {
            let run = BootRun(
              site: site, combination: combination, target: target,
              accelerator: combination.firmware == .uefiARM64 ? .tcg : accelerator,
              options: options)
            return (index, try await run.run())
          }
        }
        while let result = results[printed] {
          try print(result)
          printed += 1
        }
        guard running > 0 else { continue }
        if let (index, result) = try await group.next() { results[index] = result }
        running -= 1
      }
    }
    let all = combinations.indices.compactMap { results[$0] }
    let seconds = console.seconds - start
    try outputs.write(all, of: site, began: began, seconds: seconds)
    try finish(all, seconds: seconds)
    return all
  }

  /// One for each processor: a machine under the translator keeps one busy.
  static var usualCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// ARM64 is always translated: whether a guest of that kind runs under KVM is not probed.
  static func accelerator(_ combinations: [BootCombination]) async throws -> Machine.Accelerator {
    let first = combinations.first { $0.outlook == .boots && $0.firmware != .uefiARM64 }
    guard let first, let emulator = Toolchain.find(first.firmware.emulator) else { return .tcg }
    let memory = ProbeMemory(emulator: emulator)
    if Machine.Accelerator.mayBeKVM, let known = memory?.recall() { return known }
    let found = await Machine.Accelerator.available(emulator: emulator) {
      program, arguments, folder in
      let probe = Daemon(
        name: "the probe", program: program, arguments: arguments, folder: folder)
      guard case .exited(let code) = try? await probe.run({ _, _ in }) else { return nil }
      return code
    }
    // What was broken off says nothing.
    try Task.checkCancellation()
    if Machine.Accelerator.mayBeKVM { memory?.remember(found) }
    return found
  }

  private func print(_ result: BootResult) throws {
    switch console.mode {
    case .quiet: break
    case .json: console.printEvent(result.json(at: console.seconds, dhcp: site.servedDHCP))
    case .live, .plain: try console.printResults(result.lines(console.outputStyle))
    }
  }

  private func finish(_ results: [BootResult], seconds: Double) throws {
    func count(_ outcome: BootResult.Outcome) -> Int {
      results.count { $0.outcome == outcome }
    }
    let (passed, failed, skipped) = (count(.passed), count(.failed), count(.skipped))
    switch console.mode {
    case .quiet: break
    case .json:
      console.printEvent(
        BootResult.summary(
          passed: passed, failed: failed, skipped: skipped, untested: site.untested,
          report: outputs.page?.string, junit: outputs.junit?.string, at: console.seconds))
    case .live, .plain:
      let parts = [(passed, "passed"), (failed, "failed"), (skipped, "skipped")]
        .filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
      let what = parts.isEmpty ? "nothing to boot" : parts.joined(separator: ", ")
      let files = [("report", outputs.page), ("junit", outputs.junit)].compactMap { name, path in
        path.map { "  \(name.padded(toColumns: 8)) \($0.string.printable())" }
      }
      try console.printResults(
        Untested.lines(site.untested) + files + [
          "done: \(what), \(site.setting.printable()); \(durationText(seconds))"
        ])
    }
  }
}
