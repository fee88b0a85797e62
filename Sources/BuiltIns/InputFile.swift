import BuildEngine
import SystemPackage

/// An input file of a built-in, in the content store or where it stands.
struct InputFile: Sendable {
  let path: FilePath
  private let inPlace: FileInPlace?

  /// Throws `LostBlob`.
  init(_ invocation: BuiltInInvocation, _ name: String) throws {
    inPlace = invocation.request.filesInPlace[name]
    path = try inPlace?.path ?? invocation.inputFile(name)
  }

  /// A verified blob. Throws `LostBlob`.
  init(_ digest: Digest, in store: ContentStore) throws {
    try store.verify(digest)
    path = store.path(of: digest)
    inPlace = nil
  }

  /// What messages call it, when it stands where a person put it.
  var name: String? { inPlace.map { $0.path.lastComponent?.string ?? $0.path.string } }

  /// Throws `BuildError` when the file is not the one whose digest was taken.
  func checkIdentity() throws { try inPlace?.check() }
}
