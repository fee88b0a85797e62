import Foundation
import Testing

/// pxebuild is killed at random moments of all that it does to a site.
@Suite("Killed again and again", .serialized)
struct KillManyTests {
  /// What is done, and killed while it is done.
  private enum Deed: CaseIterable {
    /// Goes to the other version, whose programs the clean-ups have removed.
    case update
    /// Takes a clean-up to pieces.
    case collect
    /// Fetches and compiles into a cache that has nothing at first.
    case fresh
    case rollback

    static let byWeight: [Deed] = [.update, .update, .update, .collect, .fresh, .rollback]

    var arguments: [String] {
      switch self {
      case .update: ["all", "-q", "--records", "beside"]
      case .collect: ["cache", "gc", "--max-size", "0", "--max-age", "0d"]
      case .fresh:
        [
          "build", "undionly.kpxe", "ipxe.efi", "tree", "-q", "--output", "fresh", "--cache",
          "fresh-cache",
        ]
      case .rollback: ["rollback"]
      }
    }
  }

  @Test("No half file is ever served, nothing is left behind, and the next build heals")
  func killed() async throws {
    var random = SeededRandom("kill -9 at random moments")
    try await withSite { site in
      let faults = FaultSite(site, try await MiniatureUpstream(in: site))
      let allowed = try await faults.buildBoth()
      let longest = try await lengths(faults)
      let reader = ServedReader(allowed)
      let start = ContinuousClock.now
      var kills: [Deed: Int] = [:]
      var (count, version, ended) = (0, 1, 0)
      while count < FaultRounds.kills {
        let deed = Deed.byWeight.randomElement(using: &random) ?? .update
        if deed == .update {
          version = 3 - version
          try faults.write(version)
        }
        let running = try site.start(deed.arguments)
        let moment = Double.random(in: 0.005...(longest[deed] ?? 1), using: &random)
        try await Task.sleep(for: .seconds(moment))
        running.send(SIGKILL)
        let run = await running.wait()
        guard run.signal == SIGKILL else {
          // It was quicker. A rollback may have nowhere to go.
          #expect(run.status == 0 || deed == .rollback && run.status == 1, "\(deed): \(run.errors)")
          ended += 1
          if deed == .fresh { for name in ["fresh", "fresh-cache"] { remove(name, site) } }
          continue
        }
        count += 1
        kills[deed, default: 0] += 1
        if count % 25 == 0 {
          // A build that finds everything up to date removes nothing of what others left.
          for next in [3 - version, version] {
            try faults.write(next)
            let healed = try await site.run("all", "-q", "--records", "beside")
            #expect(healed.status == 0, "after \(count) kills: \(healed.errors)")
          }
          try await faults.expectWhole("after \(count) kills")
        }
      }
      let (wrong, reads) = reader.end()
      #expect(wrong == [])
      #expect(reads > 1000)
      let seconds = (ContinuousClock.now - start).components.seconds
      print(
        "kill -9: \(count) kills in \(seconds) s, \(ended) ended before; \(reads) reads; "
          + Deed.allCases.map { "\($0) \(kills[$0] ?? 0)" }.joined(separator: ", "))

      let fresh = try await site.run(Deed.fresh.arguments)
      #expect(fresh.status == 0, "\(fresh.errors)")
      for name in ["undionly.kpxe", "ipxe.efi"] {
        #expect(allowed["\(site.output)/\(name)"]?.contains(site.bytes("fresh/\(name)")) == true)
      }
      #expect(try await site.run("cache", "verify", "--cache", "fresh-cache").status == 0)
      // A temporary file that is an hour old is nobody's.
      let later = try await site.run(
        ["cache", "gc"], prefix: ["/usr/bin/faketime", "-f", "+2h"],
        environment: ["NO_FAKE_STAT": "1"])
      #expect(later.status == 0, "\(later.errors)")
      #expect(site.files(below: "cache").filter { $0.hasSuffix(".tmp") } == [])
    }
  }

  /// How long each deed takes when nobody kills it, in seconds.
  private func lengths(_ faults: FaultSite) async throws -> [Deed: Double] {
    var result: [Deed: Double] = [:]
    for deed in Deed.allCases {
      if deed == .update { try faults.write(2) }
      let run = try await faults.site.run(deed.arguments)
      #expect(run.status == 0, "\(deed): \(run.errors)")
      result[deed] = run.seconds
    }
    for name in ["fresh", "fresh-cache"] { remove(name, faults.site) }
    return result
  }

  private func remove(_ name: String, _ site: Site) { removeTree("\(site.folder)/\(name)") }

  @Test("Two builds and a clean-up at once, many of them killed: every byte served was right")
  func atOnce() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      let sites = [site, try site.sibling("other")].map { FaultSite($0, upstream) }
      var allowed: [String: Set<Data?>] = [:]
      for one in sites { allowed.merge(try await one.buildBoth()) { $1 } }
      let reader = ServedReader(allowed)
      let cache = ["--cache", site.cache]
      let end = ContinuousClock.now + .seconds(FaultRounds.seconds)
      let counts = try await withThrowingTaskGroup(of: (runs: Int, kills: Int).self) { group in
        for one in sites {
          group.addTask {
            try await Self.repeating(until: end, killingEvery: 3, within: 0.4) { number in
              try one.write(number % 2 + 1)
              return try one.site.start(["all", "-q", "--records", "beside"] + cache)
            }
          }
        }
        group.addTask {
          try await Self.repeating(until: end, killingEvery: 4, within: 0.06) { _ in
            try site.start(["cache", "gc", "--max-size", "0", "--max-age", "0d"] + cache)
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      let (wrong, reads) = reader.end()
      #expect(wrong == [])
      print(
        "two builds and a clean-up at once for \(Int(FaultRounds.seconds)) s: "
          + counts.map { "\($0.runs) runs, \($0.kills) killed" }.joined(separator: "; ")
          + "; \(reads) reads")
      for one in sites {
        for version in [2, 1] {
          try one.write(version)
          let run = try await one.site.run(["all", "-q", "--records", "beside"] + cache)
          #expect(run.status == 0, "\(run.errors)")
        }
        let verify = try await one.site.run(["verify"] + cache)
        #expect(verify.status == 0, "\(verify.output)")
        #expect(one.site.exists("out/only-1/file") && !one.site.exists("out/only-2"))
      }
      try await sites[0].expectWhole("in the end")
    }
  }

  /// Starts one run after the other; those that are not killed have to succeed.
  private static func repeating(
    until end: ContinuousClock.Instant, killingEvery rhythm: Int, within seconds: Double,
    _ start: (Int) throws -> Running
  ) async throws -> (runs: Int, kills: Int) {
    var (runs, kills) = (0, 0)
    while ContinuousClock.now < end {
      runs += 1
      let running = try start(runs)
      if runs % rhythm == 0 {
        try await Task.sleep(for: .seconds(Double.random(in: 0.001...seconds)))
        running.send(SIGKILL)
        if await running.wait().signal == SIGKILL { kills += 1 }
      } else {
        let run = await running.wait()
        #expect(run.status == 0, "\(run.errors)")
      }
    }
    return (runs, kills)
  }
}
