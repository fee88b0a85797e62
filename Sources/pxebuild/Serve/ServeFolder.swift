import BuildEngine
import Glibc
import SystemPackage

/// A folder of this run for the servers' own files, removed at its end.
struct ServeFolder: Sendable {
  let path: FilePath

  /// - Parameter tree: What is served; a link of a plain name leads there, so that no server's file has to
  ///   hold an odd path.
  init(tree: FilePath) throws {
    var template = Array("/tmp/pxebuild-serve-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw BuildError(errno: errno, doing: "create a folder in", path: "/tmp")
    }
    path = FilePath(platformString: template)
    // The servers may give up root's rights.
    try FileSystem.setMode(path, 0o755)
    try FileSystem.createSymlink(self.tree, target: tree.string)
  }

  var tree: FilePath { path.appending("tree") }

  /// Writes a server's file and returns where it is.
  func write(_ text: String, to name: String) throws -> String {
    let file = path.appending(name)
    try FileSystem.replace(file, with: text.utf8)
    return file.string
  }

  func remove() {
    try? FileSystem.remove(path)  // a few small files in /tmp are left behind
  }
}
