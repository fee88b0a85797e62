import CWim
import Glibc

/// How the files in a WIM are compressed.
public enum WimCompression: String, Sendable, CaseIterable {
  case none, xpress, lzx, lzms

  var libraryType: wimlib_compression_type {
    switch self {
    case .none: WIMLIB_COMPRESSION_TYPE_NONE
    case .xpress: WIMLIB_COMPRESSION_TYPE_XPRESS
    case .lzx: WIMLIB_COMPRESSION_TYPE_LZX
    case .lzms: WIMLIB_COMPRESSION_TYPE_LZMS
    }
  }
}

/// A WIM, with the images in it. Used by one thread at a time; its functions block.
public final class WimFile {
  /// What its header says.
  public struct Info: Sendable, Equatable {
    public var imageCount: Int
    /// The number of the image that boots, from 1 on; nil when none does.
    public var bootIndex: Int?
    /// Nil for a kind that this library does not know.
    public var compression: WimCompression?
    /// In bytes.
    public var chunkSize: Int
    /// How many files it is split into.
    public var partCount: Int
  }

  /// A file or folder of an image.
  public struct Entry: Sendable, Equatable {
    /// With "/" at its start and between names, as the image spells it.
    public var path: String
    public var isFolder: Bool
    /// Of the file's own data, in bytes.
    public var size: UInt64
  }

  let handle: OpaquePointer
  private var follower: Follower?

  private init(handle: OpaquePointer) { self.handle = handle }

  deinit {
    let handle = handle
    Wimlib.ask { wimlib_free(handle) }
  }

  /// Opens a file. One that brings sums of its own bytes (an integrity table) is compared with them.
  public convenience init(path: String, forWriting: Bool = false) throws(WimError) {
    var handle: OpaquePointer?
    let flags =
      forWriting
      ? WIMLIB_OPEN_FLAG_WRITE_ACCESS
      : WIMLIB_OPEN_FLAG_ERROR_IF_SPLIT | WIMLIB_OPEN_FLAG_CHECK_INTEGRITY
    try Wimlib.call { wimlib_open_wim(path, CInt(flags), &handle) }
    guard let handle else { throw WimError(.other, message: "wimlib opened nothing") }
    self.init(handle: handle)
  }

  /// A new WIM without images, whose files are cut into chunks of 32 KiB.
  public convenience init(compression: WimCompression) throws(WimError) {
    var handle: OpaquePointer?
    try Wimlib.call { wimlib_create_new_wim(compression.libraryType, &handle) }
    guard let handle else { throw WimError(.other, message: "wimlib made nothing") }
    self.init(handle: handle)
    if compression != .none {
      try Wimlib.call { wimlib_set_output_chunk_size(handle, 32 << 10) }
    }
  }

  public var info: Info {
    get throws(WimError) {
      var info = wimlib_wim_info()
      try Wimlib.call { wimlib_get_wim_info(handle, &info) }
      return Info(
        imageCount: Int(info.image_count),
        bootIndex: info.boot_index == 0 ? nil : Int(info.boot_index),
        compression: WimCompression.allCases.first {
          Int32($0.libraryType.rawValue) == info.compression_type
        },
        chunkSize: Int(info.chunk_size), partCount: Int(info.total_parts))
    }
  }

  // MARK: What is in it

  /// The number of the image that a person calls by its name or by its number; nil when there is none.
  public func image(named name: String) -> Int? {
    let number = Wimlib.ask { [handle] in wimlib_resolve_image(handle, name) }
    return number > 0 ? Int(number) : nil
  }

  /// A value of an image's description by its path in the XML of the WIM: `NAME`, `WINDOWS/ARCH`.
  public func property(_ name: String, ofImage image: Int) -> String? {
    Wimlib.ask { [handle] in
      wimlib_get_image_property(handle, CInt(image), name).map { String(cString: $0) }
    }
  }

  /// What is in a folder of an image, in the image's order; empty when there is no such folder.
  ///
  /// - Parameter isDeep: True for what is in its folders, too; the folder itself then comes first.
  public func entries(in path: String, ofImage image: Int, isDeep: Bool = false)
    throws(WimError) -> [Entry]
  {
    try list(
      path, ofImage: image,
      isDeep ? WIMLIB_ITERATE_DIR_TREE_FLAG_RECURSIVE : WIMLIB_ITERATE_DIR_TREE_FLAG_CHILDREN)
  }

