import BuildEngine
import CArchive
import Glibc
import SystemPackage

/// Writes a tar file of files below one folder, over libarchive: sorted, without owners and times, so that equal content
/// gives equal bytes.
public struct ArchiveWriter: Sendable {
  private let root: FilePath

  public init(of root: FilePath) { self.root = root }

  /// Writes the whole archive to an open file, which may be a pipe. Blocks the calling thread.
  ///
  /// - Throws: `BuildError`; `CancellationError` when the task is cancelled.
  public func write(to output: FileDescriptor) throws {
    guard let archive = archive_write_new() else {
      throw BuildError(.failed, "cannot start libarchive")
    }
    defer { archive_write_free(archive) }
    try check(archive_write_set_format_pax_restricted(archive), archive)
    // A pipe's reader gets no zeros to fill up a block of a tape.
    try check(archive_write_set_bytes_in_last_block(archive, 1), archive)
    try check(archive_write_open_fd(archive, output.rawValue), archive)
    try add(root, as: "", to: archive)
    try check(archive_write_close(archive), archive)
  }

  private func add(_ folder: FilePath, as name: String, to archive: OpaquePointer) throws {
    for child in try FileSystem.list(folder) {
      try Task.checkCancellation()
      let path = folder.appending(child)
      let below = name.isEmpty ? child : "\(name)/\(child)"
      guard let identity = try FileIdentity.of(path) else { continue }
      switch identity.kind {
      case .directory: try add(path, as: below, to: archive)
      case .regular: try add(file: path, identity, as: below, to: archive)
      case .symlink, .other: continue
      }
    }
  }

  private func add(
    file path: FilePath, _ identity: FileIdentity, as name: String, to archive: OpaquePointer
  ) throws {
    guard let entry = archive_entry_new() else {
      throw BuildError(.failed, "cannot start libarchive")
    }
    defer { archive_entry_free(entry) }
    archive_entry_set_pathname(entry, name)
    archive_entry_set_size(entry, identity.size)
    archive_entry_set_filetype(entry, Self.regularFile)
    archive_entry_set_perm(entry, 0o644)
    archive_entry_set_mtime(entry, 0, 0)
    try check(archive_write_header(archive, entry), archive)
    let file = try FileSystem.open(path, .readOnly, doing: "read")
    defer { try? file.close() }  // opened for reading only
    try FileSystem.forEachChunk(of: file, path: path) { bytes in
      guard archive_write_data(archive, bytes.baseAddress, bytes.count) == bytes.count else {
        throw failure(archive)
      }
    }
  }

  /// AE_IFREG, a cast that Swift does not import.
  private static let regularFile: UInt32 = 0o100000

  private func check(_ result: CInt, _ archive: OpaquePointer) throws {
    guard result >= ARCHIVE_WARN else { throw failure(archive) }
  }

  private func failure(_ archive: OpaquePointer) -> BuildError {
    let code = archive_errno(archive)
    // "Write error" is all that the library itself says of a full disk.
    let system = code > 0 ? String(cString: strerror(code)) : nil
    let words = archive_error_string(archive).map { String(cString: $0) }
    return BuildError(
      .cannotWrite, "the archive cannot be written",
      reason: [words, system].compactMap { $0 }.joined(separator: ": "),
      advice: "see whether the file or the program that it goes to still takes data")
  }
}
