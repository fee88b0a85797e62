import CLinux
import Foundation
import Testing

/// `verify --rebuild` and `verify --against`: the same bytes once more, and the same bytes elsewhere.
@Suite("verify by comparison")
struct RebuildTests {
  /// With digests, sizes and counts, which differ from compiler to compiler, replaced.
  private func plain(_ text: String) -> String {
    text.replacing(#/[0-9a-f]{12}…, [0-9]+ bytes?/#, with: "DIGEST")
      .replacing(#/[0-9]+ of [0-9]+ bytes differ, the first at byte [0-9]+/#, with: "BYTES DIFFER")
      .replacing(#/: [0-9]+ bytes?\n/#, with: ": SOME\n")
      .replacing(#/, [0-9.]+ k?B read/#, with: "")
  }

  @Test("Every target is built again from nothing, with another number of jobs, to the same bytes")
  func equal() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe + "  copy/of: { file: some }\n")
      try site.write("1", to: "recipes/some/a")
      try site.write("2", to: "recipes/some/b/c")
      #expect(try await site.run("all", "-q").status == 0)
      // Neither the upstream nor any result of an earlier step is of use to it.
      removeTree(upstream.folder)
      let before = site.snapshot(of: "cache")
      let run = try await site.run("verify", "--rebuild", "-j", "1", "--json")
      #expect(run.status == 0, "\(run.output)\(run.errors)")
      #expect(
        run.output.contains(
          #""place":"rebuild","scope":"7 targets built again with 1 job","faults":0"#))
      let executed = run.output.split(separator: "\n").filter {
        $0.contains(#""outcome":"executed""#)
      }
      #expect(executed.count { $0.contains("link\"") } == 6, "\(executed)")
      #expect(!executed.contains { $0.contains("source loader") })
      #expect(site.snapshot(of: "cache") == before, "it left nothing behind")
    }
  }

  @Test("A target that is another one each time is named, with the place of the difference")
  func different() async throws {
    try await withSite { site in
      let make = try String(
        contentsOfFile: "\(MiniatureUpstream.code)/src/Makefile", encoding: .utf8)
      let print = try String(
        contentsOfFile: "\(MiniatureUpstream.code)/src/core/print.c", encoding: .utf8)
      let upstream = try await MiniatureUpstream(
        in: site,
        changes: [
          "Makefile": make.replacingOccurrences(
            of: "\nBLIB            =",
            with:
              "\nCFLAGS_print := -DNOISE=0x$(strip $(shell od -An -N2 -tx1 /dev/urandom | tr -d ' '))\n"
              + "BLIB            ="),
          "core/print.c": print.replacingOccurrences(
            of: "index = 0 ;", with: "index = ( *screen = NOISE ) & 0 ;"),
        ])
      try site.recipe(upstream.recipe)
      #expect(try await site.run("all", "-q").status == 0)
      let run = try await site.run("verify", "--rebuild", "-j", "2", "--skip-cache")
      #expect(run.status == 1, "\(run.errors)")
      let lines = plain(run.output).split(separator: "\n").filter { !$0.contains("diffoscope") }
      #expect(lines.contains("  differs  ipxe.efi       it is sha256 DIGEST; it was sha256 DIGEST"))
      #expect(lines.contains { $0.contains("BYTES DIFFER") })
      #expect(run.output.contains("\n           diffoscope: "), "it is asked where it is installed")
      #expect(
        lines.last == "wrong: rebuild: 5 different; 6 targets built again with 2 jobs",
        "\(run.output)")
      #expect(
        run.errors.hasSuffix(
          "where recipes or sources have changed since the build, pxebuild why TARGET says what\n"),
        "\(run.errors)")
    }
  }

  @Test("A target whose source is gone and was never kept is said not to have been built")
  func sourceGone() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      #expect(try await site.run("all", "-q").status == 0)
      removeTree(upstream.folder)
      removeTree(site.cache)
      let run = try await site.run("verify", "--rebuild", "--offline", "--skip-cache")
      #expect(run.status == 1)
      #expect(
        run.output.hasSuffix("wrong: rebuild: 5 not built; 6 targets built again with TIME\n")
          || run.output.contains("wrong: rebuild: 5 not built; 6 targets built again with"),
        "\(run.output)")
      #expect(
        run.output.contains(
          "  unbuilt  undionly.kpxe  it is cannot reach the git repository \(upstream.url.replacingOccurrences(of: site.top, with: "TOP"))\n"
        ),
        "\(run.output)")
    }
  }

  @Test(
    "Another tree with the same content is the same; what differs is named down to the file of an image"
  )
  func against() async throws {
    try await withSite { site in
      let other = try site.sibling("other")
      for (one, text) in [(site, "old"), (other, "new")] {
        try one.write(text, to: "iso/sub/changed.txt")
        try one.write("the same", to: "iso/same.txt")
        try await mustRun(
          [
            "xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", "recipes/disc.iso", "iso",
          ], in: one.folder, environment: ["SOURCE_DATE_EPOCH": "1700000000"])
        try one.recipe(
          """
          targets:
            same: { script: same }
            text: { script: "one\\ntwo \(text)\\nthree" }
            disc.iso: { file: disc.iso }
            only-\(text): { script: x }

          """)
        #expect(try await one.run("all", "-q").status == 0)
      }
      let own = try await site.run("verify", "--skip-cache", "--against", "out")
      #expect(own.status == 0, "\(own.output)\(own.errors)")
      #expect(own.output.hasSuffix("right: out: 4 files here, 4 files there\n"))
      let run = try await site.run("verify", "--skip-cache", "--against", "../other/out")
      #expect(run.status == 1, "\(run.errors)")
      let shown = plain(run.output).split(separator: "\n").filter { !$0.contains("diffoscope") }
        .dropFirst().joined(separator: "\n")
      #expect(
        shown == """
            differs  disc.iso  it is sha256 DIGEST; it was sha256 DIGEST
                     BYTES DIFFER
                     outside of files: SOME
                     file sub/changed.txt: SOME
            absent   only-new
            extra    only-old
            differs  text      it is sha256 DIGEST; it was sha256 DIGEST
                     BYTES DIFFER, in line 2
          wrong: ../other/out: 2 different, 1 absent, 1 extra; 4 files here, 4 files there
          """)
      // The manifest alone, as a CI job publishes it: what differs is known, where it does is not.
      let manifest = "\(other.output)/.pxebuild/manifest.json"
      for place in [manifest, "file://\(manifest)"] {
        let alone = try await site.run("verify", "--skip-cache", "--against", place)
        #expect(alone.status == 1)
        #expect(alone.output.contains("2 different, 1 absent, 1 extra"), "\(alone.output)")
        #expect(!alone.output.contains("bytes differ"))
      }
    }
  }

  @Test("What is no manifest, and what cannot be reached, is said to be that")
  func noManifest() async throws {
    try await withSite { site in
      try site.recipe("targets: { a: { script: x } }\n")
      #expect(try await site.run("all", "-q").status == 0)
      let folder = try await site.run("verify", "--skip-cache", "--against", "recipes")
      #expect(folder.status == 1)
      #expect(
        folder.errors == """
          error: there is no manifest in SITE/recipes
            why: it has neither .pxebuild/manifest.json nor manifest.json
            fix: name an output tree, a manifest.json, or the URL of one

          """)
      let file = try await site.run("verify", "--skip-cache", "--against", "recipes/site.yaml")
      #expect(
        file.errors == """
          error: recipes/site.yaml is no manifest that this pxebuild can read
            why: the manifest SITE/recipes/site.yaml cannot be read: it is not what pxebuild wrote there
            fix: name an output tree, a manifest.json, or the URL of one

          """)
      let gone = try await site.run(
        "verify", "--skip-cache", "--against", "file://\(site.folder)/gone/manifest.json")
      #expect(gone.status == 69, "\(gone.errors)")
    }
  }
}
