import BuildEngine
import CLinux
import Glibc
import SystemPackage

/// Writes new recipes into a folder and never over anything.
struct SiteWriter: Sendable {
  var folder: FilePath

  /// Makes the folder if need be and writes the files; all of them or none.
  ///
  /// - Parameter files: Their names and texts.
  /// - Returns: The paths that were written.
  /// - Throws: `BuildError` when there are recipes already or the folder cannot be written.
  func write(_ files: [(name: String, text: String)]) throws(BuildError) -> [FilePath] {
    try makeFolder()
    try refuseRecipes(and: files.map(\.name))
    var written: [FilePath] = []
    do {
      for (name, text) in files {
        let path = folder.appending(name)
        try place(text, at: path)
        written.append(path)
      }
    } catch {
      for path in written { _ = path.withPlatformString { unlink($0) } }
      throw error
    }
    return written
  }

  private func makeFolder() throws(BuildError) {
    var path = FilePath()
    path.root = folder.root
    for component in folder.components {
      path.append(component)
      if path.withPlatformString({ mkdir($0, 0o777) }) == -1, errno != EEXIST {
        throw cannotWrite("the folder \(path.string.printable()) cannot be made", errno)
      }
    }
  }

  /// Two recipes in one folder that define the same names would be an error, so a folder with any
  /// recipe is left alone.
  private func refuseRecipes(and names: [String]) throws(BuildError) {
    guard let listing = folder.withPlatformString({ opendir($0) }) else {
      throw cannotWrite("the folder \(folder.string.printable()) cannot be read", errno)
    }
    defer { closedir(listing) }
    var found: [String] = []
    while let entry = readdir(listing) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if names.contains(name) || name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
        found.append(name)
      }
    }
    guard found.isEmpty else {
      throw BuildError(
        .cannotWrite, "\(folder.string.printable()) already has recipes and was left as it is",
        reason: found.sorted().map { $0.printable() }.joined(separator: "\n"),
        advice: "Choose a folder that is new or empty, or edit the recipes that are there.")
    }
  }

  /// Under a temporary name first, then renamed unless the name is taken meanwhile.
  private func place(_ text: String, at path: FilePath) throws(BuildError) {
    let temporary = FilePath(path.string + ".\(getpid()).tmp")
    do {
      let file = try FileDescriptor.open(
        temporary, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
        permissions: FilePermissions(rawValue: 0o666))
      try file.closeAfter {
        _ = try file.writeAll(text.utf8)
        guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
      }
    } catch {
      let number = (error as? Errno)?.rawValue ?? EIO
      _ = temporary.withPlatformString { unlink($0) }
      throw cannotWrite("\(path.string.printable()) cannot be written", number)
    }
    let result = temporary.withPlatformString { from in
      path.withPlatformString { linux_rename_exclusive(from, $0) }
    }
    guard result == 0 else {
      let number = errno
      _ = temporary.withPlatformString { unlink($0) }
      throw cannotWrite("\(path.string.printable()) cannot be written", number)
    }
  }

  private func cannotWrite(_ message: String, _ number: Int32) -> BuildError {
    BuildError(
      number == EACCES || number == EPERM ? .noPermission : .cannotWrite, message,
      reason: Errno(rawValue: number).description, advice: "Choose a folder that you may write.")
  }
}
