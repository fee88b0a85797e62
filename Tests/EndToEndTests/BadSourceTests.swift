import Foundation
import Testing

/// What comes from outside and is not what it should be.
@Suite("Wrong and unreachable sources")
struct BadSourceTests {
  private static let digest = "5f067ccdc4d084d5bf77b6c853bd0f8402dfc2b4cd1b103d358993ae97fae8e3"
  /// Nobody listens there: it is reserved for discarding.
  private static let closed = "http://127.0.0.1:9"

  @Test("A download whose digest does not match is named with both digests, and never served")
  func wrongDigest() async throws {
    let server = try FileServer(["/wimboot": Data("not wimboot".utf8)])
    defer { server.stop() }
    try await withSite { site in
      try site.recipe(
        "targets:\n  wimboot: { fetch: \"\(server.url)/wimboot\", sha256: \(Self.digest) }\n")
      let run = try await site.run("all", "-q")
      #expect(
        run.errors.replacingOccurrences(of: server.url, with: "SERVER") == """
          error: SERVER/wimboot is not the file that the recipe pins
            at: recipes/site.yaml:2:3
            why: expected sha256 \(Self.digest)
                 got      sha256 7fbf9b9b8f440814152a895e1aa6907158cad6e3f0dede8b82f4cabb9c086a50 (11 bytes)
            fix: compare with the digest its publisher gives; if the file was meant to change, write the new digest into the recipe

          """)
      #expect(run.status == 1)
      #expect(site.served == [])
    }
  }

  @Test("An unreachable URL ends with 69")
  func unreachableURL() async throws {
    try await withSite { site in
      try site.recipe(
        "targets:\n  wimboot: { fetch: \"\(Self.closed)/wimboot\", sha256: \(Self.digest) }\n")
      let run = try await site.run("all", "-q")
      #expect(
        run.errors == """
          error: cannot fetch http://127.0.0.1:9/wimboot
            at: recipes/site.yaml:2:3
            why: connection refused
            fix: check the URL and the network, or name another place under `mirrors`

          """)
      #expect(run.status == 69)
    }
  }

  @Test("A URL without a digest that cannot be asked for one ends with 69, too")
  func unreachableUnpinnedURL() async throws {
    try await withSite { site in
      try site.recipe("targets:\n  wimboot: { fetch: \"\(Self.closed)/wimboot\" }\n")
      let run = try await site.run("all", "-q")
      #expect(run.errors.contains("connection refused"))
      #expect(run.status == 69)
    }
  }

  @Test("A mirror takes over, and says so")
  func mirror() async throws {
    let server = try FileServer(["/wimboot": Data("hello\n".utf8)])
    defer { server.stop() }
    try await withSite { site in
      let digest = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
      try site.recipe(
        """
        targets:
          wimboot: { fetch: "\(Self.closed)/wimboot", sha256: \(digest), mirrors: ["\(server.url)/wimboot"] }

        """)
      let run = try await site.run("all")
      #expect(run.status == 0)
      #expect(site.read("out/wimboot") == "hello\n")
      #expect(
        run.errors.contains("connection refused"), "the first one's failure is noted: \(run.errors)"
      )
    }
  }

  @Test("A git repository that does not exist ends with 69 and names the flag that helps")
  func noRepository() async throws {
    try await withSite { site in
      try site.recipe(
        """
        sources:
          loader: { git: "file://\(site.top)/nowhere.git", tag: v1, prebuilt: { deb: ipxe } }
        targets:
          undionly.kpxe: { ipxe: bin/undionly.kpxe, source: loader }

        """)
      let run = try await site.run("all", "-q")
      #expect(
        run.errors == """
          error: cannot reach the git repository file://TOP/nowhere.git
            at: recipes/site.yaml:2:3
            why: fatal: 'TOP/nowhere.git' does not appear to be a git repository
                 fatal: Could not read from remote repository.
            fix: check the URL and the network: git ls-remote file://TOP/nowhere.git; or --allow-prebuilt lets Debian's package ipxe stand in

          """)
      #expect(run.status == 69)
    }
  }

  @Test(
    "A git host that does not answer ends with 69",
    arguments: ["http://127.0.0.1:9", "git://127.0.0.1:9"])
  func noHost(host: String) async throws {
    try await withSite { site in
      try site.recipe(
        """
        sources:
          loader: { git: "\(host)/ipxe.git", tag: v1 }
        targets:
          undionly.kpxe: { ipxe: bin/undionly.kpxe, source: loader }

        """)
      let run = try await site.run("all", "-q")
      // The words between are git's and libcurl's, which differ from version to version.
      let lines = run.errors.split(separator: "\n").map(String.init)
      #expect(lines.first == "error: cannot reach the git repository \(host)/ipxe.git")
      #expect(lines.dropFirst().first == "  at: recipes/site.yaml:2:3")
      #expect(lines.dropFirst(2).first?.hasPrefix("  why: fatal: un") == true, "\(run.errors)")
      #expect(
        lines.last == "  fix: check the URL and the network: git ls-remote \(host)/ipxe.git")
      #expect(run.status == 69)
    }
  }

  @Test("A tag that the repository does not have is a recipe error with the tags it has")
  func noTag() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(
        """
        sources:
          loader: { git: "\(upstream.url)", tag: v2 }
        targets:
          undionly.kpxe: { ipxe: bin/undionly.kpxe, source: loader }

        """)
      let run = try await site.run("all", "-q")
      #expect(
        run.errors == """
          error: the repository file://TOP/upstream has no tag v2
            at: recipes/site.yaml:2:3
            why: it has v1
            fix: did you mean 'v1'?

          """)
      #expect(run.status == 65)
    }
  }

  @Test("A commit that the repository does not have")
  func noCommit() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      let commit = String(repeating: "ab", count: 20)
      try site.recipe(
        """
        sources:
          loader: { git: "\(upstream.url)", commit: \(commit) }
        targets:
          undionly.kpxe: { ipxe: bin/undionly.kpxe, source: loader }

        """)
      let run = try await site.run("all", "-q")
      #expect(run.status == 65)
      #expect(
        run.errors.contains("error: the repository file://TOP/upstream has no commit \(commit)\n"),
        "\(run.errors)")
    }
  }

  @Test("A file that a source does not have is named, with what is there")
  func noFileInSource() async throws {
    try await withSite { site in
      let upstream = try await MiniatureUpstream(in: site)
      try site.recipe(
        """
        sources:
          loader: { git: "\(upstream.url)", tag: v1 }
        targets:
          a: { file: src/core/nothing.c, source: loader }

        """)
      let run = try await site.run("all", "-q")
      #expect(run.status == 65)
      #expect(
        run.errors == """
          error: a: there is no "src/core/nothing.c" in what it reads
            at: recipes/site.yaml:4:3
            why: src/core holds: certstore.c, embedded.c, length.c, print.c, privkey.c, rootcert.c, start.c, usbdisk.S, version.c

          """)
    }
  }
}
