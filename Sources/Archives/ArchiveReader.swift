import BuildEngine
import CArchive
import Glibc
import SystemPackage

/// Reads an archive's members in order over libarchive. Used by one thread; blocks it.
final class ArchiveReader {
  /// What libarchive may take the bytes for.
  enum Format {
    /// zip, 7z, and tar with any compression.
    case any
    /// A Debian package's outer `ar`.
    case ar
    /// A tar that an outer archive holds.
    case tar
  }

  private let archive: OpaquePointer
  /// For messages: the file's name.
  let name: String
  /// Keeps the bytes behind an inner archive alive.
  private var source: AnyObject?

  private init(_ format: Format, name: String) throws {
    guard let archive = archive_read_new() else {
      throw BuildError(.failed, "cannot start libarchive")
    }
    self.archive = archive
    self.name = name
    // No archive_read_support_filter_all: it would run foreign programs for rare compressions.
    archive_read_support_filter_gzip(archive)
    archive_read_support_filter_bzip2(archive)
    archive_read_support_filter_xz(archive)
    archive_read_support_filter_lzma(archive)
    archive_read_support_filter_zstd(archive)
    switch format {
    case .any:
      archive_read_support_format_tar(archive)
      archive_read_support_format_zip(archive)
      archive_read_support_format_7zip(archive)
    case .ar: archive_read_support_format_ar(archive)
    case .tar: archive_read_support_format_tar(archive)
    }
  }

  convenience init(path: FilePath, name: String, format: Format = .any) throws {
    try self.init(format, name: name)
    guard archive_read_open_filename(archive, path.string, 256 << 10) == ARCHIVE_OK else {
      throw failure("cannot open the archive \(name)")
    }
  }

  /// Reads the archive that is `outer`'s current member.
  convenience init(inside outer: ArchiveReader, name: String) throws {
    try self.init(.tar, name: name)
    let feed = MemberFeed(outer)
    source = feed
    let result = archive_read_open(
      archive, Unmanaged.passUnretained(feed).toOpaque(), nil,
      { _, context, bytes in
        guard let context, let bytes else { return -1 }
        return Unmanaged<MemberFeed>.fromOpaque(context).takeUnretainedValue().next(bytes)
      }, nil)
    guard result == ARCHIVE_OK else { throw failure("cannot open \(name)") }
  }

  deinit { archive_read_free(archive) }

  /// The next member, or nil at the end. Its data is to be read before the next call.
  func next() throws -> Member? {
    var entry: OpaquePointer?
    while true {
      switch archive_read_next_header(archive, &entry) {
      case ARCHIVE_EOF: return nil
      case ARCHIVE_RETRY: continue
      case ARCHIVE_OK, ARCHIVE_WARN:
        // A warning is about an attribute that is not used (an owner, a time, a flag).
        guard let entry else { throw failure("cannot read the archive \(name)") }
        return try Member(entry, archiveName: name)
      default: throw failure("cannot read the archive \(name)")
      }
    }
  }

  /// Writes the current member's bytes to an open file. Holes stay holes.
  func writeData(to descriptor: CInt, path: FilePath) throws {
    var end: Int64 = 0
    while true {
      var block: UnsafeRawPointer?
      var length = 0
      var offset: Int64 = 0
      switch archive_read_data_block(archive, &block, &length, &offset) {
      case ARCHIVE_EOF:
        guard ftruncate(descriptor, off_t(end)) == 0 else {
          throw BuildError(errno: errno, doing: "write", path: path)
        }
        return
      case ARCHIVE_OK: break
      // A warning about data is a wrong size: as bad as an error.
      default: throw failure("cannot read the archive \(name)")
      }
      var written = 0
      while written < length {
        let count = pwrite(
          descriptor, block?.advanced(by: written), length - written, off_t(offset) + written)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { throw BuildError(errno: errno, doing: "write", path: path) }
        written += count
      }
      end = max(end, offset + Int64(length))
    }
  }

  fileprivate func dataBlock(_ block: inout UnsafeRawPointer?) -> Int {
    var length = 0
    var offset: Int64 = 0
    // The members of an ar are never sparse, so that the blocks follow each other.
    let result = archive_read_data_block(archive, &block, &length, &offset)
    if result == ARCHIVE_EOF { return 0 }
    return result == ARCHIVE_OK ? length : -1
  }

  private func failure(_ message: String) -> BuildError {
    let text = archive_error_string(archive).map { String(cString: $0) }
    return BuildError(
      .failed, message, reason: text ?? "it is damaged, or cut short",
      advice:
        "zip, 7z and tar (plain, gz, bz2, xz, zst) archives can be read; compare its size and "
        + "digest with what its publisher gives")
  }
}

/// Hands one archive's member to another reader, block by block.
private final class MemberFeed {
  private let outer: ArchiveReader
  init(_ outer: ArchiveReader) { self.outer = outer }

  func next(_ bytes: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
    var block: UnsafeRawPointer?
    let length = outer.dataBlock(&block)
    bytes.pointee = block
    return length
  }
}
