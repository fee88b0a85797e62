import Foundation
import Testing

/// Requests that look like others, or that cannot be fulfilled.
@Suite("Odd requests")
struct OddRequestTests {
  @Test("A folder of a kind that takes no folders is an error, for the cache and for the output")
  func noFolders() async throws {
    try await withSite { site in
      try site.recipe("targets: { a: { script: x } }\n")
      for folder in ["/proc/pxebuild-cache", "/proc/a/b"] {
        let run = try await site.run("all", "--cache", folder)
        #expect(
          run.errors == """
            error: cannot create the folder \(folder == "/proc/a/b" ? "/proc/a" : folder)
              why: No such file or directory
              fix: choose another folder

            """)
        #expect(run.status == 73)
      }
      let run = try await site.run("all", "--output", "/proc/out")
      #expect(
        run.errors == """
          error: cannot create the folder /proc/out
            why: No such file or directory
            fix: choose another folder

          """)
      #expect(run.status == 73)
    }
  }

  @Test("A target named all is not all targets")
  func namedAll() async throws {
    try await withSite { site in
      try site.recipe("targets: { all: { script: x }, b: { script: y } }\n")
      for _ in 0..<2 { #expect(try await site.run("build", "all").status == 0) }
      #expect(site.served == ["all"])
      // The record of an unchanged site wants files that are older than a moment.
      try await Task.sleep(for: .milliseconds(100))
      for _ in 0..<2 { #expect(try await site.run("all").status == 0) }
      #expect(site.served == ["all", "b"])
    }
  }

  @Test("An unpinned download that cannot be reached is skipped when it is optional")
  func optionalUnpinned() async throws {
    try await withSite { site in
      try site.recipe(
        """
        targets:
          a: { script: x }
          gone: { fetch: "http://127.0.0.1:1/gone", optional: true }

        """)
      for command in ["check", "plan", "doctor"] {
        #expect(try await site.run(command).status == 0, "\(command)")
      }
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.contains("because cannot fetch http://127.0.0.1:1/gone"))
      #expect(site.served == ["a"])
    }
  }

  @Test("A file in the place of the cache or of the recipes is named")
  func filesForFolders() async throws {
    try await withSite { site in
      try site.recipe("targets: { a: { script: x } }\n")
      try site.write("", to: "file")
      #expect(try await site.run("all", "--cache", "file").status == 73)
      #expect(try await site.run("check", "--recipes", "file").status == 65)
    }
  }
}
