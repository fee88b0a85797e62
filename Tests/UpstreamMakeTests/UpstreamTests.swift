import BuildEngine
import Glibc
import SystemPackage
import Testing

@testable import UpstreamMake

/// The real upstream, when this machine can reach it.
@Suite struct UpstreamTests {
  static let repository = "https://github.com/ipxe/ipxe.git"
  static let release = "v2.0.0"
  static let isReachable = canReach()

  private static func canReach() -> Bool {
    let pool = CommandPool(
      directory: "/", environment: environment, jobserver: nil, print: { _ in })
    do {
      _ = try pool.capture(
        Command(["timeout", "20", "git", "ls-remote", "--exit-code", repository, release]))
      return true
    } catch {
      return false  // whatever the cause, it is the reason to skip
    }
  }

  private static var environment: [String] {
    let names: [String] = ["PATH", "HOME", "http_proxy", "https_proxy"]
    let own = names.compactMap { name in getenv(name).map { "\(name)=\(String(cString: $0))" } }
    return own + ["GIT_TERMINAL_PROMPT=0", "LC_ALL=C.UTF-8"]
  }

  @Test(
    "undionly.kpxe of iPXE v2.0.0 has the bytes that plain make gives it",
    .enabled(
      if: isReachable, "skipped: git ls-remote https://github.com/ipxe/ipxe.git does not answer"),
    .timeLimit(.minutes(15)))
  func undionly() async throws {
    let laboratory = try Laboratory("upstream", slots: 2)
    defer { laboratory.remove() }
    let upstream = laboratory.folder.appending("upstream")
    let pool = CommandPool(
      directory: "/", environment: Self.environment, jobserver: nil, print: { _ in })
    _ = try pool.capture(
      Command([
        "git", "-c", "advice.detachedHead=false", "clone", "--quiet", "--depth=1",
        "--branch=\(Self.release)", Self.repository, upstream.string,
      ]))
    try FileSystem.remove(upstream.appending(".git"))
    let source = try laboratory.insert(tree: upstream)
    var recipe = Recipe.embedding(MiniatureTests.script, "bin/undionly.kpxe")
    let linkSets = Laboratory.miniature.removingLastComponent().removingLastComponent()
      .appending("recipes/link-sets/12798ec29aa8a64d8675c4378b99f5fe28447afb.txt")
    recipe.linkSets = String(decoding: try FileSystem.read(linkSets) ?? [], as: UTF8.self)
    let built = try await laboratory.build(recipe, source: source)
    #expect(await laboratory.executor.takeRuns() == ["make-record", "make-objects", "make-link"])
    #expect(built.notes == [])
    let plain = try laboratory.makePlainly(recipe, upstream: upstream, buildID: built.buildID)
    #expect(!plain.isEmpty)
    #expect(built.bytes == plain)
  }
}
