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

  @Test("A compile error shows the compiler's words and where the whole log is")
  func compileError() async throws {
    try await site(
      { site in
        let run = try await site.run("all")
        #expect(run.status == 1)
        #expect(run.errors == "")
        #expect(!site.exists("out/good"), "without -k the tree stays as it was")
        let log = run.errors.split(separator: "\n").last?.split(separator: ": ").last.map(String.init) ?? ""
        #expect(site.exists(log.replacing("SITE/", with: "")), "the log that it names exists: \(log)")
      }, changes: ["core/length.c": "int length ( void ) { return nothing; }\n"],
      target: "{ ipxe: bin/undionly.kpxe, source: loader }")
  }

  @Test("A missing header is told in the compiler's words")
  func missingHeader() async throws {
    try await site(
      { site in
        let run = try await site.run("all")
        #expect(run.status == 1)
        #expect(run.errors == "")
      }, changes: ["util/zbin.c": "#include <nosuch/lzma.h>\nint main ( void ) { return 0; }\n"],
      target: "{ ipxe: bin/undionly.kpxe, source: loader }")
  }

  @Test("A missing compiler is named, with the command that tells what to install")
  func missingTool() async throws {
    try await site(
      { site in
        let run = try await site.run("all")
        #expect(run.status == 1)
        #expect(
          run.errors == """
            TIME undionly.kpxe: failed
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
        let run = try await site.run("all")
        #expect(run.status == 1)
        #expect(run.errors == "")
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
      let run = try await site.run("all")
      #expect(run.status == 1)
      #expect(
        run.errors == """
          """)
    }
  }
}
