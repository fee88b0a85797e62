import Archives
import BuildEngine
import DiskImages
import SystemPackage

/// The image that a built-in was given, in the content store or where it stands.
struct DiscImage: Sendable {
  /// What messages call it.
  let name: String
  private let file: InputFile
  private let rule: String

  /// Input: `image`. Parameter: `name`, for an image that is in the store.
  init(_ invocation: BuiltInInvocation) throws {
    let file = try InputFile(invocation, "image")
    self.init(file, name: file.name ?? invocation.optionalParameter("name") ?? "the image")
  }

  /// - Parameter rule: What reads the image, for messages.
  init(_ file: InputFile, name: String, rule: String = "iso") {
    self.file = file
    self.name = name
    self.rule = rule
  }

  /// Opens the image for `body`, whose errors become those that a person reads.
  ///
  /// - Throws: `BuildError`, also when the image is not the one whose digest was taken.
  func read<Result>(_ body: (DiskImage) throws -> Result) throws -> Result {
    do {
      try file.checkIdentity()
      let result = try body(DiskImage(ImageFile(path: file.path.string)))
      try file.checkIdentity()
      return result
    } catch let error as ImageError {
      // Of an image that changes meanwhile anything can be said.
      try file.checkIdentity()
      throw BuildError(error, image: name, rule: rule)
    }
  }
}

extension BuildError {
  init(_ error: ImageError, image name: String, rule: String) {
    let name = name.printable
    let reason = error.reason.printable
    switch error.kind {
    case .notAnImage:
      self.init(
        .failed, "\(name) is no disc image", reason: reason,
        advice: "the rule \(rule) reads ISO 9660 and UDF; look at it with: file \(name)")
    case .damaged:
      self.init(
        .failed, "cannot read the image \(name)", reason: reason,
        advice: "compare its size and digest with what its publisher gives")
    case .unsupported: self.init(.failed, "cannot read the image \(name)", reason: reason)
    case .refused:
      self.init(
        .failed, "refused to unpack \(name)", reason: reason,
        advice: "name what you need of it with paths:, or do not trust where it came from")
    case .noSuchPath:
      var suggestions = Suggestions(for: error.wanted)
      for name in error.nearest { suggestions.consider(name) }
      self.init(
        .recipe, "cannot take what paths: names out of \(name)",
        reason: error.nearest.isEmpty ? reason : "\(reason); \(suggestions.summary.printable)",
        advice: suggestions.nearest.first.map { "did you mean '\($0.printable)'?" })
    case .system(let code): self.init(errno: code, doing: "read", path: FilePath(name))
    }
  }
}
