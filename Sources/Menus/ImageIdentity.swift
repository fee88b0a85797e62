/// What an installation image says that it is. Every part may be missing: an image has what its makers
/// wrote into it.
public struct ImageIdentity: Sendable, Hashable, Codable {
  /// The volume identifier of its primary volume descriptor (ECMA-119), without the blanks at its end.
  public var volumeID: String?
  /// The text of `.disk/info`, where Debian, Ubuntu and their derivatives name the release.
  public var diskInfo: String?
  /// The family of `.treeinfo`, where Fedora and its relatives name the release: "Fedora".
  public var family: String?
  /// The version of `.treeinfo`.
  public var version: String?
  /// The architecture of `.treeinfo`, or what the image says elsewhere: "x86_64", "amd64".
  public var architecture: String?

  public init(
    volumeID: String? = nil, diskInfo: String? = nil, family: String? = nil,
    version: String? = nil, architecture: String? = nil
  ) {
    self.volumeID = volumeID
    self.diskInfo = diskInfo
    self.family = family
    self.version = version
    self.architecture = architecture
  }
}
