import Foundation
import Testing

/// The last states of the output tree: listed, compared, brought back.
@Suite("Generations")
struct GenerationTests {
  @Test("Each build that changes the tree is a generation; diff says which targets changed and why")
  func compared() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      #expect(try await site.run("all", "-q").status == 0)
      #expect(try await site.run("all", "-q", "--json").status == 0)
      let one = try await site.run("generations")
      #expect(
        one.output.hasPrefix("   1  20") && one.output.hasSuffix("  6 targets\n"), "\(one.output)")
      let alone = try await site.run("diff")
      #expect(alone.status == 1)
      #expect(
        alone.errors == """
          error: out has no earlier state
            why: generation 1 is the only one

          """)
      try Data("\n".utf8).write(to: URL(fileURLWithPath: "\(upstream.folder)/src/README"))
      let commit = try await MiniatureUpstream.commit(in: upstream.folder, tag: "v2")
      try site.recipe(
        upstream.recipe.replacingOccurrences(of: "tag: v1", with: "tag: v2")
          .replacingOccurrences(of: "/install.ipxe", with: "/other.ipxe")
          .replacingOccurrences(of: "  ipxe32.efi:", with: "  ipxe-ia32.efi:"))
      #expect(try await site.run("all", "-q").status == 0)
      let two = try await site.run("generations")
      #expect(two.output.hasSuffix("  6 targets, 1 added, 1 removed, 5 changed\n"), "\(two.output)")
      let source =
        "source upstream: v1 \(upstream.commit.prefix(12)), now v2 \(commit.prefix(12))"
      let diff = try await site.run("diff")
      #expect(
        diff.output == """
            changed  chain.ipxe     the recipe, or what the recipe names
            added    ipxe-ia32.efi
            changed  ipxe.efi       \(source)
            removed  ipxe32.efi
            changed  undionly.kpxe  \(source)
            changed  usb/bios.usb   \(source)
            changed  usb/efi.usb    \(source)
          7 targets differ between generations 1 and 2 of out

          """)
      let same = try await site.run("diff", "2", "2")
      #expect(same.output == "no target differs between generations 2 and 2 of out\n")
      let none = try await site.run("diff", "7")
      #expect(
        none.errors == """
          error: out has no generation 7
            why: it has 1, 2
            fix: pxebuild generations lists them

          """)
    }
  }

  @Test("rollback brings every file back from the cache, and a build goes forward again")
  func rollback() async throws {
    try await withSite { site in
      func recipe(_ text: String) throws {
        try site.write(text, to: "recipes/tree/deep/file")
        try site.recipe(
          "targets:\n  menu.ipxe: { script: \"\(text)\" }\n  dossier été: { file: tree }\n  \(text): { script: x }\n"
        )
      }
      symlink("deep", "\(site.recipes)/tree-link")
      try recipe("old")
      symlink("file", "\(site.recipes)/tree/deep/link")
      try site.makeFolder("recipes/tree/empty")
      #expect(try await site.run("all", "-q").status == 0)
      let old = try await mustRun(
        [
          "sh", "-c",
          "cd out && find . -path ./.pxebuild -prune -o -print -type f -exec sha256sum {} + -o -type l -printf '%l\\n' | sort",
        ],
        in: site.folder)
      try recipe("new")
      #expect(try await site.run("all", "-q").status == 0)
      // A clean-up with the sharpest limits keeps what the generations need.
      #expect(try await site.run("cache", "gc", "--max-size", "0", "--max-age", "0d").status == 0)
      let run = try await site.run("rollback")
      #expect(run.status == 0, "\(run.errors)")
      #expect(
        run.output == """
          placed   dossier été/deep/file
          placed   menu.ipxe
          placed   old
          removed  new
          out is as generation 1 was: 3 placed, 1 removed

          """)
      let now = try await mustRun(
        [
          "sh", "-c",
          "cd out && find . -path ./.pxebuild -prune -o -print -type f -exec sha256sum {} + -o -type l -printf '%l\\n' | sort",
        ],
        in: site.folder)
      #expect(now == old)
      #expect(try await site.run("verify", "--skip-cache").status == 0)
      let listed = try await site.run("generations")
      #expect(listed.output.split(separator: "\n").count == 3, "\(listed.output)")
      #expect(try await site.run("all", "-q").status == 0)
      #expect(site.read("out/menu.ipxe") == "new" && !site.exists("out/old"))
    }
  }

  @Test("What the cache no longer has cannot be brought back, and the tree stays as it is")
  func lost() async throws {
    try await withSite { site in
      try site.recipe("targets:\n  a: { script: one }\n  b: { script: x }\n")
      #expect(try await site.run("all", "-q").status == 0)
      try site.recipe("targets:\n  a: { script: two }\n  b: { script: y }\n")
      #expect(try await site.run("all", "-q").status == 0)
      removeTree("\(site.cache)/blobs")
      func tree() -> [String: String] {
        site.snapshot(of: "out").filter { $0.key != ".pxebuild/lock" }
      }
      let before = tree()
      let run = try await site.run("rollback", "1")
      #expect(run.status == 1)
      #expect(
        run.errors == """
          error: generation 1 of out cannot be brought back
            why: the cache SITE/cache no longer has the bytes of a
            fix: build it again from the recipes of that time; the tree is as it was

          """)
      #expect(tree() == before)
    }
  }

  @Test("The last ten are kept")
  func limit() async throws {
    try await withSite { site in
      for index in 1...12 {
        try site.recipe("targets:\n  a: { script: \"\(index)\" }\n")
        #expect(try await site.run("all", "-q").status == 0)
      }
      let listed = try await site.run("generations").output.split(separator: "\n")
      #expect(listed.count == 10 && listed[0].hasPrefix("   3 "), "\(listed)")
    }
  }
}
