import BuildEngine
import CLinux
import Glibc
import SystemPackage

/// Runs `body` while holding an advisory lock file, so that two pxebuilds do not write one thing at
/// once. The file stays: removing it would let a third one lock a new file of the same name.
///
/// - Parameter whenBusy: called once when another process holds the lock. Cancellation ends the wait.
package func withFileLock<Result: Sendable>(
  _ path: FilePath, whenBusy: () -> Void, _ body: () async throws -> Result
) async throws -> Result {
  let file = linux_open(path.string, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
  guard file >= 0 else { throw BuildError(errno: errno, doing: "open the lock file", path: path) }
  defer { close(file) }
  _ = fchmod(file, 0o666)  // users who share the cache lock the same; whoever made it has done it
  var isFirst = true
  while linux_lock_file(file, 1, 0) != 0 {
    let code = errno
    guard code == EAGAIN || code == EACCES else {
      throw BuildError(errno: code, doing: "lock", path: path)
    }
    if isFirst { whenBusy() }
    isFirst = false
    do {
      try await Task.sleep(for: .milliseconds(100))
    } catch {
      throw BuildError(.cancelled, "interrupted while waiting for the lock \(path)")
    }
  }
  defer { _ = linux_unlock_file(file) }  // closing does it at last
  return try await body()
}
