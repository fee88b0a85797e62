import BuildEngine
import BuiltIns
import Downloads
import Recipes
import SystemPackage

/// Asks the outside world what a source is right now, and writes the answer into a lock file's value.
struct SourcePins: Sendable {
  let isOffline: Bool
  let cache: CacheDirectory

  /// Throws `BuildError` of kind unreachable when nobody answers, of kind recipe when the answer is no.
  func pin(_ source: RequestedSource, in lock: inout LockFile) async throws {
    do {
      switch source.request {
      case .git(let url, let reference):
        let commit = try await resolve(url, reference)
        lock.pin(LockFile.Git(url: url, reference: reference, commit: commit))
      case .url(let url, let mirrors):
        let digest = try await download([url] + mirrors)
        lock.pin(LockFile.Download(url: url, sha256: digest.hex, size: digest.size))
      case .deb(let package):
        lock.pin(try await resolve(package: package))
      }
    } catch let error as BuildError {
      throw error.located(at: source.location.description)
    }
  }

  private func resolve(_ url: String, _ reference: GitReference) async throws -> String {
    let sources = GitSources(isOffline: isOffline)
    return switch reference {
    case .tag(let name): try await sources.resolve(url: url, .tag(name))
    case .branch(let name): try await sources.resolve(url: url, .branch(name))
    case .commit(let commit): commit
    }
  }

  /// A download whose digest nobody gave: what it is now is what it shall be from now on. The file goes
  /// where the build's own download finds it again.
  private func download(_ urls: [String]) async throws -> Digest {
    let work = try WorkDirectory(in: cache)
    defer { try? work.remove() }  // what cannot be removed now, the next build removes
    let downloader = Downloader(folder: cache.path.appending("downloads"), isOffline: isOffline)
    return try await downloader.download(
      Downloads.Download(urls: urls, sha256: nil), to: work.makeName("download"),
      progress: { _ in }, note: { _ in })
  }

  private func resolve(package: String) async throws -> LockFile.Package {
    var plan = Plan()
    let rule = RuleVersion("deb", 1)
    let id = plan.add(
      PlannedAction(
        name: "package \(package)", rule: rule,
        operation: .builtIn(
          "deb-resolve", version: 1, parameters: ["package": package, "locked": "false"]),
        outputs: ["package.txt"], isCacheable: false, origin: ""))
    plan.add(
      PlannedTarget(
        path: package, artifact: .output(id, path: "package.txt"), rule: rule, origin: ""))
    let session = try BuildSession(
      cache: cache, builtIns: SiteBuild.builtIns,
      options: .init(jobs: 1, keepsGoing: false, isOffline: isOffline, sandbox: .off),
      sink: { _ in })
    defer { session.close() }
    let (result, text) = try await session.build(plan) { result in
      switch result.outcomes[0].state {
      case .built(.file(let digest, _)):
        String(decoding: try session.store.read(digest), as: UTF8.self)
      case .failed(let error): throw error
      default: throw BuildError(.failed, "the package \(package) was not looked up")
      }
    }
    _ = result
    let facts = Dictionary(
      text.split(separator: "\n").compactMap { line -> (String, String)? in
        guard let colon = line.firstRange(of: ": ") else { return nil }
        return (String(line[..<colon.lowerBound]), String(line[colon.upperBound...]))
      }
    ) { first, _ in first }
    guard let version = facts["version"], let sha256 = facts["sha256"],
      let architecture = facts["architecture"]
    else {
      throw BuildError(.failed, "apt did not say which version of \(package) it offers")
    }
    return LockFile.Package(
      package: package, version: version, sha256: sha256, architecture: architecture)
  }

  /// What the lock file lacks.
  static func notPinned(_ sources: [RequestedSource], in lock: String) -> RecipeErrors {
    RecipeErrors(
      sources.map { source in
        Diagnostic(
          "the lock file does not pin \(source.names.joined(separator: ", "))",
          at: source.location, help: "pxebuild lock writes it to \(lock); commit the file")
      })
  }
}
