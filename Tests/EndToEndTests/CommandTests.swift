import CLinux
import Foundation
import Testing

/// The commands beside `all` and `build`, and how output is shaped.
@Suite("Commands")
struct CommandTests {
  private static let small = "targets:\n  a: { script: x }\n  \"b \\\"c\\\"\": { script: y }\n"

  @Test("plan names targets and actions; --json is one JSON value, --dot a graph")
  func plan() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      let lines = try await site.run("plan", "undionly.kpxe")
      #expect(lines.status == 0, "\(lines.errors)")
      #expect(
        lines.output == """
          undionly.kpxe  (ipxe, recipes/site.yaml:10:3)
              source loader
              undionly.kpxe

          """)
      #expect(
        !site.exists("cache") && !site.exists("recipes/pxebuild.lock"),
        "it asks nobody and writes nothing")
      let json = try await site.run("plan", "--json")
      let value = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
      #expect((value?["targets"] as? [Any])?.count == 6)
      let dot = try await site.run("plan", "--dot")
      try site.write(dot.output, to: "plan.dot")
      if Binary.find("dot") != nil {
        let svg = try await mustRun(["dot", "-Tsvg", "plan.dot"], in: site.folder)
        #expect(svg.contains("undionly.kpxe"))
      } else {
        let inner = dot.output.split(separator: "\n").dropFirst().dropLast()
        #expect(dot.output.hasPrefix("digraph pxebuild {\n") && dot.output.hasSuffix("}\n"))
        let statement =
          #/  (rankdir=LR|node \[shape=box\]|[at][0-9]+ \[label="([^"\\]|\\.)*"(, style=bold)?\]|a[0-9]+ -> [at][0-9]+);/#
        for line in inner { #expect(line.wholeMatch(of: statement) != nil, "\(line)") }
      }
    }
  }

  @Test("check reports the number of targets, without a lock file and without the network")
  func check() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      removeTree(upstream.folder)
      let run = try await site.run("check")
      #expect(run.output == "recipes: 6 targets, no errors, 1 warning\n")
      #expect(
        run.errors == """
          warning: no target makes "install.ipxe"
           --> recipes/site.yaml:9:13
            |
          9 |       chain {{site.http}}/install.ipxe
            |             ^^^^^^^^^^^^^^^^^^^^^^^^^^
            = help: nothing to do if something else puts it there

          """ + "\n")
      #expect(run.status == 0)
      #expect(site.files(below: ".") == ["recipes/site.yaml"])
      let events = try await site.run("check", "--json").output.split(separator: "\n")
      #expect(events.count == 2)
      #expect(events.first?.contains("\"severity\":\"warning\"") == true, "\(events)")
      #expect(
        events.last?.hasSuffix("\"targets\":6,\"configs\":0,\"warnings\":1}") == true, "\(events)")
    }
  }

  @Test("init writes a site that check and plan accept, and never writes over one")
  func initialise() async throws {
    try await withSite { site in
      let command = ["init", "new", "--server", "192.0.2.10"]
      let first = try await site.run(command)
      #expect(first.status == 0, "\(first.errors)")
      let check = try await site.run("check", "--recipes", "new")
      #expect(check.status == 0, "\(check.errors)")
      #expect(try await site.run("plan", "--recipes", "new").status == 0)
      let before = site.snapshot(of: "new")
      let second = try await site.run(command)
      #expect(second.status == 73, "\(second.errors)")
      #expect(site.snapshot(of: "new") == before)
    }
  }

  @Test("doctor finds what the recipes need; its JSON says the same")
  func doctor() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      let run = try await site.run("doctor")
      for tool in ["gcc", "make", "perl", "git"] { #expect(run.output.contains(tool)) }
      let json = try await site.run("doctor", "--json")
      let value = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
      #expect((value?["healthy"] as? Bool) == (run.status == 0))
      #expect(json.status == run.status)
    }
  }

  @Test("doctor looks for what signing takes")
  func doctorOfSigning() async throws {
    try await withSite { site in
      let keys = try await SigningKeys(in: site)
      try await keys.makeSecureBootPair()
      try site.recipe(
        """
        site:
          signing: { certificate: keys/signer.pem }
          secure-boot: { key: ../keys/db.key, certificate: keys/db.pem, targets: a.efi }
        targets:
          a.efi: { fetch: "http://127.0.0.1:1/a.efi", sha256: \(String(repeating: "0", count: 64)) }

        """)
      let run = try await site.run("doctor")
      for tool in ["openssl", "sbsign", "sbverify"] {
        #expect(run.output.contains(" \(tool) "), "\(run.output)\(run.errors)")
      }
    }
  }

  @Test("schema is JSON and names every rule")
  func schema() async throws {
    try await withSite { site in
      let run = try await site.run("schema")
      #expect(run.status == 0)
      let value = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
      #expect(value?["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
      for rule in ["ipxe", "script", "fetch", "file", "deb"] {
        #expect(run.output.contains("\"\(rule)\""))
      }
    }
  }

  @Test("Completions parse in their shells", arguments: ["bash", "zsh", "fish"])
  func completions(shell: String) async throws {
    try await withSite { site in
      let run = try await site.run("completions", shell)
      #expect(run.status == 0)
      #expect(run.output.contains("pxebuild"))
      try site.write(run.output, to: "completions")
      // zsh and fish are often not installed.
      if Binary.find(shell) != nil {
        try await mustRun([shell, "-n", "completions"], in: site.folder)
      }
    }
  }

  @Test("cache status counts, gc removes what nothing needs, and the next build is right")
  func cache() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(upstream.recipe)
      #expect(try await site.run("build", "undionly.kpxe").status == 0)
      let good = try #require(site.bytes("out/undionly.kpxe"))
      let status = try await site.run("cache", "status", "--json")
      let value = try JSONSerialization.jsonObject(with: Data(status.output.utf8)) as? [String: Any]
      #expect(value?["path"] as? String == "SITE/cache")
      #expect((value?["blobs"] as? Int ?? 0) > 10)
      #expect((value?["results"] as? Int ?? 0) >= 4)
      let kept = try await site.run("cache", "gc")
      #expect(kept.status == 0, "\(kept.errors)")
      removeTree(site.output)
      let again = try await site.run("build", "undionly.kpxe", "--json")
      #expect(again.status == 0)
      #expect(
        !again.output.contains("\"outcome\":\"executed\""),
        "what is in use is kept: \(again.output)")
      #expect(site.bytes("out/undionly.kpxe") == good)
      for name in site.files(below: "cache/actions") {
        // A year old.
        var times = [timespec(tv_sec: time(nil) - 31_536_000, tv_nsec: 0)]
        times.append(times[0])
        utimensat(AT_FDCWD, "\(site.cache)/actions/\(name)", times, 0)
      }
      let old = try await site.run("cache", "gc", "--max-age", "0")
      #expect(old.status == 0)
      removeTree(site.output)
      #expect(try await site.run("build", "undionly.kpxe").status == 0)
      #expect(site.bytes("out/undionly.kpxe") == good)
    }
  }

  @Test("With --json every line of a build is a JSON object, failures included")
  func json() async throws {
    try await withSite { site in
      let digest = String(repeating: "0", count: 64)
      try site.recipe(
        Self.small + "  bad: { fetch: \"file://\(site.recipes)/site.yaml\", sha256: \(digest) }\n")
      for arguments in [
        ["all", "--json"], ["all", "--json", "-k"], ["build", "nothing", "--json"],
      ] {
        let run = try await site.run(arguments)
        #expect(run.status != 0)
        #expect(run.errors == "", "\(arguments)")
        let lines = run.output.split(separator: "\n")
        #expect(!lines.isEmpty)
        for line in lines {
          let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
          #expect(object?["event"] is String, "\(line)")
        }
      }
    }
  }

  @Test("Colours only where they are asked for: NO_COLOR and --color never win over a terminal")
  func colours() async throws {
    try await withSite { site in
      try site.recipe(Self.small)
      let plain = try await site.run("all")
      #expect(!plain.output.contains("\u{1b}"))
      let always = try await site.run("all", "--color", "always")
      #expect(always.output.contains("\u{1b}["))
      let none = try await site.run(["all"], environment: ["NO_COLOR": "1", "TERM": "xterm"])
      #expect(!none.output.contains("\u{1b}"))
    }
  }

  @Test(
    "On a terminal: colours, none with NO_COLOR",
    .enabled(if: Binary.find("script") != nil, "script (bsdutils) makes the terminal"))
  func terminal() async throws {
    try await withSite { site in
      try site.recipe(Self.small)
      try site.makeFolder("out")
      func onTerminal(_ environment: [String: String]) async throws -> Run {
        let command = "\(Binary.pxebuild) all --recipes recipes --output out --cache cache -v"
        return try await Running(
          ["/usr/bin/script", "-qec", command, "/dev/null"],
          environment: site.environment.merging(environment) { $1 }, folder: site.folder,
          scratch: site.scratch
        ).wait()
      }
      let coloured = try await onTerminal(["TERM": "xterm"])
      #expect(coloured.output.contains("\u{1b}["), "\(coloured.output)")
      let plain = try await onTerminal(["TERM": "dumb", "NO_COLOR": "1"])
      #expect(!plain.output.contains("\u{1b}"), "\(plain.output)")
    }
  }

  @Test("Output to a closed pipe: the build is done all the same")
  func closedPipe() async throws {
    try await withSite { site in
      try site.recipe(Self.small)
      var ends: [Int32] = [0, 0]
      #expect(linux_pipe(&ends) == 0)
      close(ends[0])
      let run = try await site.start(["all"], output: ends[1]).wait()
      close(ends[1])
      #expect(run.signal == nil)
      #expect(run.status == 0, "\(run.errors)")
      #expect(site.served.count == 2)
    }
  }

  @Test("--version and --help are for people and end with 0")
  func help() async throws {
    try await withSite { site in
      #expect(
        try await site.run("--version").output.wholeMatch(of: #/[0-9]+\.[0-9]+\.[0-9]+\n/#) != nil)
      for command in [
        "all", "build", "check", "plan", "why", "lock", "doctor", "cache", "init", "schema",
        "completions",
      ] {
        let run = try await site.run([command, "--help"], bare: true)
        #expect(run.status == 0)
        #expect(run.output.contains("USAGE: pxebuild \(command)"))
      }
    }
  }
}
