import Foundation
import Testing

/// Pinning, working offline, and targets that may be left out.
@Suite("Lock file, offline, optional")
struct SourceTests {
  private static let digest = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"

  private func withServer(_ body: (Site, FileServer) async throws -> Void) async throws {
    let server = try FileServer(["/a": Data("hello\n".utf8), "/b": Data("bee\n".utf8)])
    defer { server.stop() }
    try await withSite { try await body($0, server) }
  }

  @Test("lock pins everything, says what changed, and nothing the second time")
  func lock() async throws {
    try await withServer { site, server in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe + "  a: { fetch: \"\(server.url)/a\" }\n")
      let checked = try await site.run("lock", "--check")
      #expect(checked.status == 65)
      #expect(
        checked.errors.replacingOccurrences(of: server.url, with: "SERVER") == """
          error: the lock file does not pin loader
           --> recipes/site.yaml:4:3
            |
          4 |   loader: { git: "file://TOP/upstream", tag: v1, prebuilt: { deb: ipxe } }
            |   ^^^^^^
            = help: pxebuild lock writes it to recipes/pxebuild.lock; commit the file

          error: the lock file does not pin a
            --> recipes/site.yaml:15:3
             |
          15 |   a: { fetch: "SERVER/a" }
             |   ^
             = help: pxebuild lock writes it to recipes/pxebuild.lock; commit the file

          """ + "\n")
      #expect(!site.exists("recipes/pxebuild.lock"))
      let first = try await site.run("lock")
      #expect(first.status == 0, "\(first.errors)")
      let text = try #require(site.read("recipes/pxebuild.lock"))
      #expect(text.contains(upstream.commit) && text.contains(Self.digest), "\(text)")
      let before = site.snapshot(of: "recipes")
      let second = try await site.run("lock")
      #expect(second.output == "recipes/pxebuild.lock pins every source; nothing changed\n")
      #expect(try await site.run("lock", "--check").status == 0)
      #expect(site.snapshot(of: "recipes") == before)
    }
  }

  @Test("A pinned source stays as it is until it is asked for anew")
  func update() async throws {
    try await withServer { site, server in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(
        "sources:\n  loader: { git: \"\(upstream.url)\", branch: main }\ntargets:\n"
          + "  a: { fetch: \"\(server.url)/a\" }\n  readme: { file: src/Makefile, source: loader }\n"
      )
      #expect(try await site.run("lock").status == 0)
      try Data("# changed\n".utf8).write(
        to: URL(fileURLWithPath: "\(upstream.folder)/src/Makefile"))
      let commit = try await MiniatureUpstream.commit(in: upstream.folder, tag: "v2")
      server.put("/a", Data("changed\n".utf8))
      #expect(try await site.run("lock").output.hasSuffix("nothing changed\n"))
      let wrong = try await site.run("all", "-q")
      #expect(wrong.status == 1, "the download is no longer what was pinned: \(wrong.errors)")
      let unknown = try await site.run("lock", "--update", "laoder")
      #expect(unknown.status == 65)
      #expect(
        unknown.errors == """
          error: no source is named laoder
            why: the recipes have: a, loader
            fix: name one of these with --update, or say --update all

          """)
      let loader = try await site.run("lock", "--update", "loader")
      #expect(loader.status == 0)
      #expect(
        loader.output.contains("+     commit: \(commit)") || loader.output.contains(commit),
        "\(loader.output)")
      #expect(site.read("recipes/pxebuild.lock")?.contains(Self.digest) == true, "a stays pinned")
      #expect(try await site.run("lock", "--update", "all").status == 0)
      #expect(try await site.run("all").status == 0)
      #expect(site.read("out/a") == "changed\n")
      #expect(site.read("out/readme") == "# changed\n")
    }
  }

  @Test("--locked refuses what is not pinned and never writes the lock file")
  func locked() async throws {
    try await withServer { site, server in
      try site.recipe("targets:\n  a: { fetch: \"\(server.url)/a\" }\n")
      let run = try await site.run("all", "--locked")
      #expect(run.status == 65)
      #expect(
        run.errors.replacingOccurrences(of: server.url, with: "SERVER") == """
          error: a: no SHA-256 is known for SERVER/a
           --> recipes/site.yaml:2:3
            |
          2 |   a: { fetch: "SERVER/a" }
            |   ^
            = help: add sha256:, or let pxebuild lock download the file and write it down

          """ + "\n")
      #expect(site.files(below: "recipes") == ["site.yaml"])
      #expect(server.requests == [])
      #expect(try await site.run("lock").status == 0)
      let before = site.snapshot(of: "recipes")
      #expect(try await site.run("all", "--locked").status == 0)
      #expect(site.snapshot(of: "recipes") == before)
      #expect(site.read("out/a") == "hello\n")
    }
  }

  @Test("A damaged lock file is an error with its place")
  func damagedLock() async throws {
    try await withSite { site in
      try site.recipe("targets:\n  a: { script: x }\n")
      try site.write("format: 1\ngit:\n  - url: [\n", to: "recipes/pxebuild.lock")
      let damaged = try await site.run("all")
      #expect(damaged.status == 65)
      #expect(damaged.errors.contains("recipes/pxebuild.lock:"), "\(damaged.errors)")
      try site.write("format: 99\n", to: "recipes/pxebuild.lock")
      let newer = try await site.run("all")
      #expect(newer.status == 65)
      #expect(newer.errors.contains("99"), "\(newer.errors)")
    }
  }

  @Test("--offline asks nobody: a warm cache builds, a cold one names what is missing")
  func offline() async throws {
    try await withServer { site, server in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(
        upstream.recipe + "  a: { fetch: \"\(server.url)/a\", sha256: \(Self.digest) }\n")
      #expect(try await site.run("lock").status == 0)
      let asked = server.requests.count
      let cold = try await site.run("all", "--offline", "-q", "-k")
      #expect(cold.status == 69)
      #expect(
        cold.errors.replacingOccurrences(of: server.url, with: "SERVER")
          .replacingOccurrences(of: upstream.commit, with: "COMMIT").contains(
            """
            error: cannot fetch SERVER/a
              at: recipes/site.yaml:15:3
              why: nothing may be fetched offline
              fix: run it once without --offline; the cache keeps it from then on

            """), "\(cold.errors)")
      #expect(
        cold.errors.replacingOccurrences(of: upstream.commit, with: "COMMIT").contains(
          """
          error: cannot reach the git repository file://TOP/upstream
            at: recipes/site.yaml:4:3
            why: its commit COMMIT is not in the cache, and nothing may be fetched offline
            fix: run it once without --offline; the cache keeps it from then on; or --allow-prebuilt lets Debian's package ipxe stand in

          """), "\(cold.errors)")
      #expect(server.requests.count == asked)
      #expect(try await site.run("all").status == 0)
      removeTree(site.output)
      removeTree(upstream.folder)
      server.stop()
      let warm = try await site.run("all", "--offline")
      #expect(warm.status == 0, "\(warm.errors)")
      #expect(site.served.count == 7)
      #expect(site.read("out/a") == "hello\n")
    }
  }

  @Test("After a clean-up of the cache an offline build still has all it used before")
  func offlineAfterCleanUp() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      #expect(try await site.run("all").status == 0)
      #expect(try await site.run("cache", "gc").status == 0)
      removeTree(site.output)
      removeTree(upstream.folder)
      removeTree("\(site.cache)/git")
      let run = try await site.run("all", "--offline")
      #expect(run.status == 0, "\(run.errors)")
    }
  }

  @Test("An optional target is skipped with the reason, and tried again at the next run")
  func optional() async throws {
    try await withSite { site in
      // Two servers one after the other on one port would be a race; a file URL has none.
      let url = "file://\(site.folder)/later"
      try site.recipe(
        "targets:\n  a: { fetch: \"\(url)\", sha256: \(Self.digest), optional: true }\n  b: { script: x }\n"
      )
      for _ in 0..<2 {
        let run = try await site.run("all")
        #expect(run.status == 0)
        let because = "  skipped    a  because cannot fetch file://SITE/later"
        #expect(run.output.contains(because) || run.output.contains("(1 skipped)"), "\(run.output)")
        #expect(site.served == ["b"])
      }
      try site.write("hello\n", to: "later")
      let run = try await site.run("all")
      #expect(run.status == 0)
      #expect(site.read("out/a") == "hello\n")
    }
  }

  @Test("An optional target that was there keeps its file when it cannot be reached")
  func optionalStays() async throws {
    try await withServer { site, server in
      func recipe(_ text: String) throws {
        try site.recipe(
          "targets:\n  a: { fetch: \"\(server.url)/a\", sha256: \(Self.digest), optional: true }\n  b: { script: \(text) }\n"
        )
      }
      try recipe("x")
      #expect(try await site.run("all").status == 0)
      server.stop()
      removeTree(site.cache)
      try recipe("y")
      let run = try await site.run("all")
      #expect(run.status == 0)
      #expect(site.read("out/a") == "hello\n")
      #expect(site.read("out/b") == "y")
    }
  }

  @Test("Optional does not hide a wrong digest")
  func optionalWrong() async throws {
    try await withServer { site, server in
      try site.recipe(
        "targets:\n  a: { fetch: \"\(server.url)/b\", sha256: \(Self.digest), optional: true }\n")
      #expect(try await site.run("all").status == 1)
    }
  }

  @Test("A download is asked for once, and not at all while the cache has it")
  func once() async throws {
    try await withServer { site, server in
      try site.recipe(
        "targets:\n  a: { fetch: \"\(server.url)/a\", sha256: \(Self.digest) }\n  c: { fetch: \"\(server.url)/a\", sha256: \(Self.digest) }\n"
      )
      #expect(try await site.run("all").status == 0)
      removeTree(site.output)
      #expect(try await site.run("all").status == 0)
      #expect(server.requests == ["GET /a"])
    }
  }

  @Test("A member of an archive")
  func member() async throws {
    try await withServer { site, server in
      try site.write("inside\n", to: "pack/dir/file")
      try await mustRun(["tar", "-czf", "pack.tar.gz", "pack"], in: site.folder)
      server.put("/pack.tar.gz", try #require(site.bytes("pack.tar.gz")))
      try site.recipe(
        "targets:\n  a: { fetch: \"\(server.url)/pack.tar.gz\", member: pack/dir/file }\n")
      #expect(try await site.run("all").status == 0)
      #expect(site.read("out/a") == "inside\n")
      try site.recipe(
        "targets:\n  a: { fetch: \"\(server.url)/pack.tar.gz\", member: pack/dir/fiel }\n")
      let wrong = try await site.run("all", "-q")
      #expect(wrong.status == 65)
      #expect(wrong.errors.contains("pack/dir/file"), "it says what is there: \(wrong.errors)")
    }
  }
}
