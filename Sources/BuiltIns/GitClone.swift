import BuildEngine
import Downloads
import SystemPackage

/// A bare clone of one repository in the cache, which holds the commits that were asked for.
struct GitClone: Sendable {
  let url: String
  private(set) var folder: FilePath
  private let git: Git
  private let isOffline: Bool
  private let note: @Sendable (String) -> Void

  init(url: String, in invocation: BuiltInInvocation, environment: [String: String]) throws {
    self.url = url
    let folders = invocation.context.cacheDirectory.appending("git")
    folder = folders.appending("\(Digest(of: Array(url.utf8)).hex.prefix(32)).git")
    git = try Git(environment: environment)
    isOffline = invocation.context.isOffline
    note = invocation.note
  }

  func run(
    _ arguments: [String], input: FilePath? = nil, outputFile: FilePath? = nil
  ) async throws -> Program.Result {
    try await git.run(arguments, repository: folder, input: input, outputFile: outputFile)
  }

  /// Fetches one commit, as little else as the server lets it, unless it is here.
  ///
  /// - Parameter reference: a tag or branch that leads to it, for servers that give no bare commits.
  /// - Throws: `BuildError`: `.unreachable`, or `.recipe` when the repository does not have it.
  func fetch(_ commit: String, reference: String?) async throws {
    let shown = WebAddress.withoutCredentials(url)
    guard !isOffline else {
      throw BuildError(
        .unreachable, "cannot reach the git repository \(shown)",
        reason: "its commit \(commit) is not in the cache, and nothing may be fetched offline",
        advice: "run it once without --offline; the cache keeps it from then on")
    }
    try FileSystem.createDirectories(folder.removingLastComponent())
    try await withFileLock(FilePath("\(folder).lock")) {
      note("another pxebuild is fetching \(shown), waiting for it")
    } _: {
      if try await contains(commit) { return }
      try removeLeftovers()
      do {
        try await initialize()
        try await fetchSomehow(commit, reference, shown)
      } catch let error as BuildError where error.kind != .cancelled {
        // The network is not to blame for a clone that is damaged.
        guard try await !isSound() else { throw error }
        note("the clone of \(shown) is damaged, making a new one")
        try await fetchAnew(commit, reference, shown)
      }
    }
  }

  /// Whether git finds no fault in any of its objects.
  private func isSound() async throws -> Bool {
    try await run(["fsck", "--full", "--no-progress", "--no-dangling"]).isSuccess
  }

  /// Into another folder, because the old clone may hold other commits and the network may be gone.
  private func fetchAnew(_ commit: String, _ reference: String?, _ shown: String) async throws {
    var new = self
    new.folder = FilePath("\(folder).new")
    try FileSystem.remove(new.folder)
    do {
      try await new.initialize()
      try await new.fetchSomehow(commit, reference, shown)
      try FileSystem.remove(folder)
      try FileSystem.rename(new.folder, to: folder)
    } catch {
      try? FileSystem.remove(new.folder)  // the first error is the one to report
      throw error
    }
  }

  /// What a git that was killed has left: locks that nobody holds any more, which every later git would stop at, and
  /// half of what it fetched. Other pxebuilds keep out meanwhile.
  private func removeLeftovers() throws {
    try FileSystem.remove(FilePath("\(folder).new"))
    guard try FileIdentity.of(folder)?.kind == .directory else { return }
    var open = [folder]
    while let next = open.popLast() {
      for name in try FileSystem.entries(of: next) {
        let path = next.appending(name)
        let text = name.string
        if text.hasSuffix(".lock") || text.hasPrefix("tmp_") {
          try FileSystem.remove(path)
        } else if try FileIdentity.of(path)?.kind == .directory {
          open.append(path)
        }
      }
    }
  }

  /// Forgets all of it.
  func remove() async throws {
    try await withFileLock(FilePath("\(folder).lock"), whenBusy: {}) {
      try FileSystem.remove(folder)
    }
  }

  func damage(_ result: Program.Result) -> GitCloneDamage {
    GitCloneDamage(
      folder: folder, reason: result.errorLines.suffix(4).joined(separator: "\n"))
  }

  private func contains(_ commit: String) async throws -> Bool {
    try await run(["cat-file", "-e", "\(commit)^{commit}"]).isSuccess
  }

  private func initialize() async throws {
    // Git goes by the umask unless it is told that a group shares the clone.
    let shared = FileSystem.isShared(folder.removingLastComponent()) ? ["--shared=group"] : []
    let result = try await git.run(
      ["init", "--quiet", "--bare", "--template="] + shared + [folder.string])
    guard result.isSuccess else {
      throw BuildError(
        .cannotWrite, "cannot make the git clone \(folder)",
        reason: result.errorLines.joined(separator: "\n"),
        advice: "give this user access to the cache, or choose another one with --cache")
    }
  }

  /// The commit alone; else what the tag or branch leads to; else everything.
  private func fetchSomehow(_ commit: String, _ reference: String?, _ shown: String) async throws {
    note("fetching commit \(commit.prefix(12)) of \(shown)")
    let first = try await fetch(["--depth=1"], ["\(commit):refs/pxebuild/\(commit)"])
    if first.isSuccess { return }
    let failure = GitFailure(url: url, result: first)
    guard failure.isRefusal else { throw failure.error }
    if let reference {
      for depth in [["--depth=1"], []] {
        let result = try await fetch(depth, ["+\(reference):refs/pxebuild/reference"])
        if result.isSuccess, try await keep(commit) { return }
      }
    }
    note("\(shown) gives no single commits, fetching all of it")
    let isShallow = try FileIdentity.of(folder.appending("shallow")) != nil
    let all = try await fetch(
      isShallow ? ["--unshallow"] : [],
      ["+refs/heads/*:refs/pxebuild/heads/*", "+refs/tags/*:refs/pxebuild/tags/*"])
    guard all.isSuccess else { throw GitFailure(url: url, result: all).error }
    if try await keep(commit) { return }
    throw BuildError(
      .recipe, "the repository \(shown) has no commit \(commit)",
      reason: "none of its branches and tags leads there",
      advice: "check the commit: it needs all 40 digits, and it may be in somebody's fork")
  }

  private func fetch(_ options: [String], _ references: [String]) async throws -> Program.Result {
    try await run(
      ["fetch", "--progress", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"]
        + options + ["--", url] + references)
  }

  /// Gives the commit a reference of its own, without which a clean-up would drop it.
  private func keep(_ commit: String) async throws -> Bool {
    guard try await contains(commit) else { return false }
    return try await run(["update-ref", "refs/pxebuild/\(commit)", commit]).isSuccess
  }
}

/// Objects are missing that were fetched before: a bad disk, or somebody tidied up.
struct GitCloneDamage: Error {
  var folder: FilePath
  var reason: String

  var error: BuildError {
    BuildError(
      .failed, "the git clone \(folder) cannot be read", reason: reason,
      advice: "remove that folder; the next run fetches it again")
  }
}
