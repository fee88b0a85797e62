import Foundation
import Testing

/// A cache over months, and of several users.
@Suite("Caches that are kept and shared")
struct SharedCacheTests {
  /// Users of one group, each with a umask of his own.
  private static let users: [[String]] = [("65534", "077"), ("1", "027")].map { user, mask in
    ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=100", "--clear-groups", "/bin/sh", "-c"]
      + ["umask \(mask) && exec \"$@\"", "sh"]
  }

  @Test(
    "Two users of a group share a cache, whatever their umasks: what one has built the other has",
    .enabled(if: Binary.isRoot, "only root may run programs as other users"))
  func group() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      #expect(try await site.run("lock", "--cache", "locking").status == 0)
      try site.makeFolder("shared")
      chown("\(site.folder)/shared", 0, 100)
      chmod("\(site.folder)/shared", 0o2775)
      for (index, user) in Self.users.enumerated() {
        try site.makeFolder("out\(index)")
        chmod("\(site.folder)/out\(index)", 0o777)
        let output = ["--output", "out\(index)/tree", "--cache", "shared/cache"]
        let run = try await site.run(["all", "--locked"] + output, prefix: user)
        #expect(run.status == 0, "\(run.errors)")
        if index == 1 { #expect(run.output.contains("; 6 actions, 6 from cache"), "\(run.output)") }
      }
      // Each may go on with what the other has left there: another commit, a clean-up.
      try Data("\n".utf8).write(to: URL(fileURLWithPath: "\(upstream.folder)/src/README"))
      try await MiniatureUpstream.commit(in: upstream.folder, tag: "v2")
      try site.recipe(upstream.recipe.replacingOccurrences(of: "tag: v1", with: "tag: v2"))
      #expect(try await site.run("lock", "--cache", "locking").status == 0)
      for (index, user) in Self.users.enumerated().reversed() {
        let folders = ["--output", "out\(index)/tree", "--cache", "shared/cache"]
        let run = try await site.run(["all", "--locked"] + folders, prefix: user)
        #expect(run.status == 0, "\(run.errors)")
        let clean = try await site.run(
          ["cache", "gc", "--max-size", "0", "--cache", "shared/cache"], prefix: user)
        #expect(clean.status == 0, "\(clean.errors)")
      }
      #expect(try await site.run("cache", "verify", "--cache", "shared/cache").status == 0)
    }
  }

  @Test("gc keeps what the tree needs under any limit, says so, and a build afterwards has it all")
  func limits() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      #expect(try await site.run("all", "-q").status == 0)
      let run = try await site.run("cache", "gc", "--max-size", "1k", "--max-age", "0d")
      #expect(run.status == 0, "\(run.errors)")
      #expect(
        run.output.contains("that is more than 1.0 kB: the trees that stand need "), "\(run.output)"
      )
      removeTree(site.output)
      try await mustRun(["cp", "-a", "cache", "kept"], in: site.folder)
      removeTree(upstream.folder)
      let again = try await site.run("all", "--offline", "--sandbox", "off")
      #expect(again.status == 0, "\(again.errors)")
      #expect(again.output.contains("6 actions, 6 from cache"), "\(again.output)")
      // Without its tree a cache has nothing to keep.
      removeTree(site.output)
      let rest = try await site.run("cache", "gc", "--max-age", "0d")
      #expect(rest.output.contains("kept 0 results, 0 B"), "\(rest.output)")
      let wrong = try await site.run("cache", "gc", "--max-size", "20GB")
      #expect(wrong.status == 64)
    }
  }

  @Test("status tells of rules, ages and how often builds found what they needed")
  func status() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      #expect(try await site.run("all", "-q").status == 0)
      removeTree(site.output)
      #expect(try await site.run("all", "-q").status == 0)
      let run = try await site.run("cache", "status")
      #expect(run.status == 0, "\(run.errors)")
      let lines = run.output.split(separator: "\n").map(String.init)
      #expect(lines.contains { $0.hasPrefix("by rule  ") }, "\(run.output)")
      for rule in ["ipxe", "git"] {
        #expect(
          lines.contains { $0.contains(" \(rule) ") && $0.contains(" result") }, "\(run.output)")
      }
      #expect(lines.contains { $0.hasPrefix("by age   today: ") && $0.contains(", older: 0 B") })
      #expect(
        lines.last?.hasSuffix(" in the last 2 builds; the last one: 100 % of 6 actions") == true,
        "\(run.output)")
    }
  }
}
