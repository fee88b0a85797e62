/// Something in an output tree that is not as its manifest says.
public struct TreeFinding: Sendable, Equatable {
  public enum Problem: Sendable, Equatable {
    case missing
    /// Other bytes than were placed; `found` is what stands there.
    case changed(expected: Digest, found: Digest)
    /// A link that leads elsewhere.
    case changedLink(expected: String, found: String)
    /// Something of another kind stands there: a link in place of a folder.
    case wrongKind(expected: FileIdentity.Kind, found: FileIdentity.Kind)
    /// The last twelve bits of the mode.
    case wrongMode(expected: UInt32, found: UInt32)
    /// Something that pxebuild did not place. Of a folder only the folder itself is named.
    case foreign(FileIdentity.Kind)
  }

  /// Below the tree.
  public var path: String
  public var problem: Problem

  public init(_ path: String, _ problem: Problem) {
    self.path = path
    self.problem = problem
  }
}

/// What a check of an output tree came to.
public struct TreeVerification: Sendable, Equatable {
  /// Sorted by path.
  public var findings: [TreeFinding] = []
  /// Targets that the manifest lists.
  public var targetCount = 0
  /// Files, links and empty folders that it lists.
  public var fileCount = 0
  /// How much was read, in bytes.
  public var bytesRead: Int64 = 0
}
