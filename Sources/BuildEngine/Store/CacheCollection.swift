import Glibc
import SystemPackage

/// A clean-up of a cache: the results that were used least recently go, and then every blob that nothing needs.
///
/// What is never removed: results that the last build of a tree used, as long as the tree stands, and the bytes of the
/// tree's files. Beside running builds, nothing either that is younger than the oldest of them: whatever they have
/// looked up was touched when they did, and what they have written is new. (Were it removed all the same, they would
/// find it lost and make it again.)
public struct CacheCollection: Sendable {
  public struct Limits: Sendable, Equatable {
    /// Results that were not used for longer than this go, in seconds; nil for no such limit.
    public var maxAge: Int64?
    /// Beyond so many bytes of blobs the least recently used results go; nil for no such limit.
    public var maxBytes: Int64?

    public init(maxAge: Int64? = nil, maxBytes: Int64? = nil) {
      self.maxAge = maxAge
      self.maxBytes = maxBytes
    }
  }

  public struct Report: Sendable, Equatable {
    public var removedResults = 0
    public var removedBlobs = 0
    /// In bytes, as is all here.
    public var removedBytes: Int64 = 0
    public var keptResults = 0
    public var keptBytes: Int64 = 0
    /// Of what was kept, what current trees need, whatever the limits.
    public var neededBytes: Int64 = 0
    /// Builds that were running meanwhile.
    public var runningBuilds = 0
  }

  private let cache: CacheDirectory
  private let limits: Limits

  public init(_ cache: CacheDirectory, _ limits: Limits) {
    self.cache = cache
    self.limits = limits
  }

  public func run() async throws -> Report {
    // With the whole cache to itself it keeps nothing for others; a build that starts now waits for it.
    if let whole = try cache.lockForCleaning() {
      defer { whole.release() }
      return try run(keepingSince: nil, besides: 0)
    }
    let shared = try await cache.lockForBuild()
    defer { shared.release() }
    let running = try WorkDirectory.running(in: cache)
    let now = FileIdentity.now
    // Uses are noted to the hour.
    let start = (running.compactMap(\.started) + [now]).min() ?? now
    return try run(keepingSince: start - 3600 * 1_000_000_000, besides: running.count)
  }

  private struct Entry {
    var key: Digest
    var path: FilePath
    /// Nanoseconds since 1970.
    var used: Int64
  }

  private func run(keepingSince start: Int64?, besides running: Int) throws -> Report {
    let work = try WorkDirectory(in: cache)
    defer { try? work.remove() }  // the next build removes what is left
    var marks = Marks(
      table: try BlobTable(cache.path.appending("blobs")), store: cache.store(work: work),
      results: cache.actionCache)
    let entries = try self.entries()
    let (roots, files) = try LastBuild.rootsOfStandingTrees(in: cache)
    for digest in files { marks.need(digest) }
    var report = Report(runningBuilds: running)
    var removed: [Entry] = []
    for entry in entries where roots.contains(entry.key.hex) { try marks.need(resultOf: entry.key) }
    report.neededBytes = marks.bytes
    let oldest = limits.maxAge.map { FileIdentity.now - $0 * 1_000_000_000 }
    var isFull = false
    for entry in entries where !roots.contains(entry.key.hex) {
      let isYoung = start.map { entry.used >= $0 } ?? false
      if !isYoung, isFull || oldest.map({ entry.used < $0 }) ?? false {
        removed.append(entry)
        continue
      }
      let fits = try marks.need(resultOf: entry.key, within: isYoung ? nil : limits.maxBytes)
      if !fits {
        isFull = true
        removed.append(entry)
      }
    }
    for entry in removed where try remove(entry) { report.removedResults += 1 }
    try removeBlobs(marks.table, keepingSince: start, &report)
    for folder in try foldersOfSmallFiles() { try FileSystem.removeTemporaries(in: folder) }
    report.keptResults = entries.count - report.removedResults
    if start == nil {
      let digests = try FileDigests(rememberedIn: cache.state("file-digests"))
      try digests.forgetOutdated()
      try digests.save()
    }
    return report
  }

  /// Where files are replaced in one step, and a killed pxebuild may have left a temporary one.
  private func foldersOfSmallFiles() throws -> [FilePath] {
    let actions = cache.path.appending("actions")
    return [
      cache.path, cache.path.appending("state"), cache.path.appending("build-ids"),
      cache.path.appending("link-sets"), cache.path.appending("link-sets").appending("pins"),
      cache.path.appending("apt").appending("resolved"),
    ] + (try FileSystem.list(actions).map { actions.appending($0) })
  }

