import CLinux
import Foundation
import Testing

/// `verify`: the tree, the configs and the cache against what pxebuild wrote.
@Suite("verify")
struct VerifyTests {
  private static let recipe = """
    site:
      server: 10.0.0.1
    targets:
      a: { script: "hello" }
      deep/b: { script: "there" }
    configs:
      tftpd-hpa: { tftp: hpa }

    """

  @Test("A fresh site is right in every place, and verify changes nothing")
  func fresh() async throws {
    try await withSite { site in
      try site.recipe(Self.recipe)
      #expect(try await site.run("all", "-q").status == 0)
      let before = site.snapshot(of: ".")
      let run = try await site.run("verify")
      #expect(run.status == 0, "\(run.errors)")
      let size = site.bytes("out-conf/tftpd-hpa")?.count ?? 0
      #expect(
        run.output == """
          right: out: 2 files of 2 targets, 10 B read
          right: out-conf: 1 file of 1 config, \(size) B read
          right: SITE/cache: 2 blobs and 0 results, 10 B read

          """)
      #expect(run.errors == "")
      #expect(site.snapshot(of: ".") == before)
    }
  }

  @Test("Everything that is wrong is named, with what to do, and the exit code is 1")
  func wrong() async throws {
    try await withSite { site in
      try site.recipe(Self.recipe)
      #expect(try await site.run("all", "-q").status == 0)
      try site.write("hullo", to: "out/a")
      try FileManager.default.removeItem(atPath: "\(site.output)/deep/b")
      try site.write("mine", to: "out/notes.txt")
      chmod("\(site.folder)/out-conf/tftpd-hpa", 0o600)
      let blob = "cache/blobs/2c/f24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
      chmod("\(site.folder)/\(blob)", 0o644)
      try site.write("hallo", to: blob)
      let run = try await site.run("verify")
      #expect(run.status == 1)
      let size = site.bytes("out-conf/tftpd-hpa")?.count ?? 0
      #expect(
        run.output == """
            changed  a          it is sha256 7835066a1457…, 5 bytes; it was sha256 2cf24dba5fb0…, 5 bytes
            missing  deep/b
            foreign  notes.txt  it is a file that pxebuild did not place
          wrong: out: 1 missing, 1 changed, 1 foreign; 2 files of 2 targets, 5 B read
            mode     tftpd-hpa  it is 0600; it was 0644
          wrong: out-conf: 1 of another mode; 1 file of 1 config, \(size) B read
            damaged  blob 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
          wrong: SITE/cache: 1 damaged; 2 blobs and 0 results, 10 B read

          """)
      #expect(
        run.errors == """
          pxebuild all puts back what is missing or changed, unless something foreign is in its place
          what is foreign stays: move it away, or say --allow-foreign
          pxebuild cache verify --repair drops what is damaged; the next build makes it again

          """)
      #expect(try await site.run("cache", "verify", "--repair").status == 1)
      #expect(try await site.run("all", "-q").status == 0)
      let again = try await site.run("verify", "--allow-foreign")
      #expect(again.status == 0, "\(again.output)")
      #expect(again.output.contains("right: out: 1 foreign; 2 files"))
    }
  }

  @Test("A tree alone is verified by its folder, without recipes, without a cache, by anybody")
  func treeAlone() async throws {
    try await withSite { site in
      try site.recipe(Self.recipe)
      #expect(try await site.run("all", "-q").status == 0)
      removeTree(site.recipes)
      removeTree(site.cache)
      let run = try await site.run("verify", prefix: Binary.isRoot ? Site.nobody : [])
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.hasPrefix("right: out: 2 files of 2 targets, 10 B read\nright: out-conf"))
      #expect(!run.output.contains("cache") && !site.exists("cache"))
    }
  }

  @Test("--json prints an object for each finding and each place")
  func json() async throws {
    try await withSite { site in
      try site.recipe("targets: { a: { script: hello } }\n")
      #expect(try await site.run("all", "-q").status == 0)
      chmod("\(site.output)/a", 0o640)
      let run = try await site.run("verify", "--json", "--skip-cache")
      #expect(run.status == 1)
      let events = run.output.split(separator: "\n").filter {
        $0.contains("\"finding\"") || $0.contains("\"verified\"")
      }.map { $0.replacing(#/"time":[0-9.]+,/#, with: "") }
      #expect(
        events == [
          #"{"event":"finding","place":"out","problem":"mode","path":"a","expected":"0644","found":"0640","fault":true}"#,
          #"{"event":"verified","place":"out","scope":"1 file of 1 target","bytes":5,"faults":1}"#,
        ])
    }
  }

  @Test("Without a tree, verify says what to do")
  func noTree() async throws {
    try await withSite { site in
      try site.recipe("targets: { a: { script: hello } }\n")
      let run = try await site.run("verify")
      #expect(run.status == 1)
      #expect(
        run.errors == """
          error: SITE/out is no output tree
            why: there is no manifest SITE/out/.pxebuild/manifest.json
            fix: run pxebuild all first, or name the folder with --output

          """)
      #expect(site.files(below: ".") == ["recipes/site.yaml"])
    }
  }
}