  /// The file or folder at a path, whatever the case of its letters; nil when there is none.
  public func entry(at path: String, ofImage image: Int) throws(WimError) -> Entry? {
    try list(path, ofImage: image, 0).first
  }

  /// - Parameter flags: Of wimlib_iterate_dir_tree: what is wanted beside the path itself, or in place of it.
  private func list(_ path: String, ofImage image: Int, _ flags: Int32) throws(WimError)
    -> [Entry]
  {
    let list = EntryList()
    do {
      try Wimlib.call {
        wimlib_iterate_dir_tree(
          handle, CInt(image), path, flags,
          { entry, context in
            guard let entry, let context else { return 0 }
            Unmanaged<EntryList>.fromOpaque(context).takeUnretainedValue().add(entry)
            return 0
          }, Unmanaged.passUnretained(list).toOpaque())
      }
    } catch  where error.kind == .noSuchPath {
      return []
    }
    return list.entries
  }

  /// Writes files out of an image into a folder that exists, under the last parts of their paths.
  public func extract(_ paths: [String], ofImage image: Int, to folder: String) throws(WimError) {
    var words: [UnsafePointer<CChar>?] = paths.map { UnsafePointer(strdup($0)) }
    defer { for word in words { free(UnsafeMutablePointer(mutating: word)) } }
    let flags = WIMLIB_EXTRACT_FLAG_NO_ACLS | WIMLIB_EXTRACT_FLAG_NO_PRESERVE_DIR_STRUCTURE
    try Wimlib.call {
      wimlib_extract_paths(handle, CInt(image), folder, &words, words.count, CInt(flags))
    }
  }

  // MARK: Progress

  /// Has `progress` told how many bytes of how many have been written; what it throws ends the writing.
  public func follow(_ progress: @escaping (_ done: Int64, _ total: Int64) throws -> Void) {
    let follower = Follower(progress)
    self.follower = follower
    let context = Unmanaged.passUnretained(follower).toOpaque()
    let handle = handle
    Wimlib.ask {
      wimlib_register_progress_function(
        handle,
        { message, info, context in
          guard message == WIMLIB_PROGRESS_MSG_WRITE_STREAMS, let info, let context else {
            return WIMLIB_PROGRESS_STATUS_CONTINUE
          }
          let streams = info.pointee.write_streams
          let follower = Unmanaged<Follower>.fromOpaque(context).takeUnretainedValue()
          return follower.tell(streams.completed_bytes, of: streams.total_bytes)
            ? WIMLIB_PROGRESS_STATUS_CONTINUE : WIMLIB_PROGRESS_STATUS_ABORT
        }, context)
    }
  }
}

/// Gathers what the library finds.
private final class EntryList {
  private(set) var entries: [WimFile.Entry] = []

  func add(_ entry: UnsafePointer<wimlib_dir_entry>) {
    let attributes = entry.pointee.attributes
    entries.append(
      WimFile.Entry(
        path: entry.pointee.full_path.map { String(cString: $0) } ?? "",
        isFolder: attributes & UInt32(WIMLIB_FILE_ATTRIBUTE_DIRECTORY) != 0,
        size: Self.size(of: entry)))
  }

  /// The first of the streams at the structure's end is the file's own data.
  private static func size(of entry: UnsafePointer<wimlib_dir_entry>) -> UInt64 {
    let end = UnsafeRawPointer(entry).advanced(by: MemoryLayout<wimlib_dir_entry>.size)
    return end.assumingMemoryBound(to: wimlib_stream_entry.self).pointee.resource.uncompressed_size
  }
}

private final class Follower {
  private let progress: (Int64, Int64) throws -> Void

  init(_ progress: @escaping (Int64, Int64) throws -> Void) { self.progress = progress }

  func tell(_ done: UInt64, of total: UInt64) -> Bool {
    do {
      try progress(Int64(clamping: done), Int64(clamping: total))
      return true
    } catch {
      return false
    }
  }
}
