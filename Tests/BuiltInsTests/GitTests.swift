import BuildEngine
import Foundation
import SystemPackage
import Testing

@testable import BuiltIns

@Suite("Git sources")
struct GitTests {
  private let bench: Workbench
  private let repository: FilePath
  private var url: String { "file://\(repository)" }

  init() async throws {
    bench = try Workbench()
    repository = bench.folder.appending("upstream")
    try await tool("git", ["init", "--quiet", "--initial-branch=main", repository.string])
    try FileSystem.createDirectories(repository.appending("src"))
    try write("README", "line\nline\n")
    try write("src/run.sh", "#!/bin/sh\n")
    try FileSystem.setMode(repository.pushing("src/run.sh"), 0o755)
    try FileSystem.createSymlink(repository.appending("link"), target: "src/run.sh")
    try await commit("first")
  }

  private func write(_ path: String, _ text: String) throws {
    try FileSystem.replace(repository.pushing(FilePath(path)), with: text.utf8)
  }

  private func git(_ arguments: String...) async throws -> String {
    try await tool("git", arguments, in: repository)
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private func commit(_ message: String) async throws {
    _ = try await git("add", "--all")
    _ = try await git("-c", "commit.gpgsign=false", "commit", "--quiet", "-m", message)
  }

  private func tree(_ commit: String, _ more: [String: String] = [:]) async throws -> FilePath {
    try await bench.run("git-tree", ["url": url, "commit": commit].merging(more) { $1 })
  }

  private func failure(_ body: () async throws -> some Any) async -> String {
    await bench.failure(body)
  }

  @Test("a commit's files arrive with executable bits, links and the commit's time")
  func files() async throws {
    let head = try await git("rev-parse", "HEAD")
    let output = try await tree(head)
    #expect(
      try listing(output) == [
        "commit-time: 1700000000\n", "source/", "source/README: line\nline\n",
        "source/link -> src/run.sh", "source/src/", "source/src/run.sh x: #!/bin/sh\n",
      ])
    #expect(bench.notes.all == ["fetching commit \(head.prefix(12)) of \(url)"])
  }

  @Test("a commit that was fetched needs no repository any more, online or offline")
  func present() async throws {
    let head = try await git("rev-parse", "HEAD")
    _ = try await tree(head)
    try FileSystem.remove(repository)
    #expect(try text(try await tree(head).appending("commit-time")) == "1700000000\n")
    _ = try await bench.run("git-tree", ["url": url, "commit": head], isOffline: true)
  }

