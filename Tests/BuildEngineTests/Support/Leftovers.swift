import BuildEngine
import SystemPackage

/// What stands in a work folder, but for the empty folders that temporary files are spread over.
func leftovers(_ work: FilePath) throws -> [String] {
  try FileSystem.list(work).filter {
    guard $0.hasPrefix("blobs-") else { return true }
    return try !FileSystem.list(work.appending($0)).isEmpty
  }
}
