import Testing

/// What a person reads when a recipe is wrong: all of standard error, and the exit code 65.
@Suite("Wrong recipes")
struct BadRecipeTests {
  private func expect(
    _ recipe: String, says message: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await withSite { site in
      try site.recipe(recipe)
      let run = try await site.run("all")
      #expect(run.errors == message, sourceLocation: sourceLocation)
      #expect(run.output == "", sourceLocation: sourceLocation)
      #expect(run.status == 65, sourceLocation: sourceLocation)
      #expect(
        !site.exists("out"), "nothing is made of a wrong recipe", sourceLocation: sourceLocation)
    }
  }

  @Test("A recipe that is not YAML")
  func notYAML() async throws {
    try await expect(
      """
      targets:
        a: { script: "x"
        b: [

      """,
      says: """
        error: not YAML: expected "," or "}"
         --> recipes/site.yaml:3:3
          |
        3 |   b: [
          |   ^
        note: in the mapping that starts here
         --> recipes/site.yaml:2:6
          |
        2 |   a: { script: "x"
          |      ^


        """)
  }

  @Test("Misspelled keys, rule, target and variable are all told at once, each with what was meant")
  func misspelled() async throws {
    try await expect(
      """
      site: { servr: 10.0.0.1 }
      targts: {}
      sources:
        loader: { git: "https://example.org/x.git", tag: v1 }
      targets:
        chain.ipxe: { scirpt: x }
        b: { script: "{{site.htpp}}" }
        c: { file: site.yaml, optinal: true }
        i: { ipxe: bin/undionly.kpxe, source: laoder, embed: chian.ipxe }

      """,
      says: """
        error: unknown key "servr" in site
         --> recipes/site.yaml:1:9
          |
        1 | site: { servr: 10.0.0.1 }
          |         ^^^^^
          = help: did you mean "server"?

        error: unknown key "targts" in a recipe
         --> recipes/site.yaml:2:1
          |
        2 | targts: {}
          | ^^^^^^
          = help: did you mean "targets"?

        error: unknown rule "scirpt" in target "chain.ipxe"
         --> recipes/site.yaml:6:17
          |
        6 |   chain.ipxe: { scirpt: x }
          |                 ^^^^^^
          = help: did you mean "script"?

        error: unknown name "site.htpp"
         --> recipes/site.yaml:7:19
          |
        7 |   b: { script: "{{site.htpp}}" }
          |                   ^^^^^^^^^
          = help: did you mean "site.http"?

        error: unknown key "optinal" in target "c"
         --> recipes/site.yaml:8:25
          |
        8 |   c: { file: site.yaml, optinal: true }
          |                         ^^^^^^^
          = help: did you mean "optional"?

        error: there is no source "laoder"
         --> recipes/site.yaml:9:41
          |
        9 |   i: { ipxe: bin/undionly.kpxe, source: laoder, embed: chian.ipxe }
          |                                         ^^^^^^
          = help: did you mean "loader"?

        error: there is no target and no file "chian.ipxe"
         --> recipes/site.yaml:9:56
          |
        9 |   i: { ipxe: bin/undionly.kpxe, source: laoder, embed: chian.ipxe }
          |                                                        ^^^^^^^^^^
          = help: did you mean "chain.ipxe"?


        """)
  }

  @Test("A target that was asked for and does not exist")
  func unknownTarget() async throws {
    try await withSite { site in
      try site.recipe("targets:\n  undionly.kpxe: { script: x }\n  b: { script: x }\n")
      let run = try await site.run("build", "undoinly.kpxe")
      #expect(
        run.errors == """
          error: there is no target "undoinly.kpxe"
            = help: did you mean "undionly.kpxe"?


          """)
      #expect(run.status == 65)
    }
  }

  @Test("Values of the wrong type")
  func wrongType() async throws {
    try await expect(
      """
      targets:
        a: { file: site.yaml, optional: maybe }
        b: { fetch: "https://example.org/b", sha256: abc }
        c: { script: [x] }
        d: { fetch: ftp-server, sha256: 5f067ccdc4d084d5bf77b6c853bd0f8402dfc2b4cd1b103d358993ae97fae8e3 }
        e: plain

      """,
      says: """
        error: expected true or false, found "maybe"
         --> recipes/site.yaml:2:35
          |
        2 |   a: { file: site.yaml, optional: maybe }
          |                                   ^^^^^

        error: a SHA-256 is 64 hexadecimal digits, this has 3
         --> recipes/site.yaml:3:48
          |
        3 |   b: { fetch: "https://example.org/b", sha256: abc }
          |                                                ^^^
          = help: sha256sum FILE prints it

        error: expected text, found a list
         --> recipes/site.yaml:4:16
          |
        4 |   c: { script: [x] }
          |                ^

        error: expected a URL (https://, http://, file://), found "ftp-server"
         --> recipes/site.yaml:5:15
          |
        5 |   d: { fetch: ftp-server, sha256: 5f067ccdc4d084d5bf77b6c853bd0f8402dfc2b4cd1b103d358993ae97fae8e3 }
          |               ^^^^^^^^^^

        error: target "e" must be a mapping, found text
         --> recipes/site.yaml:6:6
          |
        6 |   e: plain
          |      ^^^^^
          = help: write e: {RULE: …} with one of the rules deb, fetch, file, ipxe, image, iso, menu, nbi, script, startnet, wimboot, winpe


        """)
  }

  @Test("A cycle is named whole")
  func cycle() async throws {
    try await expect(
      """
      sources:
        loader: { git: "https://example.org/x.git", tag: v1 }
      targets:
        a.kpxe: { ipxe: bin/undionly.kpxe, source: loader, embed: b.kpxe }
        b.kpxe: { ipxe: bin/undionly.kpxe, source: loader, embed: c.kpxe }
        c.kpxe: { ipxe: bin/undionly.kpxe, source: loader, embed: a.kpxe }

      """,
      says: """
        error: targets need one another: a.kpxe -> b.kpxe -> c.kpxe -> a.kpxe
         --> recipes/site.yaml:6:61
          |
        6 |   c.kpxe: { ipxe: bin/undionly.kpxe, source: loader, embed: a.kpxe }
          |                                                             ^^^^^^
          = help: remove one of these references


        """)
  }

  @Test("Two files that define one target are both named")
  func definedTwice() async throws {
    try await withSite { site in
      try site.write("targets:\n  a: { script: \"1\" }\n", to: "recipes/one.yaml")
      try site.write("targets:\n  a: { script: \"2\" }\n", to: "recipes/two.yaml")
      let run = try await site.run("all")
      #expect(
        run.errors == """
          error: "a" is defined twice
           --> recipes/two.yaml:2:3
            |
          2 |   a: { script: "2" }
            |   ^
            = help: remove or rename one of the two
          note: it was first defined here
           --> recipes/one.yaml:2:3
            |
          2 |   a: { script: "1" }
            |   ^


          """)
      #expect(run.status == 65)
    }
  }

  @Test("Target paths that leave the tree")
  func leavingTree() async throws {
    try await expect(
      """
      targets:
        ../x: { script: x }
        /etc/x: { script: x }
        a/../../x: { script: x }

      """,
      says: """
        error: "../x" cannot be a target: the path leaves the tree by ".."
         --> recipes/site.yaml:2:3
          |
        2 |   ../x: { script: x }
          |   ^^^^
          = help: a target's name is its path below the output folder, like usb/bios.usb

        error: "/etc/x" cannot be a target: the path is absolute
         --> recipes/site.yaml:3:3
          |
        3 |   /etc/x: { script: x }
          |   ^^^^^^
          = help: a target's name is its path below the output folder, like usb/bios.usb

        error: "a/../../x" cannot be a target: the path leaves the tree by ".."
         --> recipes/site.yaml:4:3
          |
        4 |   a/../../x: { script: x }
          |   ^^^^^^^^^
          = help: a target's name is its path below the output folder, like usb/bios.usb


        """)
  }

  @Test("An embedded script without #!ipxe")
  func noMark() async throws {
    try await expect(
      """
      sources:
        loader: { git: "https://example.org/x.git", tag: v1 }
      targets:
        chain.ipxe: { script: "echo hello" }
        undionly.kpxe: { ipxe: bin/undionly.kpxe, source: loader, embed: chain.ipxe }

      """,
      says: """
        error: the embedded script "chain.ipxe" does not start with the line #!ipxe
         --> recipes/site.yaml:4:25
          |
        4 |   chain.ipxe: { script: "echo hello" }
          |                         ^^^^^^^^^^^^
          = help: make #!ipxe its first line, or iPXE refuses to run it
        note: target "undionly.kpxe" embeds it
         --> recipes/site.yaml:5:68
          |
        5 |   undionly.kpxe: { ipxe: bin/undionly.kpxe, source: loader, embed: chain.ipxe }
          |                                                                    ^^^^^^^^^^


        """)
  }

  @Test("A recipe folder that is not there, and one without recipes")
  func noRecipes() async throws {
    try await withSite { site in
      let missing = try await site.run("all", "--recipes", "nowhere")
      #expect(
        missing.errors == """
          error: cannot read the recipe folder "nowhere": No such file or directory
            = help: name the folder with --recipes, or make one with pxebuild init


          """)
      #expect(missing.status == 65)
      let empty = try await site.run("all")
      #expect(
        empty.errors == """
          error: the folder "recipes" has no recipe (*.yaml)
            = help: name the folder with --recipes, or make one with pxebuild init


          """)
      #expect(empty.status == 65)
    }
  }

  @Test("No output folder is named: only what writes the tree needs one")
  func noOutput() async throws {
    try await withSite { site in
      try site.recipe("targets:\n  a: { script: x }\n")
      func run(_ command: String...) async throws -> Run {
        try await Running(
          [Binary.pxebuild] + command + ["--recipes", "recipes"], environment: site.environment,
          folder: site.folder, scratch: site.scratch
        ).wait()
      }
      let all = try await run("all")
      #expect(
        all.errors == """
          error: the recipes do not say where the output tree goes
            fix: add output: /var/lib/tftpboot to site:, or give --output DIR

          """)
      #expect(all.status == 65)
      for command in ["check", "plan", "doctor", "lock"] {
        let run = try await run(command)
        #expect(run.status == 0, "\(command) needs no output folder: \(run.errors)")
      }
    }
  }

  @Test("Usage errors end with 64 and say how it is used")
  func usage() async throws {
    try await withSite { site in
      let command = try await site.run(["al"], bare: true)
      #expect(command.status == 64)
      #expect(
        command.errors == """
          Error: Unexpected argument 'al'
          Usage: pxebuild <subcommand>
            See 'pxebuild --help' for more information.

          """)
      let jobs = try await site.run("all", "-j", "0")
      #expect(jobs.status == 64)
      #expect(
        jobs.errors == """
          Error: --jobs is from 1 to 4096
          Usage: pxebuild all <options>
            See 'pxebuild all --help' for more information.

          """)
    }
  }
}
