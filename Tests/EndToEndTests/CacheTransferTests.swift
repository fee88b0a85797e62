import Foundation
import Testing

/// `cache export` and `cache import`.
@Suite("Caches that travel")
struct CacheTransferTests {
  private func export(_ site: Site, to file: String, _ targets: String...) async throws -> Run {
    let descriptor = open("\(site.folder)/\(file)", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    defer { close(descriptor) }
    return await (try site.start(["cache", "export"] + targets, output: descriptor)).wait()
  }

  @Test("What was built here need not be built there; two exports are equal")
  func travels() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      #expect(try await site.run("all", "-q").status == 0)
      let first = try await export(site, to: "one.tar")
      #expect(
        first.status == 0 && first.errors.hasPrefix("exported 6 results, "), "\(first.errors)")
      _ = try await export(site, to: "two.tar")
      #expect(site.bytes("one.tar") == site.bytes("two.tar"))
      let names = try await mustRun(["tar", "-tf", "one.tar"], in: site.folder)
      #expect(
        names.split(separator: "\n").allSatisfy {
          $0 == "FORMAT" || $0.hasPrefix("actions/") || $0.hasPrefix("blobs/")
        })
      let other = try site.sibling("other")
      try await mustRun(["cp", "-a", "recipes", other.folder], in: site.folder)
      removeTree(upstream.folder)
      let run = try await other.run("cache", "import", "../site/one.tar")
      #expect(run.status == 0 && run.output.hasPrefix("imported 6 results, "), "\(run.errors)")
      let built = try await other.run("all", "--offline")
      #expect(built.status == 0, "\(built.errors)")
      #expect(built.output.contains("6 actions, 6 from cache"), "\(built.output)")
      for name in site.served { #expect(other.bytes("out/\(name)") == site.bytes("out/\(name)")) }
      #expect(other.files(below: "cache/work") == [])
    }
  }

  @Test("What is not built cannot be exported; what is damaged, foreign or newer is not imported")
  func refused() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      #expect(try await site.run("lock").status == 0)
      let none = try await export(site, to: "none.tar", "undionly.kpxe")
      #expect(none.status == 1)
      #expect(
        none.errors == """
          error: the cache has no result of 2 actions
            why: source loader
                 undionly.kpxe
            fix: build the targets first, with the same recipes and tools

          """)
      #expect(site.bytes("none.tar") == Data())
      #expect(try await site.run("build", "undionly.kpxe", "-q").status == 0)
      #expect(try await export(site, to: "one.tar", "undionly.kpxe").status == 0)
      for (name, change) in [
        (
          "damaged",
          "f=$(find blobs -type f -size +3k | sort | head -n1); printf X | dd of=$f conv=notrunc status=none"
        ),
        ("newer", "echo pxebuild cache 9 > FORMAT"), ("foreign", "rm FORMAT"),
      ] {
        try await mustRun(
          [
            "sh", "-euc",
            "mkdir \(name); cd \(name); tar -xf ../one.tar; \(change); tar -cf ../\(name).tar *",
          ],
          in: site.folder)
      }
      let damaged = try await site.run("cache", "import", "damaged.tar", "--cache", "new")
      #expect(damaged.status == 1)
      #expect(
        damaged.errors.replacing(#/[0-9a-f]{12}…/#, with: "KEY…") == """
          error: SITE/damaged.tar is damaged
            why: the result KEY… or something in it is not what it was
            fix: export it again; what was imported before this is kept

          """)
      #expect(try await site.run("cache", "verify", "--cache", "new").status == 0)
      let newer = try await site.run("cache", "import", "newer.tar", "--cache", "new")
      #expect(
        newer.errors == """
          error: SITE/newer.tar cannot be imported
            why: it has format 9; this pxebuild knows formats up to 1
            fix: use the pxebuild that wrote it, or a newer one

          """)
      let foreign = try await site.run("cache", "import", "foreign.tar", "--cache", "new")
      #expect(
        foreign.errors == """
          error: SITE/foreign.tar was not written by pxebuild cache export
            why: it has no file FORMAT

          """)
    }
  }
}
