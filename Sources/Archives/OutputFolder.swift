import BuildEngine
import CLinux
import Glibc
import SystemPackage

/// Writes an archive's members below one folder (or the one file at its root), and never through a link: it knows every name it
/// made, and makes parents only as real folders.
package struct OutputFolder {
  private enum Made: Equatable { case directory, file, symlink }

  package let root: FilePath
  package let archiveName: String
  /// What the paths are relative to in the archive, for messages.
  private let origin: MemberPath
  private var made: [MemberPath: Made] = [:]

  /// - Precondition: nothing else writes below `root`.
  package init(
    _ root: FilePath, archiveName: String, origin: MemberPath = MemberPath(components: [])
  ) {
    self.root = root
    self.origin = origin
    self.archiveName = archiveName
  }

  package func path(_ path: MemberPath) -> FilePath {
    path.components.isEmpty ? root : FilePath("\(root)/\(path)")
  }

  func isFile(_ path: MemberPath) -> Bool { made[path] == .file }
  var isEmpty: Bool { made.isEmpty }

  package mutating func makeDirectory(_ path: MemberPath) throws {
    switch made[path] {
    case .directory: return
    case .file, .symlink: throw duplicate(path)
    case nil: break
    }
    if !path.components.isEmpty { try makeParent(of: path) }
    let place = self.path(path)
    // The mode is set apart: mkdir's is cut by the umask.
    guard mkdir(place.string, 0o755) == 0 || errno == EEXIST, chmod(place.string, 0o755) == 0 else {
      throw BuildError(errno: errno, doing: "write", path: place)
    }
    made[path] = .directory
  }

  package mutating func writeFile(
    _ path: MemberPath, executable: Bool, _ write: (CInt, FilePath) throws -> Void
  ) throws {
    try claim(path, .file)
    let place = self.path(path)
    let file = linux_open(place.string, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw BuildError(errno: errno, doing: "write", path: place) }
    defer { close(file) }
    try write(file, place)
    guard fchmod(file, executable ? 0o755 : 0o644) == 0 else {
      throw BuildError(errno: errno, doing: "write", path: place)
    }
  }

  package mutating func makeSymlink(_ path: MemberPath, target: String) throws {
    try claim(path, .symlink)
    let place = self.path(path)
    guard symlink(target, place.string) == 0 else {
      throw BuildError(errno: errno, doing: "write", path: place)
    }
  }

  /// Copies a file that is already here. A copy and no hard link: what is moved into a store by
  /// rename must not share its inode.
  package mutating func copyFile(_ source: MemberPath, to path: MemberPath) throws {
    let from = self.path(source)
    let input = linux_open(from.string, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0)
    guard input >= 0 else { throw BuildError(errno: errno, doing: "write", path: from) }
    defer { close(input) }
    var status = stat()
    guard fstat(input, &status) == 0 else {
      throw BuildError(errno: errno, doing: "write", path: from)
    }
    try writeFile(path, executable: status.st_mode & 0o111 != 0) { output, place in
      if linux_clone_file(output, input) == 0 { return }
      while true {
        let count = linux_copy_file_range(input, output, 1 << 30)
        if count == 0 { return }
        guard count > 0 else { throw BuildError(errno: errno, doing: "write", path: place) }
      }
    }
  }

  private mutating func claim(_ path: MemberPath, _ kind: Made) throws {
    guard made[path] == nil else { throw duplicate(path) }
    if !path.components.isEmpty { try makeParent(of: path) }
    made[path] = kind
  }

  private mutating func makeParent(of path: MemberPath) throws {
    let parent = MemberPath(components: Array(path.components.dropLast()))
    switch made[parent] {
    case .directory: return
    case nil: try makeDirectory(parent)
    case .file, .symlink:
      throw refused("its member '\(shown(path))' lies below '\(shown(parent))', which is no folder")
    }
  }

  private func shown(_ path: MemberPath) -> MemberPath {
    MemberPath(components: origin.components + path.components)
  }

  private func duplicate(_ path: MemberPath) -> BuildError {
    refused("it has two members of the name '\(shown(path))'")
  }

  func refused(_ reason: String) -> BuildError {
    BuildError(
      .failed, "refused to unpack \(archiveName)", reason: reason,
      advice: "an honest archive has no such member; do not trust where this one came from")
  }
}
