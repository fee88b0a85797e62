import Archives
import BuildEngine
import Downloads
import SystemPackage

/// `cache export` and `cache import`: results of actions as a tar file that has a cache's own layout.
struct CacheTransfer: Sendable {
  let cache: CacheDirectory

  struct Report: Sendable {
    var resultCount: Int
    var bytes: Int64
  }

  // MARK: Export

  /// Writes everything that a build of the plan's targets finds in the cache.
  ///
  /// - Throws: `BuildError` when something of it is not there: then nothing is written.
  func export(_ plan: Plan, _ session: BuildSession, to output: FileDescriptor) async throws
    -> Report
  {
    let lock = try await cache.lockForBuild()
    defer { lock.release() }
    let keys = try keys(try await session.forecast(plan))
    return try await withFolder { folder in
      let part = try CacheDirectory(folder)
      let work = try WorkDirectory(in: part)
      let copy = ResultCopy(
        from: (session.store, cache.actionCache), to: (part.store(work: work), part.actionCache))
      for (name, key) in keys {
        guard try copy.copy(key) else { throw Self.missing([name]) }
      }
      try work.remove()
      for name in ["state", "logs", "work"] { try FileSystem.remove(folder.appending(name)) }
      let bytes = try CacheMaintenance(part).blobBytes()
      try await onOwnThread { try ArchiveWriter(of: folder).write(to: output) }
      return Report(resultCount: keys.count, bytes: bytes)
    }
  }

  private func keys(_ forecast: Forecast) throws -> [(name: String, key: Digest)] {
    var keys: [(name: String, key: Digest)] = []
    var missing: [String] = []
    for step in forecast.steps {
      switch step.state {
      case .cached: if let key = step.key { keys.append((step.name, key.digest)) }
      case .wouldRun, .unknown: missing.append(step.name)
      // It runs at every build, wherever that is.
      case .alwaysRuns: break
      }
    }
    if !missing.isEmpty { throw Self.missing(missing) }
    return keys
  }

  private static func missing(_ names: [String]) -> BuildError {
    BuildError(
      .failed, "the cache has no result of \(countText(names.count, "action"))",
      reason: names.map { $0.printable() }.joined(separator: "\n"),
      advice: "build the targets first, with the same recipes and tools")
  }

  // MARK: Import

  /// Takes every result of an exported file, its bytes verified.
  func take(_ file: FilePath) async throws -> Report {
    let lock = try await cache.lockForBuild()
    defer { lock.release() }
    return try await withFolder { folder in
      let name = file.lastComponent?.string ?? file.string
      let archive = Archive(path: file, name: name)
      try await onOwnThread { try archive.extract(member: ".", to: folder) }
      guard try FileIdentity.of(folder.appending("FORMAT")) != nil else {
        throw BuildError(
          .failed, "\(file.printable) was not written by pxebuild cache export",
          reason: "it has no file FORMAT")
      }
      let part: CacheDirectory
      do { part = try CacheDirectory(folder) } catch let error as BuildError {
        // It speaks of the folder that the file was unpacked to.
        throw BuildError(
          error.kind, "\(file.printable) cannot be imported", reason: error.reason,
          advice: "use the pxebuild that wrote it, or a newer one")
      }
      let partWork = try WorkDirectory(in: part)
      let work = try WorkDirectory(in: cache)
      defer { try? work.remove() }  // the next build removes what is left
      let source = part.store(work: partWork)
      let copy = ResultCopy(
        from: (source, part.actionCache), to: (cache.store(work: work), cache.actionCache))
      let results = try part.actionCache.keys()
      for (hex, _) in results {
        guard let key = try source.key(hex), try copy.copy(key) else {
          throw BuildError(
            .failed, "\(file.printable) is damaged",
            reason: "the result \(hex.prefix(12))… or something in it is not what it was",
            advice: "export it again; what was imported before this is kept")
        }
      }
      return Report(
        resultCount: results.count, bytes: try CacheMaintenance(part).blobBytes())
    }
  }

  /// A folder on the cache's disk that goes when `body` has ended; after a kill the next build removes it.
  private func withFolder<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result
  {
    let work = try WorkDirectory(in: cache)
    defer { try? work.remove() }  // see above
    let folder = work.path.appending("part")
    return try await body(folder)
  }
}
