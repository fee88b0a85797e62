import Foundation
import Testing

@Suite("Two at once")
struct TwoAtOnceTests {
  @Test("Four pxebuilds share one cache from its first moment on, and all succeed")
  func oneCache() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      try await withThrowingTaskGroup(of: (String, Run).self) { group in
        for name in ["out1", "out2", "out3", "out4"] {
          group.addTask {
            let run = try await site.start(["build", "undionly.kpxe", "ipxe.efi", "--output", name])
              .wait()
            return (name, run)
          }
        }
        for try await (name, run) in group {
          #expect(run.status == 0, "\(name): \(run.errors)")
        }
      }
      let first = try #require(site.bytes("out1/undionly.kpxe"))
      for name in ["out2", "out3", "out4"] { #expect(site.bytes("\(name)/undionly.kpxe") == first) }
      #expect(try await site.run("cache", "verify").status == 0)
    }
  }

  /// A site whose build lasts as long as the test wants, because a server does not come to an end.
  private func withLongBuild(_ body: (Site, Running) async throws -> Void) async throws {
    let server = try StalledServer(isPatient: true)
    defer { server.stop() }
    try await withSite { site in
      let digest = String(repeating: "ab", count: 32)
      try site.recipe("targets:\n  a: { fetch: \"\(server.url)/a\", sha256: \(digest) }\n")
      let build = try site.start(["all"])
      try await server.waitForRequest()
      try await body(site, build)
      build.send(SIGINT)
      #expect(await build.wait().status == 130)
    }
  }

  @Test("Two on one tree: the second one names who writes it")
  func oneTree() async throws {
    try await withLongBuild { site, _ in
      try site.recipe("targets:\n  a: { script: x }\n")
      let second = try await site.run("all")
      #expect(second.status == 73)
      #expect(
        second.errors == """
          error: the output tree SITE/out is being written by another pxebuild
            why: process NUMBER of user NAME on HOST
            fix: wait until it has ended and run the same command again

          """)
      #expect(try await site.run("all", "--output", "other").status == 0, "another tree is free")
    }
  }

  @Test("A clean-up runs beside a build, and keeps what that may need")
  func cleanUpBesideBuild() async throws {
    try await withLongBuild { site, _ in
      let collect = try await site.run("cache", "gc", "--max-size", "0", "--json")
      #expect(collect.status == 0, "\(collect.errors)")
      #expect(collect.output.contains(#""runningBuilds":1}"#), "\(collect.output)")
    }
  }
}
