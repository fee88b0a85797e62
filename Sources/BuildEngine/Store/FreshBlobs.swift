import Synchronization

/// Which blobs this process has hashed while it wrote them, with their identity in the store. As long as
/// that is the same nobody has written to them since.
final class FreshBlobs: Sendable {
  private let identities = Mutex<[Digest: FileIdentity]>([:])

  func note(_ digest: Digest, _ identity: FileIdentity) {
    identities.withLock { $0[digest] = identity }
  }

  func holds(_ digest: Digest, _ identity: FileIdentity) -> Bool {
    identities.withLock { $0[digest] == identity }
  }
}
