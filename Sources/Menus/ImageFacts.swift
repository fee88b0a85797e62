/// What is known of an image when the build has looked into it: what a menu item that boots it needs.
public struct ImageFacts: Sendable, Hashable, Codable {
  public var identity: ImageIdentity
  /// Kernel arguments that this very release needs, one word each: known bugs of the image.
  public var addedArguments: [String]

  public init(identity: ImageIdentity, addedArguments: [String] = []) {
    self.identity = identity
    self.addedArguments = addedArguments
  }
}
