import BuildEngine
import SystemPackage

/// Puts its inputs into one folder.
///
/// Inputs: files, links and whole folders, by their paths in the folder. Output: `folder`.
struct Assemble: BuiltIn {
  let name = "assemble"
  let version = 1

  func run(_ invocation: BuiltInInvocation) async throws {
    let folder = invocation.output("folder")
    let store = invocation.context.store
    let inputs = invocation.request.inputs.sorted { $0.key < $1.key }
    try await onOwnThread {
      try FileSystem.createDirectories(folder)
      for (path, artifact) in inputs {
        let place = folder.pushing(FilePath(path))
        try FileSystem.createDirectories(place.removingLastComponent())
        try store.materialize(artifact, at: place)
      }
    }
  }
}
