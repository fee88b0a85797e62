import BuildEngine
import Recipes
import SystemPackage

extension LockFile {
  /// Writes it in one step, and removes what a killed pxebuild left of such a step: the folder is a person's.
  func write(to path: FilePath) throws {
    try FileSystem.replace(path, with: serialised().utf8)
    try FileSystem.removeTemporaries(in: path.removingLastComponent(), of: Self.fileName)
  }
}
