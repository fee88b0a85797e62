import SystemPackage

/// What a check of a cache's bytes came to.
public struct CacheVerification: Sendable, Equatable {
  /// A file of the cache whose bytes are not those that were written.
  public struct Fault: Sendable, Equatable {
    public enum Kind: String, Sendable { case blob, result }
    public var kind: Kind
    /// The SHA-256 that it is filed under.
    public var name: String

    public init(_ kind: Kind, _ name: String) {
      self.kind = kind
      self.name = name
    }
  }

  /// How many blobs and results are right.
  public var blobCount = 0
  public var resultCount = 0
  public var faults: [Fault] = []
  /// How much was read, in bytes.
  public var bytesRead: Int64 = 0
}

extension CacheMaintenance {
  /// Reads every blob and every result, on all cores. Safe beside running builds and clean-ups.
  ///
  /// - Parameters:
  ///   - dropsFaults: Removes what is wrong; the next build that needs it makes it again.
  ///   - progress: Told how many bytes of how many have been read.
  public func verify(
    dropsFaults: Bool, progress: @escaping @Sendable (Int64, Int64) -> Void = { _, _ in }
  ) async throws -> CacheVerification {
    var blobs: [(hex: String, path: FilePath, size: Int64)] = []
    try forEachBlob { blobs.append(($0, $1, $2.size)) }
    blobs.sort { ($0.size, $0.hex) > ($1.size, $1.hex) }
    let meter = ByteMeter(total: blobs.reduce(0) { $0 + $1.size }, progress)
    let blobStates = try await EveryCore.map(blobs) { blob in
      try Self.state(of: blob.path) { try meter.digest(of: blob.path).hex == blob.hex }
    }
    let actionCache = cache.actionCache
    let results = try actionCache.keys()
    let resultStates = try await EveryCore.map(results) { result in
      try Self.state(of: result.path) { try actionCache.isSound(result.path) }
    }
    var verification = CacheVerification(
      blobCount: blobStates.count { $0 == .right },
      resultCount: resultStates.count { $0 == .right },
      bytesRead: meter.bytesRead)
    let faults =
      zip(blobs, blobStates).filter { $0.1 == .wrong }.map { ($0.0.path, $0.0.hex, .blob) }
      + zip(results, resultStates).filter { $0.1 == .wrong }.map { ($0.0.path, $0.0.hex, .result) }
      as [(FilePath, String, CacheVerification.Fault.Kind)]
    for (path, name, kind) in faults.sorted(by: { $0.1 < $1.1 }) {
      if dropsFaults { try FileSystem.remove(path) }
      verification.faults.append(.init(kind, name))
    }
    return verification
  }

  private enum State { case right, wrong, gone }

  /// A clean-up may remove a file between its being listed and being read.
  private static func state(of path: FilePath, _ isRight: () throws -> Bool) throws -> State {
    do { return try isRight() ? .right : .wrong } catch let error as BuildError {
      guard try FileIdentity.of(path) == nil else { throw error }
      return .gone
    }
  }
}
