import BootLab
import BuildEngine
import BuiltIns
import Glibc

/// Boots one machine after the other, two at a time where there are processors for it, and prints what comes of it.
struct BootSession: Sendable {
  let site: BootSite
  /// Of each boot, in seconds.
  let timeout: Double
  let console: Console

  /// - Returns: The results in the order of the combinations.
  /// - Throws: `BuildError` when a lab fails; `CancellationError`.
  func run(_ combinations: [BootCombination]) async throws -> [BootResult] {
    let start = console.seconds
    let accelerator = try await accelerator(combinations)
    var results: [Int: BootResult] = [:]
    var printed = 0
    try await withThrowingTaskGroup(of: (Int, BootResult).self) { group in
      var next = 0
      var running = 0
      while printed < combinations.count {
        while running < Self.atATime, next < combinations.count {
          let index = next
          let combination = combinations[index]
          next += 1
          guard combination.outlook == .boots, let target = combination.target else {
            results[index] = BootResult(combination: combination)
            continue
          }
          running += 1
          group.addTask {
            let run = BootRun(
              site: site, combination: combination, target: target, accelerator: accelerator,
              timeout: timeout)
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
    try finish(all, seconds: console.seconds - start)
    return all
  }

  private static var atATime: Int { min(4, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  private func accelerator(_ combinations: [BootCombination]) async throws -> Machine.Accelerator {
    guard let first = combinations.first(where: { $0.outlook == .boots }),
      let emulator = Toolchain.find(first.firmware.emulator)
    else { return .tcg }
    return await Machine.Accelerator.available(emulator: emulator)
  }

  private func print(_ result: BootResult) throws {
    switch console.mode {
    case .quiet: break
    case .json: console.printEvent(result.json(at: console.seconds, dhcp: site.dhcp.config))
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
          passed: passed, failed: failed, skipped: skipped, at: console.seconds))
    case .live, .plain:
      let parts = [(passed, "passed"), (failed, "failed"), (skipped, "skipped")]
        .filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
      let what = parts.isEmpty ? "nothing to boot" : parts.joined(separator: ", ")
      try console.printResults([
        "done: \(what), with \(site.dhcp.config.printable()); \(durationText(seconds))"
      ])
    }
  }
}

extension BootResult {
  /// The event `boot-summary` of docs/json.md.
  static func summary(passed: Int, failed: Int, skipped: Int, at seconds: Double) -> JSON {
    .object([
      "event": .string("boot-summary"), "time": .seconds(seconds),
      "passed": .integer(Int64(passed)), "failed": .integer(Int64(failed)),
      "skipped": .integer(Int64(skipped)),
    ])
  }
}
