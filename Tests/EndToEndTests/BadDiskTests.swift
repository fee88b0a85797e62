import Foundation
import Testing

/// Disks that are full, folders that may not be written, and caches that were damaged.
@Suite("Disks and caches in trouble")
struct BadDiskTests {
  private static let big = String(repeating: "0123456789abcde\n", count: 64 * 1024)

  @Test(
    "A full disk under the cache is told, the old tree stays, and the next run goes on",
    .enabled(if: Binary.isRoot, "mounting a small disk needs root"))
  func fullCache() async throws {
    try await withSite { site in
      try await site.withSmallDisk(at: "cache", kilobytes: 600) {
        try site.write("old\n", to: "recipes/data")
        try site.recipe("targets:\n  data: { file: data }\n")
        #expect(try await site.run("all").status == 0)
        try site.write(Self.big, to: "recipes/data")
        let full = try await site.run("all", "-q")
        #expect(full.status == 73)
        #expect(
          full.errors.replacing(#/work/\S*/#, with: "work/NAME") == """
            error: cannot write SITE/cache/work/NAME
              at: recipes/site.yaml:2:3
              why: No space left on device
              fix: free some space on that disk and run the same command again; what is built is kept

            """)
        #expect(site.read("out/data") == "old\n")
        try site.write("new\n", to: "recipes/data")
        #expect(try await site.run("all").status == 0)
        #expect(site.read("out/data") == "new\n")
      }
    }
  }

  @Test(
    "A full disk under the output is told, the old tree stays, and the next run goes on",
    .enabled(if: Binary.isRoot, "mounting a small disk needs root"))
  func fullOutput() async throws {
    try await withSite { site in
      try await site.withSmallDisk(at: "out", kilobytes: 600) {
        try site.write("old\n", to: "recipes/data")
        try site.recipe("targets:\n  a: { file: data }\n  b: { file: data }\n")
        #expect(try await site.run("all").status == 0)
        try site.write(Self.big, to: "recipes/data")
        let full = try await site.run("all", "-q")
        #expect(full.status == 73)
        #expect(
          full.errors.replacing(#/\/new\/\S*/#, with: "/new/NAME") == """
            error: cannot write SITE/out/.pxebuild/new/NAME
              why: No space left on device
              fix: free some space on that disk and run the same command again; what is built is kept

            """)
        #expect(site.read("out/a") == "old\n")
        #expect(site.read("out/b") == "old\n")
        #expect(site.served == ["a", "b"], "what did not fit is gone again")
        try site.write("new\n", to: "recipes/data")
        #expect(try await site.run("all").status == 0)
        #expect(site.read("out/a") == "new\n")
      }
    }
  }

  @Test(
    "A full disk during a compile names the disk, not the compiler",
    .enabled(if: Binary.isRoot, "mounting a small disk needs root"))
  func fullWhileCompiling() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      try await site.withSmallDisk(at: "cache", kilobytes: 8192) {
        #expect(try await site.run("build", "undionly.kpxe").status == 0)
        removeTree("\(site.cache)/actions")
        try site.fillDisk(with: "cache/filler", leaving: 150 * 1024)
        let full = try await site.run("build", "undionly.kpxe", "-q")
        #expect([1, 73].contains(full.status), "\(full.errors)")
        #expect(full.errors.contains("No space left on device"), "\(full.errors)")
        unlink("\(site.cache)/filler")
        #expect(try await site.run("build", "undionly.kpxe").status == 0)
      }
    }
  }

  @Test(
    "A folder that this user may not write ends with 77 and says who",
    .enabled(if: Binary.isRoot, "becoming another user needs root"))
  func noPermission() async throws {
    try await withSite { site in
      try site.recipe("targets:\n  a: { script: x }\n")
      for name in ["cache", "out"] {
        try site.makeFolder(name)
        chmod("\(site.folder)/\(name)", name == "cache" ? 0o777 : 0o755)
      }
      let output = try await site.run(["all"], prefix: Site.nobody)
      #expect(output.status == 77)
      #expect(
        output.errors == """
          error: cannot create the folder SITE/out/.pxebuild
            why: Permission denied
            fix: give user nobody access to it, or choose another folder

          """)
      chmod("\(site.folder)/out", 0o777)
      chmod("\(site.folder)/cache", 0o755)
      removeTree("\(site.folder)/cache")
      try site.makeFolder("cache")
      let cache = try await site.run(["all"], prefix: Site.nobody)
      #expect(cache.status == 77)
      #expect(
        cache.errors == """
          error: cannot create the folder SITE/cache/blobs
            why: Permission denied
            fix: give user nobody access to it, or choose another folder

          """)
    }
  }

  @Test(
    "A recipe that this user may not read is named",
    .enabled(if: Binary.isRoot, "becoming another user needs root"))
  func unreadableRecipe() async throws {
    try await withSite { site in
      try site.recipe("targets:\n  a: { script: x }\n")
      chmod("\(site.recipes)/site.yaml", 0o600)
      let run = try await site.run(["check"], prefix: Site.nobody)
      #expect(run.errors == "error: cannot read recipes/site.yaml: Permission denied\n\n")
      #expect(run.status == 65)
    }
  }

  @Test("A foreign file under a name that is needed is an error, and stays as it is")
  func foreignFile() async throws {
    try await withSite { site in
      try site.recipe("targets:\n  a: { script: x }\n  b/c: { script: x }\n")
      try site.write("mine", to: "out/a")
      try site.write("mine", to: "out/b")
      try site.write("mine", to: "out/other")
      let run = try await site.run("all", "-q")
      #expect(run.status == 73)
      #expect(
        run.errors == """
          error: SITE/out has things that pxebuild did not place, under a name that it needs
            why: a (a file)
                 b (a file)
            fix: move it away, rename the target, or choose another folder with --output

          """)
      #expect(site.served == ["a", "b", "other"])
      for name in site.served { #expect(site.read("out/\(name)") == "mine") }
    }
  }

  @Test("A symbolic link in the way of a target is not followed")
  func symlinkInTheWay() async throws {
    try await withSite { site in
      try site.recipe("targets:\n  a/b: { script: x }\n")
      try site.makeFolder("elsewhere")
      try site.makeFolder("out")
      symlink("../elsewhere", "\(site.output)/a")
      let run = try await site.run("all", "-q")
      #expect(run.status == 73)
      #expect(
        run.errors == """
          error: SITE/out has something that pxebuild did not place, under a name that it needs
            why: a (a symbolic link)
            fix: move it away, rename the target, or choose another folder with --output

          """)
      #expect(site.files(below: "elsewhere") == [])
    }
  }

  @Test("The root of the system is refused as an output folder")
  func rootFolder() async throws {
    try await withSite { site in
      try site.recipe("targets:\n  a: { script: x }\n")
      let run = try await site.run("all", "--output", "/")
      #expect(run.status == 73)
      #expect(
        run.errors == """
          error: the output folder cannot be /
            fix: name a folder of its own, for example --output /var/lib/tftpboot

          """)
    }
  }

  // MARK: The cache

  private func builtSite(_ body: (Site) async throws -> Void) async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      #expect(try await site.run("build", "undionly.kpxe").status == 0)
      try await body(site)
    }
  }

  private func blobs(_ site: Site) -> [String] { site.files(below: "cache/blobs") }

  @Test("Every blob corrupted: each is found, dropped and made again, with the same bytes")
  func corruptBlobs() async throws {
    try await builtSite { site in
      let good = try #require(site.bytes("out/undionly.kpxe"))
      removeTree(site.output)
      for name in blobs(site) {
        let path = "\(site.cache)/blobs/\(name)"
        guard var bytes = site.bytes("cache/blobs/\(name)"), !bytes.isEmpty else { continue }
        bytes[bytes.count / 2] ^= 0x20
        chmod(path, 0o644)
        try bytes.write(to: URL(fileURLWithPath: path))
      }
      let run = try await site.run("build", "undionly.kpxe")
      #expect(run.status == 0, "\(run.errors)")
      #expect(site.bytes("out/undionly.kpxe") == good)
      let verified = try await site.run("cache", "verify", "--repair")
      #expect(verified.status == 0 || verified.output.contains("dropped"), "\(verified.output)")
      #expect(try await site.run("cache", "verify").status == 0)
    }
  }

  @Test("cache verify names what is damaged and ends with 1; --repair drops it")
  func verify() async throws {
    try await withSite { site in
      try site.recipe("targets:\n  a: { script: \"hello\" }\n")
      #expect(try await site.run("all").status == 0)
      let name = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
      let hello = "cache/blobs/2c/\(name.dropFirst(2))"
      chmod("\(site.folder)/\(hello)", 0o644)
      try site.write("hullo", to: hello)
      let first = try await site.run("cache", "verify")
      #expect(first.status == 1)
      #expect(
        first.output == """
          damaged blob \(name): its bytes were wrong
          0 blobs and 0 results are right, 1 is not

          """)
      #expect(first.errors == "pxebuild cache verify --repair drops what is damaged\n")
      let second = try await site.run("cache", "verify", "--repair")
      #expect(second.status == 1)
      #expect(
        second.output == """
          dropped blob \(name): its bytes were wrong
          0 blobs and 0 results are right, 1 is not

          """)
      let third = try await site.run("cache", "verify")
      #expect(third.output == "0 blobs and 0 results are right, 0 are not\n")
      #expect(third.status == 0)
    }
  }

  @Test("Action-cache entries that were cut off or overwritten count as absent")
  func truncatedEntries() async throws {
    try await builtSite { site in
      let good = try #require(site.bytes("out/undionly.kpxe"))
      removeTree(site.output)
      let entries = site.files(below: "cache/actions")
      #expect(entries.count >= 4)
      for (index, name) in entries.enumerated() {
        let bytes = try #require(site.bytes("cache/actions/\(name)"))
        try site.write(
          index % 3 == 0
            ? bytes.prefix(bytes.count / 2) : index % 3 == 1 ? Data() : Data("garbage".utf8),
          to: "cache/actions/\(name)")
      }
      let run = try await site.run("build", "undionly.kpxe")
      #expect(run.status == 0, "\(run.errors)")
      #expect(site.bytes("out/undionly.kpxe") == good)
    }
  }

  @Test("A cache of a newer format is refused and left as it is")
  func newerCache() async throws {
    try await withSite { site in
      try site.recipe("targets:\n  a: { script: x }\n")
      try site.write("pxebuild cache 99\n", to: "cache/FORMAT")
      let run = try await site.run("all")
      #expect(run.status == 73)
      #expect(
        run.errors == """
          error: the cache folder SITE/cache was written by a newer pxebuild
            why: it has format 99; this pxebuild knows formats up to 1
            fix: use that newer pxebuild, or choose another folder with --cache

          """)
      #expect(site.files(below: "cache") == ["FORMAT"])
    }
  }

  @Test("A tree of a newer format, and one with a damaged manifest, are refused")
  func newerTree() async throws {
    try await withSite { site in
      try site.recipe("targets:\n  a: { script: x }\n")
      try site.write("{\"format\":99,\"targets\":[]}", to: "out/.pxebuild/manifest.json")
      let newer = try await site.run("all", "-q")
      #expect(newer.status == 73)
      #expect(
        newer.errors == """
          error: the output tree of SITE/out/.pxebuild/manifest.json was written by a newer pxebuild
            why: its manifest has format 99; this pxebuild knows 1
            fix: use that newer pxebuild, or choose another folder with --output

          """)
      try site.write("{\"format\":", to: "out/.pxebuild/manifest.json")
      let damaged = try await site.run("all", "-q")
      #expect(damaged.status == 73)
      #expect(
        damaged.errors == """
          error: the manifest SITE/out/.pxebuild/manifest.json cannot be read
            why: it is not what pxebuild wrote there
            fix: restore it from a backup, or empty the output folder and build again

          """)
    }
  }

  @Test("State that can be lost, lost or damaged: builds go on")
  func damagedState() async throws {
    try await builtSite { site in
      let good = try #require(site.bytes("out/undionly.kpxe"))
      for folder in ["state", "link-sets", "build-ids", "logs"] {
        for name in site.files(below: "cache/\(folder)") {
          try site.write("garbage \0\u{fffd}", to: "cache/\(folder)/\(name)")
        }
      }
      let run = try await site.run("build", "undionly.kpxe")
      #expect(run.status == 0, "\(run.errors)")
      #expect(site.bytes("out/undionly.kpxe") == good)
    }
  }
}
