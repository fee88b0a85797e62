/// An artifact whose content is known: what an action that ran, or whose result was cached, wrote.
public enum StoredArtifact: Hashable, Sendable {
  /// A file in the content store. Of its mode only the executable bit is kept, as in REAPI.
  case file(Digest, executable: Bool)
  /// A directory: the digest of its REAPI `Directory` message, which is in the content store.
  case directory(Digest)
  /// A symbolic link; its target is kept as written.
  case symlink(target: String)
}
