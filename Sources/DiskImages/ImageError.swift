/// Why an image, or something in it, cannot be read.
public struct ImageError: Error, Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    /// Neither an ISO 9660 nor a UDF file system.
    case notAnImage
    /// It contradicts itself, or ends too early.
    case damaged
    /// What no honest image has: a path that leads out, a loop of folders.
    case refused
    /// A part of the standard that is not read here.
    case unsupported
    /// A path that was asked for is not in it.
    case noSuchPath
    /// The operating system said no; the error number.
    case system(Int32)
  }

  public var kind: Kind
  /// One clause for a person, without the name of the image: "the folder 'casper' is …".
  public var reason: String
  /// For `noSuchPath`: the path that was asked for, and what there is in its folder.
  public var wanted = ""
  public var nearest: [String] = []

  public init(_ kind: Kind, _ reason: String) {
    self.kind = kind
    self.reason = reason
  }

  static func damaged(_ reason: String) -> ImageError { ImageError(.damaged, reason) }
}