  /// Every result, the most recently used first.
  private func entries() throws -> [Entry] {
    try cache.actionCache.keys().compactMap { hex, path in
      guard let identity = try FileIdentity.of(path) else { return nil }
      // A name that is no digest is nobody's result.
      guard let key = Digest(hex: hex, size: 0) else {
        try FileSystem.remove(path)
        return nil
      }
      return Entry(key: key, path: path, used: identity.modified)
    }.sorted { ($0.used, $0.key.hex) > ($1.used, $1.key.hex) }
  }

  /// False when it has been used since it was looked at.
  private func remove(_ entry: Entry) throws -> Bool {
    guard try FileIdentity.of(entry.path)?.modified == entry.used else { return false }
    try FileSystem.remove(entry.path)
    return true
  }

  private func removeBlobs(
    _ table: BlobTable, keepingSince start: Int64?, _ report: inout Report
  ) throws {
    let store = ContentStore(
      directory: cache.path.appending("blobs"), temporaryDirectory: cache.path)
    for blob in table.blobs {
      let isYoung = start.map { blob.changed >= $0 } ?? false
      if blob.isNeeded || isYoung {
        report.keptBytes += blob.digest.size
        continue
      }
      let path = store.path(of: blob.digest)
      if start != nil, try FileIdentity.of(path)?.changed != blob.changed { continue }
      try FileSystem.remove(path)
      report.removedBlobs += 1
      report.removedBytes += blob.digest.size
    }
  }
}

/// Which blobs are needed.
private struct Marks {
  var table: BlobTable
  let store: ContentStore
  let results: ActionCache
  /// Of all that is needed.
  private(set) var bytes: Int64 = 0

  init(table: BlobTable, store: ContentStore, results: ActionCache) {
    self.table = table
    self.store = store
    self.results = results
  }

  /// What was marked for one result, to take it back.
  private var trail: [(place: Int, before: BlobTable.Blob)] = []

  mutating func need(_ digest: Digest) { _ = mark(digest) { $0.isNeeded = true } }

  /// Needs everything of a result, and the messages behind its key, which `why` reads. False, and nothing is
  /// needed, when that would be too much.
  @discardableResult
  mutating func need(resultOf key: Digest, within limit: Int64? = nil) throws -> Bool {
    let before = bytes
    trail = []
    if let artifacts = try results.peek(key) {
      for artifact in artifacts.values { try need(artifact) }
    }
    try needMessages(behind: key)
    guard let limit, bytes > limit else { return true }
    for (place, blob) in trail.reversed() { table[place] = blob }
    bytes = before
    return false
  }

  /// Nil when there is no such blob; else whether that was new.
  private mutating func mark(_ digest: Digest, _ change: (inout BlobTable.Blob) -> Void) -> Bool? {
    guard let place = table.place(of: digest) else { return nil }
    let before = table[place]
    var blob = before
    blob.isNeeded = true
    change(&blob)
    guard
      blob.isNeeded != before.isNeeded || blob.isDescended != before.isDescended
        || blob.isMessageDescended != before.isMessageDescended
    else { return false }
    trail.append((place, before))
    if !before.isNeeded { bytes += digest.size }
    table[place] = blob
    return true
  }

  private mutating func need(_ artifact: StoredArtifact) throws {
    var open = [artifact]
    while let next = open.popLast() {
      switch next {
      case .symlink: break
      case .file(let digest, _): _ = mark(digest) { $0.isNeeded = true }
      case .directory(let digest):
        guard mark(digest, { $0.isDescended = true }) == true else { continue }
        do { open += try store.directory(digest).entries.values } catch is LostBlob {
          // A result with a hole: whoever looks it up makes it again.
        }
      }
    }
  }

  private mutating func needMessages(behind key: Digest) throws {
    // A result's file does not say how large the message is.
    guard
      let identity = try FileIdentity.of(store.path(of: key)),
      let whole = Digest(hex: key.hex, size: identity.size)
    else { return }
    do {
      let (command, root) = try ActionKey.messages(behind: whole, in: store)
      for digest in [whole, command] { need(digest) }
      var open = [root]
      while let next = open.popLast() {
        guard mark(next, { $0.isMessageDescended = true }) == true else { continue }
        for case .directory(let inner) in try store.directory(next).entries.values {
          open.append(inner)
        }
      }
    } catch is LostBlob {
      // Then there is nothing to keep.
    }
  }
}
