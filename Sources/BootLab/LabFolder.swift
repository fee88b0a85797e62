import BuildEngine
import Glibc
import SystemPackage

/// A folder of one boot for the servers' and the machine's own files.
public struct LabFolder: Sendable {
  public let path: FilePath

  /// - Parameter purpose: A word of its name.
  public init(for purpose: String = "boot") throws {
    var template = Array("/tmp/pxebuild-\(purpose)-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw BuildError(errno: errno, doing: "create a folder in", path: "/tmp")
    }
    path = FilePath(platformString: template)
    // The servers may give up root's rights.
    try FileSystem.setMode(path, 0o755)
  }

  /// Writes a file and returns where it is.
  public func write(_ bytes: some Collection<UInt8>, to name: String) throws -> String {
    let file = path.appending(name)
    try FileSystem.replace(file, with: bytes)
    return file.string
  }

  /// Where a program of the lab writes, by the program's name.
  public func log(of name: String) -> FilePath { path.appending("\(name).log") }

  public func remove() {
    try? FileSystem.remove(path)  // a few small files in /tmp are left behind
  }
}
