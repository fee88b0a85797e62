import SystemPackage

/// Copies results of actions from one cache into another, with every blob that they consist of and the messages
/// behind their keys. Bytes are verified on the way.
public struct ResultCopy: Sendable {
  let source: (store: ContentStore, results: ActionCache)
  let target: (store: ContentStore, results: ActionCache)

  /// - Precondition: whoever calls holds a lock on the source that keeps a clean-up away.
  public init(
    from source: (store: ContentStore, results: ActionCache),
    to target: (store: ContentStore, results: ActionCache)
  ) {
    self.source = source
    self.target = target
  }

  /// False when the source has no complete result under this key.
  public func copy(_ key: Digest) throws -> Bool {
    guard let artifacts = try source.results.peek(key) else { return false }
    do {
      var copied: Set<Digest> = []
      for digest in try Self.blobs(of: artifacts, in: source.store) {
        copied.insert(try copy(blob: digest))
      }
      for digest in try ActionKey.messageDigests(behind: key, in: source.store) {
        copied.insert(try copy(blob: digest))
      }
      try target.store.settle(copied)
    } catch is LostBlob {
      return false
    }
    try target.results.record(artifacts, for: key)
    return true
  }

  private func copy(blob digest: Digest) throws -> Digest {
    if try target.store.contains(digest) { return digest }
    let path = source.store.path(of: digest)
    guard try source.store.contains(digest), try target.store.insert(copying: path) == digest
    else { throw LostBlob(digest: digest) }
    return digest
  }

  /// Every blob that artifacts consist of, `Directory` messages included. Throws `LostBlob`.
  static func blobs(of artifacts: [String: StoredArtifact], in store: ContentStore) throws
    -> Set<Digest>
  {
    var found: Set<Digest> = []
    var open = Array(artifacts.values)
    while let artifact = open.popLast() {
      switch artifact {
      case .symlink: break
      case .file(let digest, _): found.insert(digest)
      case .directory(let digest):
        if found.insert(digest).inserted { open += try store.directory(digest).entries.values }
      }
    }
    return found
  }
}
