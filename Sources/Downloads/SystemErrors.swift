import BuildEngine
import Glibc
import SystemPackage

/// A refusal of the operating system as an error for people.
///
/// - Parameter code: an `errno` value; it decides the error's kind.
package func systemError(_ code: CInt, _ message: String) -> BuildError {
  let reason = Errno(rawValue: code).description
  switch code {
  case ENOSPC, EDQUOT, EFBIG, EROFS:
    return BuildError(
      .cannotWrite, message, reason: reason,
      advice: "make room on that disk, or put the cache on another one with --cache")
  case EACCES, EPERM:
    return BuildError(
      .noPermission, message, reason: reason,
      advice: "give this user access to it, or choose another place with --cache")
  default:
    return BuildError(.failed, message, reason: reason)
  }
}

/// An error that `errno` holds right now.
package func lastSystemError(_ message: String) -> BuildError { systemError(errno, message) }

/// Creates a folder and those above it, as `mkdir -p` does.
package func createFolder(_ path: FilePath) throws {
  if mkdir(path.string, 0o777) == 0 || errno == EEXIST { return }
  if errno == ENOENT, path.lastComponent != nil {
    try createFolder(path.removingLastComponent())
    if mkdir(path.string, 0o777) == 0 || errno == EEXIST { return }
  }
  throw lastSystemError("cannot create the folder \(path)")
}
