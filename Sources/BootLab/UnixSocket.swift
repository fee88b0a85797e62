import BuildEngine
import Glibc
import SystemPackage

/// Sockets that are files (unix(7)).
public enum UnixSocket {
  /// Connects to one.
  ///
  /// - Returns: A descriptor, which the caller closes.
  /// - Throws: `BuildError` when nobody answers there.
  public static func connect(to path: String) throws(BuildError) -> Int32 {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let file = socket(AF_UNIX, kind, 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) {
      $0.copyBytes(from: path.utf8.prefix($0.count - 1))
    }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(file, $0, length) == 0
      }
    }
    guard isConnected else {
      let code = errno
      if file >= 0 { close(file) }
      throw BuildError(errno: code, doing: "connect to", path: FilePath(path))
    }
    return file
  }
}
