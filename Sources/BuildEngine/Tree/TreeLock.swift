import CLinux
import Glibc
import Synchronization
import SystemPackage

/// The right to write one output tree: one pxebuild at a time. The kernel gives it back when the process
/// ends, however it ends; the file says who has it.
public final class TreeLock: Sendable {
  private let file: Mutex<FileDescriptor?>

  /// Fails at once when another pxebuild writes the tree.
  static func take(_ path: FilePath, tree: FilePath) throws -> TreeLock {
    let file = try FileSystem.open(
      path, .readWrite, options: [.create], permissions: .init(rawValue: 0o644), doing: "lock")
    guard linux_lock_file(file.rawValue, 1, 0) == 0 else {
      let code = errno
      let holder = try FileSystem.read(path) ?? []
      try? file.close()  // nothing was locked or written through it
      guard code == EAGAIN || code == EACCES else {
        throw BuildError(errno: code, doing: "lock", path: path)
      }
      throw BuildError(
        .cannotWrite, "the output tree \(tree.printable) is being written by another pxebuild",
        reason: String(decoding: holder.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
          .printable,
        advice: "wait until it has ended and run the same command again")
    }
    let lock = TreeLock(file: file)
    guard ftruncate(file.rawValue, 0) == 0 else {
      throw BuildError(errno: errno, doing: "lock", path: path)
    }
    try FileSystem.write(holder.utf8, to: file, path: path)
    return lock
  }

  private init(file: FileDescriptor) { self.file = Mutex(file) }

  deinit { release() }

  /// Gives it back. More than once is no error.
  public func release() {
    file.withLock {
      if let file = $0 { _ = linux_unlock_file(file.rawValue) }  // closing does it at last
      try? $0?.close()  // nothing worth keeping was written through it
      $0 = nil
    }
  }

  private static var holder: String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, 255)
    let host = String(
      decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return "process \(getpid()) of \(FileSystem.userName) on \(host)\n"
  }
}
