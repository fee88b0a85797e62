import BuildEngine
import BuiltIns
import Recipes
import SystemPackage

/// Asks the outside world what a source is right now, and writes the answer into a lock file's value.
struct SourcePins: Sendable {
  let isOffline: Bool

  /// Throws `BuildError` of kind unreachable when nobody answers, of kind recipe when the answer is no.
  func pin(_ source: RequestedSource, in lock: inout LockFile) async throws {
    switch source.request {
    case .git(let url, let reference):
      guard !isOffline else { throw offline(url) }
      let commit = try await located(source) { try await resolve(url, reference) }
      lock.pin(LockFile.Git(url: url, reference: reference, commit: commit))
    case .url, .deb:
      // Pinned by the commands that fetch them: `lock` and the build itself.
      break
    }
  }

  private func resolve(_ url: String, _ reference: GitReference) async throws -> String {
    switch reference {
    case .tag(let name): try await GitSources.resolve(url: url, tag: name)
    case .branch(let name): try await GitSources.resolve(url: url, branch: name)
    case .commit(let commit): commit
    }
  }

  private func located<Result>(
    _ source: RequestedSource, _ body: () async throws -> Result
  ) async throws -> Result {
    do { return try await body() } catch var error as BuildError {
      if error.origin == nil { error.origin = source.location.description }
      throw error
    }
  }

  private func offline(_ url: String) -> BuildError {
    BuildError(
      .unreachable, "cannot ask \(url.printable) for its commits", reason: "--offline was given",
      advice: "run pxebuild lock once with a network")
  }

  static func notPinned(_ source: RequestedSource, in lock: FilePath) -> BuildError {
    BuildError(
      .recipe, "the lock file does not pin \(source.names.joined(separator: ", "))",
      origin: source.location.description,
      reason: "--locked takes nothing that \(lock.printable) does not pin",
      advice: "run pxebuild lock and commit the file")
  }
}
