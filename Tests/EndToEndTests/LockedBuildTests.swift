import Foundation
import Testing

/// Builds that take nothing but what is pinned, without a network: fetch, vendor, --offline, --locked.
@Suite("Locked and offline builds")
struct LockedBuildTests {
  private static let digest = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"

  /// A site with a git source, a download that the recipe pins, and one that only the lock file can.
  private func withSources(
    _ body: (Site, MiniatureUpstream, FileServer) async throws -> Void
  ) async throws {
    let server = try FileServer(["/a": Data("hello\n".utf8), "/b.bin": Data("bee\n".utf8)])
    defer { server.stop() }
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(
        upstream.recipe + """
            a: { fetch: "\(server.url)/a", sha256: \(Self.digest) }
            b: { fetch: "\(server.url)/b.bin?x=1" }

          """)
      try await body(site, upstream, server)
    }
  }

  private func plain(_ text: String, _ upstream: MiniatureUpstream, _ server: FileServer) -> String
  {
    text.replacingOccurrences(of: server.url, with: "SERVER")
      .replacingOccurrences(of: upstream.commit, with: "COMMIT")
  }

  @Test("--locked names everything that is not pinned, each with its place, and asks nobody")
  func locked() async throws {
    try await withSources { site, upstream, server in
      try site.write(
        try #require(site.read("recipes/site.yaml"))
          + "  d: { deb: memtest86+, path: boot/memtest86+.bin }\n", to: "recipes/site.yaml")
      let run = try await site.run("all", "--locked", "--sandbox", "off")
      #expect(run.status == 65)
      #expect(
        plain(run.errors, upstream, server) == """
          error: source "loader": the lock file does not pin tag v1
           --> recipes/site.yaml:4:3
            |
          4 |   loader: { git: "file://TOP/upstream", tag: v1, prebuilt: { deb: ipxe } }
            |   ^^^^^^
            = help: pxebuild lock looks it up and writes it down

          error: b: no SHA-256 is known for SERVER/b.bin?x=1
            --> recipes/site.yaml:16:3
             |
          16 |   b: { fetch: "SERVER/b.bin?x=1" }
             |   ^
             = help: add sha256:, or let pxebuild lock download the file and write it down

          error: the lock file does not pin the Debian package "memtest86+"
            --> recipes/site.yaml:17:3
             |
          17 |   d: { deb: memtest86+, path: boot/memtest86+.bin }
             |   ^
             = help: pxebuild lock looks it up and writes it down

          """ + "\n")
      #expect(server.requests == [] && site.files(below: "recipes") == ["site.yaml"])
    }
  }

  @Test(
    "fetch brings all that an offline build needs, says so, and the second time that it is there")
  func fetch() async throws {
    try await withSources { site, upstream, server in
      let cold = try await site.run("all", "--offline", "--sandbox", "off")
      #expect(cold.status == 69)
      #expect(
        plain(cold.errors, upstream, server).hasSuffix(
          """
          error: 3 sources are not in the cache, and nothing may be fetched offline
            why: source loader (recipes/site.yaml:4:3): file://TOP/upstream, whose commit nobody could look up
                 a (recipes/site.yaml:15:3): SERVER/a
                 b (recipes/site.yaml:16:3): SERVER/b.bin?x=1, whose SHA-256 nobody could look up
            fix: run pxebuild fetch where they can be reached; the cache keeps them from then on

          """), "\(cold.errors)")
      #expect(site.files(below: "cache/logs") == [], "nothing was made of the rest")
      let fetched = try await site.run("fetch")
      #expect(fetched.status == 0, "\(fetched.errors)")
      #expect(
        plain(fetched.output, upstream, server) == """
            fetched  source loader  commit COMMIT of file://TOP/upstream
            fetched  a              SERVER/a
            fetched  b              SERVER/b.bin?x=1
          done: 3 sources in SITE/cache: 3 fetched

          """)
      removeTree(upstream.folder)
      server.stop()
      let again = try await site.run("fetch", "--locked")
      #expect(again.output == "done: 3 sources in SITE/cache: 3 cached\n", "\(again.errors)")
      let run = try await site.run("all", "--offline", "--locked")
      #expect(run.status == 0, "\(run.errors)")
      #expect(site.served.count == 8 && site.read("out/b") == "bee\n")
    }
  }

  @Test("fetch says what it could not bring, and fails only when a target cannot do without")
  func fetchFails() async throws {
    try await withSources { site, upstream, server in
      #expect(try await site.run("lock").status == 0)
      removeTree(site.cache)
      server.stop()
      let run = try await site.run("fetch")
      #expect(run.status == 69)
      #expect(
        plain(run.output, upstream, server).contains(
          """
            missing  a              because cannot fetch SERVER/a
            missing  b              because cannot fetch SERVER/b.bin?x=1
          failed: 3 sources in SITE/cache: 1 fetched, 2 missing

          """), "\(run.output)")
      let recipe = try #require(site.read("recipes/site.yaml"))
      try site.recipe(
        recipe.replacingOccurrences(
          of: "\(Self.digest) }", with: "\(Self.digest), optional: true }"
        )
        .replacingOccurrences(of: "x=1\" }", with: "x=1\", optional: true }"))
      let optional = try await site.run("fetch")
      #expect(optional.status == 0, "\(optional.errors)")
      #expect(optional.output.hasSuffix("done: 3 sources in SITE/cache: 1 cached, 2 missing\n"))
      let json = try await site.run("fetch", "--json")
      let last = try #require(json.output.split(separator: "\n").last)
      #expect(last.contains(#""complete":true"#) && last.contains(#""state":"missing","error":{"#))
    }
  }

  @Test(
    "vendor lays plain files down, from which a site without network and cache builds the same bytes"
  )
  func vendor() async throws {
    try await withSources { site, upstream, server in
      #expect(try await site.run("all", "-q").status == 0)
      let run = try await site.run("vendor", "plain files/here")
      #expect(run.status == 0, "\(run.errors)")
      #expect(
        plain(run.output, upstream, server) == "done: 3 sources in plain files/here: 3 cached\n")
      let folder = "plain files/here"
      #expect(site.read("\(folder)/files/\(Self.digest)/a") == "hello\n")
      #expect(
        site.read("\(folder)/git/\(upstream.commit)/src/Makefile")
          == (try String(contentsOfFile: "\(MiniatureUpstream.code)/src/Makefile", encoding: .utf8))
      )
      #expect(site.files(below: folder).contains { $0.hasSuffix("/b.bin") })
      // The other site: what cp -a brought, and nothing else.
      let other = try site.sibling("other")
      try await mustRun(["cp", "-a", "recipes", "plain files", other.folder], in: site.folder)
      removeTree(upstream.folder)
      server.stop()
      let build = try await other.run("all", "--locked", "--vendor", folder)
      #expect(build.status == 0, "\(build.errors)")
      for name in site.served { #expect(other.bytes("out/\(name)") == site.bytes("out/\(name)")) }
      #expect(other.served == site.served)
    }
  }

  @Test("What no recipe asks for any more leaves the folder; a folder of others is refused")
  func vendorAgain() async throws {
    try await withSources { site, upstream, _ in
      #expect(try await site.run("vendor", "v").status == 0)
      let recipe = try #require(site.read("recipes/site.yaml"))
      try site.recipe(
        recipe.split(separator: "\n").filter { !$0.hasPrefix("  a:") }.joined(separator: "\n")
          + "\n")
      #expect(try await site.run("vendor", "v").status == 0)
      #expect(!site.exists("v/files/\(Self.digest)") && site.exists("v/git/\(upstream.commit)"))
      let foreign = try await site.run("vendor", "recipes")
      #expect(foreign.status == 73)
      #expect(
        foreign.errors == """
          error: SITE/recipes holds files that pxebuild did not lay down
            why: it has no file pxebuild-vendor
            fix: name an empty folder, or a new one

          """)
      let none = try await site.run("all", "--vendor", "recipes")
      #expect(none.status == 1)
      #expect(
        none.errors == """
          error: SITE/recipes is no folder of sources
            why: it has no file pxebuild-vendor
            fix: fill it with pxebuild vendor where the sources can be reached

          """)
      try site.write("pxebuild vendor 2\n", to: "v/pxebuild-vendor")
      let newer = try await site.run("all", "--vendor", "v")
      #expect(newer.status == 73)
      #expect(
        newer.errors == """
          error: SITE/v was filled by another version of pxebuild
            why: its file pxebuild-vendor does not say "pxebuild vendor 1"
            fix: fill it anew with this pxebuild, or build with the one that filled it

          """)
    }
  }

  @Test("A vendored file that is not what it was is never built from")
  func vendorDamaged() async throws {
    try await withSources { site, upstream, server in
      #expect(try await site.run("vendor", "v").status == 0)
      let source = "v/git/\(upstream.commit)/src/core/print.c"
      let text = try #require(site.read(source))
      try site.write(text + "\n", to: source)
      try site.write("hullo\n", to: "v/files/\(Self.digest)/a")
      removeTree(site.cache)
      let run = try await site.run("all", "--vendor", "v", "-k", "-q")
      #expect(run.status == 1)
      let errors = plain(run.errors, upstream, server).replacing(#/\b[0-9a-f]{40}\b/#, with: "TREE")
      #expect(
        errors.contains(
          """
          error: the sources of commit COMMIT are not what they were
            at: recipes/site.yaml:4:3
            why: its files in SITE/v/git/COMMIT make the tree TREE,
                 the commit has the tree TREE
            fix: fill the folder anew with pxebuild vendor, and copy it with links and modes (cp -a, tar)

          """), "\(run.errors)")
      #expect(errors.contains("error: SITE/v/files/\(Self.digest)/a is not what it was\n"))
      try site.write(text, to: source)
      chmod("\(site.folder)/\(source)", 0o755)
      #expect(try await site.run("all", "--vendor", "v", "-k", "-q").status == 1, "its mode counts")
      removeTree("\(site.folder)/v/files/\(Self.digest)")
      chmod("\(site.folder)/\(source)", 0o644)
      let missing = try await site.run("all", "--vendor", "v", "-q")
      #expect(missing.status == 69)
      #expect(
        plain(missing.errors, upstream, server) == """
          error: 1 source is neither in v nor in the cache
            why: a (recipes/site.yaml:15:3): SERVER/a
            fix: run pxebuild vendor where they can be reached, and bring its folder here

          """)
    }
  }
}
