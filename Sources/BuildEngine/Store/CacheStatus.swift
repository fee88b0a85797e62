import SystemPackage

/// How much a cache holds, of what, and how old it is.
public struct CacheStatus: Sendable, Equatable {
  /// Blobs of results that one rule made. A blob of several counts for the first by name.
  public struct Rule: Sendable, Equatable {
    public var name: String
    public var resultCount = 0
    public var bytes: Int64 = 0
  }

  /// Blobs by the time since the most recent use of a result that needs them.
  public struct Age: Sendable, Equatable {
    /// In days: the age is less than this; nil for the rest.
    public var limit: Int?
    public var bytes: Int64 = 0
  }

  public var blobCount = 0
  /// In bytes, as is all here.
  public var blobBytes: Int64 = 0
  public var resultCount = 0
  /// Everything that is neither a blob nor a result.
  public var otherBytes: Int64 = 0
  /// The largest first.
  public var rules: [Rule] = []
  /// The youngest first.
  public var ages: [Age] = []
  /// Blobs that no result needs: scripts, and what the next clean-up removes.
  public var looseBytes: Int64 = 0
}

extension CacheMaintenance {
  private static let days: [Int?] = [1, 7, 30, nil]

  public func status() throws -> CacheStatus {
    var status = CacheStatus(ages: Self.days.map { .init(limit: $0) })
    var rest: [Digest: Int64] = [:]
    try forEachBlob { hex, _, identity in
      status.blobCount += 1
      status.blobBytes += identity.size
      if let digest = Digest(hex: hex, size: identity.size) { rest[digest] = identity.size }
    }
    let work = try WorkDirectory(in: cache)
    defer { try? work.remove() }  // the next build removes what is left
    let store = cache.store(work: work)
    var rules: [String: CacheStatus.Rule] = [:]
    // The most recent use first: that is the age of what several results share.
    let entries = try cache.actionCache.keys().compactMap { hex, path in
      try FileIdentity.of(path).map { (hex: hex, used: $0.modified) }
    }.sorted { ($0.used, $0.hex) > ($1.used, $1.hex) }
    for entry in entries {
      status.resultCount += 1
      guard let key = Digest(hex: entry.hex, size: 0) else { continue }
      let size = try FileIdentity.of(store.path(of: key))?.size ?? 0
      let name = try rule(behind: Digest(hex: entry.hex, size: size) ?? key, in: store)
      var bytes: Int64 = 0
      if let artifacts = try cache.actionCache.peek(key) {
        do {
          for digest in try ResultCopy.blobs(of: artifacts, in: store) {
            bytes += rest.removeValue(forKey: digest) ?? 0
          }
        } catch is LostBlob {
          // A result with a hole counts for what is left of it.
        }
      }
      rules[name, default: .init(name: name)].resultCount += 1
      rules[name, default: .init(name: name)].bytes += bytes
      let age = Int((FileIdentity.now - entry.used) / 86_400_000_000_000)
      if let place = Self.days.firstIndex(where: { $0.map { age < $0 } ?? true }) {
        status.ages[place].bytes += bytes
      }
    }
    status.rules = rules.values.sorted { ($0.bytes, $1.name) > ($1.bytes, $0.name) }
    status.looseBytes = rest.values.reduce(0, +)
    for name in try FileSystem.list(cache.path) where name != "blobs" && name != "actions" {
      status.otherBytes += try bytes(below: cache.path.appending(name))
    }
    return status
  }

  private func rule(behind key: Digest, in store: ContentStore) throws -> String {
    do { return try ActionKey.rule(behind: key, in: store) ?? "unknown" } catch is LostBlob {
      return "unknown"
    }
  }
}