  /// The clone of the repository in the cache.
  private func clone() throws -> FilePath {
    let folder = bench.cache.appending("git")
    let names = try FileSystem.list(folder).filter { $0.hasSuffix(".git") }
    return folder.appending(try #require(names.first))
  }

  @Test("locks and half a pack that a killed git left do not stop the next fetch")
  func leftovers() async throws {
    _ = try await tree(try await git("rev-parse", "HEAD"))
    let clone = try clone()
    for path in [
      "shallow.lock", "HEAD.lock", "config.lock", "packed-refs.lock", "objects/pack/tmp_pack_1",
      "refs/pxebuild/x.lock",
    ] {
      try FileSystem.createDirectories(clone.pushing(FilePath(path)).removingLastComponent())
      try FileSystem.replace(clone.pushing(FilePath(path)), with: "x".utf8)
    }
    try write("README", "new\n")
    try await commit("second")
    let head = try await git("rev-parse", "HEAD")
    #expect(try text(try await tree(head).pushing("source/README")) == "new\n")
    #expect(try FileIdentity.of(clone.pushing("objects/pack/tmp_pack_1")) == nil)
  }

  @Test(
    "a clone whose own files are damaged is made anew, and is not taken for a network that fails",
    arguments: ["HEAD", "config", "shallow", "refs"])
  func damagedClone(file: String) async throws {
    let head = try await git("rev-parse", "HEAD")
    _ = try await tree(head)
    var damaged = try clone().appending(file)
    if file == "refs" { damaged = damaged.pushing(FilePath("pxebuild/\(head)")) }
    let whole = try #require(try FileSystem.read(damaged))
    try write("README", "new\n")
    try await commit("second")
    let next = try await git("rev-parse", "HEAD")
    for index in stride(from: 0, to: whole.count, by: 5) {
      var bytes = whole
      bytes[index] ^= 2
      try FileSystem.replace(damaged, with: bytes)
      let output = try await tree(next)
      #expect(try text(output.pushing("source/README")) == "new\n", "byte \(index)")
      try FileSystem.remove(try clone())
      _ = try await tree(head)
    }
  }

  @Test("an older commit that no branch names is fetched alone")
  func olderCommit() async throws {
    let old = try await git("rev-parse", "HEAD")
    try write("README", "new\n")
    try await commit("second")
    #expect(
      try text(try await tree(old).pushing("source/README")) == "line\nline\n")
    let clones = try FileSystem.list(bench.cache.appending("git"))
    let clone = bench.cache.appending("git").appending(try #require(clones.first))
    let commits = try await tool("git", ["--git-dir=\(clone)", "rev-list", "--all", "--count"])
    #expect(commits == "1\n")
  }

  @Test("a server that gives no single commits is asked for the tag, then for everything")
  func refusal() async throws {
    // The old protocol allows only what a branch or tag names.
    let environment = [
      "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "protocol.version", "GIT_CONFIG_VALUE_0": "0",
    ]
    _ = try await git("tag", "v1")
    let tagged = try await git("rev-parse", "HEAD")
    for text in ["two\n", "three\n"] {
      try write("README", text)
      try await commit(text)
    }
    let middle = try await git("rev-parse", "HEAD~1")
    let builtIn = GitTree(environment: environment)
    let first = try await bench.run(
      builtIn, ["url": url, "commit": tagged, "ref": "refs/tags/v1"])
    #expect(try text(first.pushing("source/README")) == "line\nline\n")
    let second = try await bench.run(builtIn, ["url": url, "commit": middle])
    #expect(try text(second.pushing("source/README")) == "two\n")
    #expect(bench.notes.all.last == "\(url) gives no single commits, fetching all of it")
  }

  @Test("attributes and the user's configuration change no byte, and insteadOf is respected")
  func neutrality() async throws {
    try write(
      ".gitattributes",
      "* text eol=crlf ident export-subst\nREADME export-ignore\nsrc/* filter=shout\n")
    try write("stamp", "$Id$ $Format:%H$\n")
    try await commit("attributes")
    let head = try await git("rev-parse", "HEAD")
    let settings = [
      ("core.autocrlf", "true"), ("filter.shout.smudge", "tr a-z A-Z"),
      ("url.\(url).insteadOf", "https://example.invalid/upstream.git"),
    ]
    var environment = ["GIT_CONFIG_COUNT": "\(settings.count)"]
    for (index, setting) in settings.enumerated() {
      environment["GIT_CONFIG_KEY_\(index)"] = setting.0
      environment["GIT_CONFIG_VALUE_\(index)"] = setting.1
    }
    let output = try await bench.run(
      GitTree(environment: environment),
      ["url": "https://example.invalid/upstream.git", "commit": head])
    #expect(try text(output.pushing("source/README")) == "line\nline\n")
    #expect(try text(output.pushing("source/src/run.sh")) == "#!/bin/sh\n")
    #expect(try text(output.pushing("source/stamp")) == "$Id$ $Format:%H$\n")
  }

  @Test("submodules are left out with a note")
  func submodules() async throws {
    let head = try await git("rev-parse", "HEAD")
    _ = try await git("update-index", "--add", "--cacheinfo", "160000,\(head),vendor/lib")
    _ = try await git("-c", "commit.gpgsign=false", "commit", "--quiet", "-m", "submodule")
    let output = try await tree(try await git("rev-parse", "HEAD"))
    #expect(bench.notes.all.last == "the submodule vendor/lib is left out")
    #expect(try FileSystem.list(output.pushing("source/vendor/lib")).isEmpty)
  }

  @Test("a commit that the repository does not have is an error of the recipe")
  func missingCommit() async throws {
    let commit = String(repeating: "0123456789", count: 4)
    let message = await failure { try await tree(commit) }
    #expect(
      message == """
        error: the repository file://FOLDER/upstream has no commit \(commit)
          why: none of its branches and tags leads there
          fix: check the commit: it needs all 40 digits, and it may be in somebody's fork
        """)
    #expect(
      await failure { try await tree("v1.0") } == """
        error: 'v1.0' is not a git commit
          fix: write all 40 hexadecimal digits of it
        """)
  }

  @Test("a repository that cannot be reached says so in git's words, without passwords")
  func unreachable() async throws {
    let commit = String(repeating: "a", count: 40)
    #expect(
      await failure {
        try await bench.run("git-tree", ["url": "file:///nonexistent/x.git", "commit": commit])
      } == """
        error: cannot reach the git repository file:///nonexistent/x.git
          why: fatal: '/nonexistent/x.git' does not appear to be a git repository
               fatal: Could not read from remote repository.
          fix: check the URL and the network: git ls-remote file:///nonexistent/x.git
        """)
    let refused = await failure {
      try await GitSources(isOffline: false).resolve(
        url: "https://me:secret@127.0.0.1:1/x.git", .tag("v1"))
    }
    #expect(refused.hasPrefix("error: cannot reach the git repository https://127.0.0.1:1/x.git\n"))
    #expect(!refused.contains("secret"))
    #expect(
      await failure {
        try await bench.run("git-tree", ["url": url, "commit": commit], isOffline: true)
      } == """
        error: cannot reach the git repository file://FOLDER/upstream
          why: its commit \(commit) is not in the cache, and nothing may be fetched offline
          fix: run it once without --offline; the cache keeps it from then on
        """)
    #expect(
      await failure {
        try await tree(commit, ["unreachable": "it did not answer in time"])
      } == """
        error: cannot reach the git repository file://FOLDER/upstream
          why: it did not answer in time
          fix: check the URL and the network: git ls-remote file://FOLDER/upstream
        """)
  }

  @Test("a repository that keeps silent is given up")
  func silence() async throws {
    // A listening socket whose queue nobody empties.
    try await withSilentPort { port in
      let message = await failure {
        try await GitSources(isOffline: false, silenceLimit: .seconds(1)).resolve(
          url: "git://127.0.0.1:\(port)/x.git", .defaultBranch)
      }
      #expect(
        message == """
          error: cannot reach the git repository git://127.0.0.1:\(port)/x.git
            why: it did not answer in time
            fix: check the URL and the network: git ls-remote git://127.0.0.1:\(port)/x.git
          """)
    }
  }

  @Test("tags and branches resolve to commits, annotated tags to what they point to")
  func resolve() async throws {
    let first = try await git("rev-parse", "HEAD")
    _ = try await git("tag", "v1.9.0")
    _ = try await git("tag", "-a", "-m", "two", "v2.0.0")
    _ = try await git("tag", "v1.20.1-rc1")
    _ = try await git("tag", "v1.20.1")
    try write("README", "new\n")
    try await commit("second")
    let head = try await git("rev-parse", "HEAD")
    let sources = GitSources(isOffline: false)
    #expect(try await sources.resolve(url: url, .tag("v1.9.0")) == first)
    #expect(try await sources.resolve(url: url, .tag("v2.0.0")) == first)
    #expect(try await sources.resolve(url: url, .branch("main")) == head)
    #expect(try await sources.resolve(url: url, .defaultBranch) == head)
    #expect(
      await failure { try await sources.resolve(url: url, .tag("v9.9.9")) } == """
        error: the repository file://FOLDER/upstream has no tag v9.9.9
          why: it has v2.0.0, v1.20.1, v1.20.1-rc1, v1.9.0
          fix: did you mean 'v1.9.0'?
        """)
    #expect(
      await failure { try await sources.resolve(url: url, .branch("develop")) } == """
        error: the repository file://FOLDER/upstream has no branch develop
          why: it has main
        """)
    #expect(
      await failure {
        try await GitSources(isOffline: true).resolve(url: url, .branch("main"))
      } == """
        error: cannot reach the git repository file://FOLDER/upstream
          why: nothing may be fetched offline
          fix: run it without --offline
        """)
  }

  @Test("two runs that want one commit at once both get it")
  func twoAtOnce() async throws {
    let head = try await git("rev-parse", "HEAD")
    async let first = tree(head)
    async let second = tree(head)
    #expect(try listing(try await first) == listing(try await second))
  }

  @Test("a damaged clone is fetched again; offline it is named, with the way out")
  func damaged() async throws {
    let head = try await git("rev-parse", "HEAD")
    let blob = try await git("rev-parse", "HEAD:README")
    let whole = try listing(try await tree(head))
    let clones = bench.cache.appending("git")
    let clone = clones.appending(
      try #require(try FileSystem.list(clones).first { $0.hasSuffix(".git") }))
    let object = clone.pushing(FilePath("objects/\(blob.prefix(2))/\(blob.dropFirst(2))"))
    try FileSystem.remove(object)
    let name = try #require(clone.lastComponent)
    #expect(
      await failure {
        try await bench.run("git-tree", ["url": url, "commit": head], isOffline: true)
      } == """
        error: the git clone FOLDER/cache/git/\(name) cannot be read
          why: it lacks objects of \(head)
          fix: remove that folder; the next run fetches it again
        """)
    #expect(try listing(try await tree(head)) == whole)
    #expect(bench.notes.all.contains("the clone of \(url) is damaged, fetching it again"))
  }
}
