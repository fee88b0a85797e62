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

  @Test(
    "Two sites and a clean-up without mercy on one cache, many of them killed: all is whole in the end"
  )
  func killedBesideCleanUps() async throws {
    try await withSite { site in
      let other = try site.sibling("other")
      func write(_ one: Site, _ number: Int) throws {
        for index in 0..<20 { try one.write("\(index) \(number)", to: "recipes/tree/\(index)") }
        try one.recipe(
          "targets:\n  tree: { file: tree }\n  same: { script: same }\n  menu: { script: \"\(number)\" }\n"
        )
      }
      let end = ContinuousClock.now + .seconds(8)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for one in [site, other] {
          group.addTask {
            var number = 0
            while ContinuousClock.now < end {
              number += 1
              try write(one, number)
              let build = try one.start(["all", "-q", "--cache", site.cache])
              if number % 3 == 0 {
                try await Task.sleep(for: .milliseconds(Int.random(in: 1...120)))
                build.send(SIGKILL)
                _ = await build.wait()
              } else {
                let run = await build.wait()
                #expect(run.status == 0, "\(run.errors)")
              }
            }
          }
        }
        group.addTask {
          var count = 0
          while ContinuousClock.now < end {
            count += 1
            let clean = try site.start(["cache", "gc", "--max-size", "0", "--max-age", "0d"])
            if count % 4 == 0 {
              try await Task.sleep(for: .milliseconds(Int.random(in: 1...60)))
              clean.send(SIGKILL)
              _ = await clean.wait()
            } else {
              let run = await clean.wait()
              #expect(run.status == 0, "\(run.errors)")
            }
          }
        }
        try await group.waitForAll()
      }
      for one in [site, other] {
        try write(one, 1000)
        let run = try await one.run("all", "-q", "--cache", site.cache)
        #expect(run.status == 0, "\(run.errors)")
        let verify = try await one.run("verify", "--cache", site.cache)
        #expect(verify.status == 0, "\(verify.output)")
        #expect(one.read("out/tree/7") == "7 1000" && one.read("out/menu") == "1000")
      }
    }
  }
}
