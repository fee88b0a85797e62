import Foundation
import Testing

/// What is rebuilt, what is not, and what becomes of the tree.
@Suite("What a build does")
struct BehaviourTests {
  private func withUpstream(_ body: (Site, MiniatureUpstream) async throws -> Void) async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      try await body(site, upstream)
    }
  }

  /// The names of the actions that ran, from the events of a build.
  private func executed(_ run: Run) throws -> [String] {
    try events(run).filter {
      $0["event"] as? String == "action-finished" && $0["outcome"] as? String == "executed"
    }
    .compactMap { $0["name"] as? String }.sorted()
  }

  private func events(_ run: Run) throws -> [[String: Any]] {
    try run.output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  @Test("The first build says what it made, the second that it is up to date and runs nothing")
  func unchanged() async throws {
    try await withUpstream { site, upstream in
      let first = try await site.run("all")
      #expect(first.status == 0, "\(first.errors)")
      #expect(
        first.output.replacing(#/ +[0-9.]+ (B|kB|KiB|MB|MiB)\n/#, with: " SIZE\n") == """
            built      chain.ipxe SIZE
            compiled   undionly.kpxe SIZE
            compiled   ipxe.efi SIZE
            compiled   ipxe32.efi SIZE
            compiled   usb/bios.usb SIZE
            compiled   usb/efi.usb SIZE
          done: 6 targets in out: 5 compiled, 1 built; 6 actions, TIME

          """)
      #expect(
        site.served == [
          "chain.ipxe", "ipxe.efi", "ipxe32.efi", "undionly.kpxe", "usb/bios.usb", "usb/efi.usb",
        ])
      let before = site.snapshot(of: "out")
      let second = try await site.run("all", "--json")
      #expect(second.status == 0)
      #expect(try executed(second) == [])
      #expect(try events(second).last?["result"] as? String == "up-to-date")
      #expect((try events(second).last?["targets"] as? [Any])?.count == 6)
      let third = try await site.run("all")
      #expect(third.output == "up to date: 6 targets in out; TIME\n")
      #expect(third.errors == "")
      let after = site.snapshot(of: "out")
      #expect(
        before.filter { $0.key != ".pxebuild/lock" } == after.filter { $0.key != ".pxebuild/lock" })
    }
  }

  @Test("The shortcut for an unchanged site says the same as the normal way")
  func shortcut() async throws {
    try await withSite { site in
      try site.recipe(
        "site: { output: \(site.output) }\ntargets:\n  a: { script: x }\n  b: { script: y }\n")
      let command = ["all", "--recipes", site.recipes, "--cache", site.cache]
      #expect(try await site.run(command, bare: true).status == 0)
      // A change a moment ago leaves no record: wait until it can.
      for _ in 0..<3 {
        try await Task.sleep(for: .seconds(1))
        let run = try await site.run(command, bare: true)
        #expect(run.output == "up to date: 2 targets in SITE/out; TIME\n")
      }
      #expect(site.files(below: "cache/state").contains { $0.hasPrefix("up-to-date-") })
      try site.write("changed", to: "out/a")
      #expect(try await site.run(command, bare: true).status == 0)
      #expect(site.read("out/a") == "x", "a file of ours that somebody changed is put right")
      unlink("\(site.output)/b")
      #expect(try await site.run(command, bare: true).status == 0)
      #expect(site.read("out/b") == "y", "one that is gone is put back")
    }
  }

  @Test("A relative output folder means another tree in another working folder")
  func relativeOutput() async throws {
    try await withSite { site in
      try site.recipe("targets:\n  a: { script: x }\n")
      for round in 0..<4 {
        let folder = round % 2 == 0 ? "one" : "two"
        try site.makeFolder(folder)
        let run = try await Running(
          [
            Binary.pxebuild, "all", "--recipes", site.recipes, "--cache", site.cache, "--output",
            "out",
          ],
          environment: site.environment, folder: "\(site.folder)/\(folder)", scratch: site.scratch
        ).wait()
        #expect(run.status == 0)
        #expect(site.read("\(folder)/out/a") == "x")
        try await Task.sleep(for: .milliseconds(600))
      }
    }
  }

  @Test("Touching files and moving the checkout rebuild nothing")
  func touched() async throws {
    try await withUpstream { site, _ in
      try site.write("data", to: "recipes/data")
      try site.recipe(try #require(site.read("recipes/site.yaml")) + "  data: { file: data }\n")
      #expect(try await site.run("all").status == 0)
      for name in [
        "recipes/site.yaml", "recipes/data", "recipes/pxebuild.lock", "out/undionly.kpxe",
      ] {
        utimensat(AT_FDCWD, "\(site.folder)/\(name)", nil, 0)
      }
      #expect(try executed(await site.run("all", "--json")) == [])
      let moved = try site.sibling("moved")
      removeTree(moved.folder)
      try FileManager.default.moveItem(atPath: site.folder, toPath: moved.folder)
      let run = try await moved.run("all", "--json")
      #expect(try executed(run) == [])
      #expect(try events(run).last?["result"] as? String == "up-to-date")
      try FileManager.default.moveItem(atPath: moved.folder, toPath: site.folder)
    }
  }

  @Test("A changed chain script costs links only")
  func relink() async throws {
    try await withUpstream { site, upstream in
      #expect(try await site.run("all").status == 0)
      let before = try #require(site.bytes("out/undionly.kpxe"))
      try site.recipe(upstream.recipe.replacingOccurrences(of: "install.ipxe", with: "other.ipxe"))
      let ran = try executed(await site.run("all", "--json"))
      #expect(ran.contains { $0.hasSuffix("link") })
      #expect(
        !ran.contains {
          $0.contains("objects") || $0.contains("commands") || $0.contains("source")
        }, "\(ran)")
      #expect(site.bytes("out/undionly.kpxe") != before)
      #expect(site.read("out/chain.ipxe")?.contains("other.ipxe") == true)
      try site.recipe(upstream.recipe)
      #expect(
        try executed(await site.run("all", "--json")) == [], "what was built before is in the cache"
      )
      #expect(site.bytes("out/undionly.kpxe") == before)
    }
  }

  @Test(
    "build TARGET leaves the others as they are; all removes what no recipe names, foreign files survive"
  )
  func tree() async throws {
    try await withSite { site in
      try site.recipe(
        "targets:\n  a: { script: a }\n  d/b: { script: b }\n  d/e/c: { script: c }\n")
      #expect(try await site.run("build", "a").status == 0)
      #expect(site.served == ["a"])
      #expect(try await site.run("build", "d").status == 0, "a folder stands for all targets in it")
      #expect(site.served == ["a", "d/b", "d/e/c"])
      try site.write("mine", to: "out/mine")
      try site.write("mine", to: "out/d/mine")
      try site.recipe("targets:\n  a: { script: a2 }\n  n: { script: n }\n")
      #expect(try await site.run("build", "n").status == 0)
      #expect(site.read("out/a") == "a")
      #expect(site.served == ["a", "d/b", "d/e/c", "d/mine", "mine", "n"])
      #expect(try await site.run("all").status == 0)
      #expect(site.served == ["a", "d/mine", "mine", "n"])
      #expect(site.read("out/a") == "a2")
      #expect(!site.exists("out/d/e"), "a folder that became empty goes")
      #expect(site.read("out/mine") == "mine")
    }
  }

  @Test("A file becomes a folder and back")
  func fileAndFolder() async throws {
    try await withSite { site in
      for text in ["  a: { script: x }\n", "  a/b: { script: x }\n", "  a: { script: y }\n"] {
        try site.recipe("targets:\n" + text)
        let run = try await site.run("all")
        #expect(run.status == 0, "\(run.errors)")
      }
      #expect(site.read("out/a") == "y")
    }
  }

  @Test("-k builds what can be built; without it a failure leaves the tree as it was")
  func keepGoing() async throws {
    try await withSite { site in
      let digest = String(repeating: "0", count: 64)
      try site.recipe(
        """
        targets:
          bad: { fetch: "file://\(site.recipes)/site.yaml", sha256: \(digest) }
          good: { script: x }

        """)
      let first = try await site.run("all")
      #expect(first.status == 1)
      #expect(site.served == [])
      let second = try await site.run("all", "-k")
      #expect(second.status == 1)
      #expect(site.served == ["good"])
      #expect(
        second.output.contains("failed: 2 targets in out: 1 built, 1 failed"), "\(second.output)")
    }
  }

  @Test("With -k a target that fails keeps its old file")
  func keepGoingKeeps() async throws {
    try await withSite { site in
      try site.recipe("targets:\n  a: { script: old }\n  b: { script: old }\n")
      #expect(try await site.run("all").status == 0)
      let digest = String(repeating: "0", count: 64)
      try site.recipe(
        """
        targets:
          a: { fetch: "file://\(site.recipes)/site.yaml", sha256: \(digest) }
          b: { script: new }

        """)
      #expect(try await site.run("all", "-k").status == 1)
      #expect(site.read("out/a") == "old")
      #expect(site.read("out/b") == "new")
    }
  }

  @Test("-n says what would run and changes neither tree nor recipes")
  func dryRun() async throws {
    try await withUpstream { site, upstream in
      let first = try await site.run("all", "-n")
      #expect(first.status == 0, "\(first.errors)")
      #expect(
        first.output == """
          would ask  source loader
          would see  undionly.kpxe  (after source loader)
          would see  ipxe.efi  (after source loader)
          would see  ipxe32.efi  (after source loader)
          would see  usb/bios.usb  (after source loader)
          would see  usb/efi.usb  (after source loader)
          would place  chain.ipxe
          would place  undionly.kpxe  (once it is made)
          would place  ipxe.efi  (once it is made)
          would place  ipxe32.efi  (once it is made)
          would place  usb/bios.usb  (once it is made)
          would place  usb/efi.usb  (once it is made)

          """)
      #expect(!site.exists("out"))
      #expect(site.files(below: "recipes") == ["site.yaml"], "a dry run pins nothing")
      #expect(try await site.run("all").status == 0)
      let before = site.snapshot(of: ".").filter { !$0.key.hasPrefix("cache/") }
      #expect(
        try await site.run("all", "-n").output == """
          nothing would run: everything is in the cache
          nothing would change in out

          """)
      try site.recipe(upstream.recipe.replacingOccurrences(of: "install.ipxe", with: "other.ipxe"))
      let third = try await site.run("all", "-n")
      #expect(
        third.output == """
          would run  undionly.kpxe
          would run  ipxe.efi
          would run  ipxe32.efi
          would run  usb/bios.usb
          would run  usb/efi.usb
          would place  chain.ipxe
          would place  undionly.kpxe  (once it is made)
          would place  ipxe.efi  (once it is made)
          would place  ipxe32.efi  (once it is made)
          would place  usb/bios.usb  (once it is made)
          would place  usb/efi.usb  (once it is made)

          """)
      let after = site.snapshot(of: ".").filter { !$0.key.hasPrefix("cache/") }
      #expect(
        before.filter { $0.key != "recipes/site.yaml" }
          == after.filter { $0.key != "recipes/site.yaml" })
    }
  }

  @Test("why names what changed: a script, a config option, a rule's value")
  func why() async throws {
    try await withUpstream { site, upstream in
      let never = try await site.run("why", "undionly.kpxe")
      #expect(never.status == 0, "\(never.errors)")
      #expect(try await site.run("all").status == 0)
      let same = try await site.run("why", "undionly.kpxe")
      #expect(same.output == "source loader: cached\nundionly.kpxe: cached\n")
      try site.recipe(upstream.recipe.replacingOccurrences(of: "install.ipxe", with: "other.ipxe"))
      let script = try await site.run("why", "undionly.kpxe")
      #expect(
        script.output == """
          source loader: cached
          undionly.kpxe: would run, because these have changed since the last build
              input embed/chain.ipxe: c4cfacb7f663, 42 bytes -> a383284516a0, 40 bytes

          """)
      try site.recipe(
        upstream.recipe.replacingOccurrences(
          of: "bin/undionly.kpxe,        source: loader,",
          with: "bin/undionly.kpxe, source: loader, config: { general.h: { SECURE: true } },"))
      let option = try await site.run("why", "undionly.kpxe")
      #expect(
        option.output == """
          source loader: cached
          undionly.kpxe: would run, because these have changed since the last build
              input config/general.h: nothing -> 6e54590ba41a, 81 bytes
              parameter goals: bin/ipxe.usb,bin/undionly.kpxe -> bin/undionly.kpxe

          """)
      let plain = try await site.run("why", "chain.ipxe")
      #expect(plain.output == "chain.ipxe: in the tree as the recipe says\n")
      try site.recipe(upstream.recipe.replacingOccurrences(of: "install.ipxe", with: "other.ipxe"))
      let text = try await site.run("why", "chain.ipxe")
      #expect(
        text.output == """
          chain.ipxe: would be placed, its text is not the one in the tree
              - chain http://10.0.0.1/install.ipxe
              + chain http://10.0.0.1/other.ipxe

          """)
      let json = try await site.run("why", "chain.ipxe", "--json")
      #expect(json.output == #"{"target":"chain.ipxe","actions":[],"place":["chain.ipxe"]}"# + "\n")
    }
  }

  @Test("A config option changes what is linked")
  func config() async throws {
    try await withUpstream { site, upstream in
      #expect(try await site.run("build", "ipxe.efi").status == 0)
      let before = try #require(site.bytes("out/ipxe.efi"))
      #expect(before.range(of: Data("a secret handshake".utf8)) == nil)
      try site.recipe(
        upstream.recipe.replacingOccurrences(
          of: "ipxe.efi,  source: loader,",
          with: "ipxe.efi, source: loader, config: { general.h: { SECURE: true } },"))
      let run = try await site.run("build", "ipxe.efi")
      #expect(run.status == 0, "\(run.errors)")
      let after = try #require(site.bytes("out/ipxe.efi"))
      #expect(after.range(of: Data("a secret handshake".utf8)) != nil)
    }
  }

  @Test("A new tag in the recipe is looked up, pinned and built")
  func newTag() async throws {
    try await withUpstream { site, upstream in
      #expect(try await site.run("build", "ipxe.efi").status == 0)
      let before = try #require(site.bytes("out/ipxe.efi"))
      try Data(
        "#include \"loader.h\"\nunsigned int length ( const char *t ) { return t[0] ? 7 : 0; }\n"
          .utf8
      )
      .write(to: URL(fileURLWithPath: "\(upstream.folder)/src/core/length.c"))
      let commit = try await MiniatureUpstream.commit(in: upstream.folder, tag: "v2")
      try site.recipe(upstream.recipe.replacingOccurrences(of: "tag: v1", with: "tag: v2"))
      let run = try await site.run("build", "ipxe.efi")
      #expect(run.status == 0, "\(run.errors)")
      #expect(site.read("recipes/pxebuild.lock")?.contains(commit) == true)
      #expect(site.bytes("out/ipxe.efi") != before)
    }
  }
}
