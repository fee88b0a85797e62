import Testing

/// Errors of the compile itself and of the machine that compiles.
@Suite("Failing compiles")
struct BadCompileTests {
  private func site(
    _ body: (Site) async throws -> Void, changes: [String: String] = [:], target: String
  ) async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site, changes: changes)
      try site.recipe(
        """
        sources:
          loader: { git: "\(upstream.url)", tag: v1 }
        targets:
          good: { script: x }
          undionly.kpxe: \(target)

        """)
      try await body(site)
    }
  }

  /// The message with what gcc prints, which differs from version to version, as one line.
  private func withoutCompilersWords(_ text: String) -> String {
    text.replacing(#/(  \| .*\n)+/#, with: "  | …\n")
  }

  @Test("A compile error shows the compiler's words and where the whole log is")
  func compileError() async throws {
    try await site(
      { site in
        let run = try await site.run("all", "-q")
        #expect(run.status == 1)
        #expect(
          withoutCompilersWords(run.errors) == """
            error: bin: objects failed (exit code 1)
              at: recipes/site.yaml:5:3
              last lines of its output:
              | …
              full log: SITE/cache/logs/bin__objects.log

            """)
        #expect(run.errors.contains("  | core/length.c:1:30: error: "))
        #expect(!site.exists("out/good"), "without -k the tree stays as it was")
        #expect(
          site.read("cache/logs/bin__objects.log")?.contains("core/length.c:1:30: error: ") == true)
      }, changes: ["core/length.c": "int length ( void ) { return nothing; }\n"],
      target: "{ ipxe: bin/undionly.kpxe, source: loader }")
  }

  @Test("A missing header is told in the compiler's words")
  func missingHeader() async throws {
    try await site(
      { site in
        let run = try await site.run("all", "-q")
        #expect(run.status == 1)
        #expect(
          withoutCompilersWords(run.errors) == """
            error: bin: objects failed (exit code 1)
              at: recipes/site.yaml:5:3
              last lines of its output:
              | …
              full log: SITE/cache/logs/bin__objects.log

            """)
        #expect(
          run.errors.contains("fatal error: nosuch/lzma.h: No such file or directory"),
          "\(run.errors)")
      }, changes: ["util/zbin.c": "#include <nosuch/lzma.h>\nint main ( void ) { return 0; }\n"],
      target: "{ ipxe: bin/undionly.kpxe, source: loader }")
  }

  @Test("A missing compiler is named, with the command that tells what to install")
  func missingTool() async throws {
    try await site(
      { site in
        let run = try await site.run("all", "-q")
        #expect(run.status == 1)
        #expect(
          run.errors == """
            error: undionly.kpxe needs nosuch-gcc, nosuch-as, nosuch-ld, nosuch-ar, nosuch-objcopy, nosuch-objdump, nosuch-ranlib, nosuch-nm
              at: recipes/site.yaml:5:3
              why: not found in /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
              fix: run pxebuild doctor: it prints the one command that installs what is missing

            """)
        let doctor = try await site.run("doctor")
        #expect(doctor.status == 1)
        #expect(doctor.output.contains("nosuch-gcc"))
      }, target: "{ ipxe: bin/undionly.kpxe, source: loader, cross: nosuch- }")
  }

  @Test("A goal that upstream's make does not know")
  func unknownGoal() async throws {
    try await site(
      { site in
        let run = try await site.run("all", "-q")
        #expect(run.status == 65)
        #expect(
          run.errors == """
            error: this version of the source cannot build bin/undionly.iso
              at: recipes/site.yaml:5:3
              why: make: *** No rule to make target 'bin/undionly.iso'.  Stop.
              fix: check the name against the goals of the upstream's make

            """)
      }, target: "{ ipxe: bin/undionly.iso, source: loader }")
  }

  @Test("A source that is not iPXE's code")
  func notUpstream() async throws {
    try await withSite { site in
      try site.write("hello", to: "recipes/code/README")
      try site.recipe(
        """
        sources:
          loader: { path: code }
        targets:
          undionly.kpxe: { ipxe: bin/undionly.kpxe, source: loader }

        """)
      let run = try await site.run("all", "-q")
      #expect(run.status == 1)
      #expect(
        run.errors == """
          error: bin: make's commands failed (exit code 1)
            at: recipes/site.yaml:4:3
            last lines of its output:
            | error: the source has no src/Makefile: it is not iPXE or built like it
            full log: SITE/cache/logs/bin__make_s_commands.log

          """)
    }
  }
}
