import SystemPackage

/// Blobs on disk, named by their SHA-256 and verified when they are read back.
public struct ContentStore: Sendable {
  public let directory: FilePath

  public init(directory: FilePath) { self.directory = directory }
}
