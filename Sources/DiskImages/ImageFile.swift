import Glibc

/// The file that an image is in, read at any place. Every read is checked against its end, so that no
/// number in an image can lead anywhere else.
public final class ImageFile: Sendable {
  private let descriptor: CInt
  /// In bytes, when it was opened.
  public let size: Int64

  /// - Throws: `.system` for what cannot be opened or is no regular file.
  public init(path: String) throws(ImageError) {
    // A named pipe would keep us waiting for ever without O_NONBLOCK.
    let file = path.withCString { openat(AT_FDCWD, $0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard file >= 0 else { throw Self.systemError(errno) }
    var status = stat()
    let code = fstat(file, &status) == 0 ? 0 : errno
    guard code == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(file)
      throw code == 0 ? ImageError(.notAnImage, "it is not a file") : Self.systemError(code)
    }
    descriptor = file
    size = Int64(status.st_size)
  }

  deinit { close(descriptor) }

  /// Fills a buffer from `offset` (in bytes) on.
  public func read(
    at offset: Int64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(ImageError) {
    let (end, overflow) = offset.addingReportingOverflow(Int64(buffer.count))
    guard offset >= 0, !overflow, end <= size else {
      throw .damaged(
        "it ends at byte \(size), but goes on to byte \(overflow ? Int64.max : max(end, 0)): "
          + "it is cut short, or damaged")
    }
    var done = 0
    while done < buffer.count {
      let count = pread(
        descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done,
        off_t(offset) + off_t(done))
      if count < 0, errno == EINTR { continue }
      if count < 0 { throw Self.systemError(errno) }
      if count == 0 { throw .damaged("it became shorter while it was read") }
      done += count
    }
  }

  /// So many bytes from `offset` on. For small structures: the caller bounds `count`.
  func bytes(at offset: Int64, count: Int) throws(ImageError) -> [UInt8] {
    // Checked before there is memory for it.
    guard offset >= 0, Int64(count) <= size, offset <= size - Int64(count) else {
      throw .damaged(
        "it ends at byte \(size), before something that it should hold: it is cut short, or damaged"
      )
    }
    var failure: ImageError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(ImageError) {
        try read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
        initialized = count
      } catch {
        failure = error
        initialized = 0
      }
    }
    if let failure { throw failure }
    return bytes
  }

  private static func systemError(_ code: Int32) -> ImageError {
    ImageError(.system(code), String(cString: strerror(code)))
  }
}

/// Numbers in a structure of an image, each read checked against the structure's end.
struct Fields {
  let bytes: ArraySlice<UInt8>

  init(_ bytes: some Collection<UInt8>) { self.bytes = ArraySlice(bytes) }

  var count: Int { bytes.count }

  /// - Parameter range: Counted from the start of the structure.
  subscript(range: Range<Int>) -> ArraySlice<UInt8> {
    get throws(ImageError) {
      guard range.lowerBound >= 0, range.upperBound <= bytes.count else {
        throw .damaged("one of its structures is cut off")
      }
      return bytes[(bytes.startIndex + range.lowerBound)..<(bytes.startIndex + range.upperBound)]
    }
  }

  func byte(_ index: Int) throws(ImageError) -> UInt8 { UInt8(try number(index, 1)) }
  func uint16(_ index: Int) throws(ImageError) -> UInt16 { UInt16(try number(index, 2)) }
  func uint32(_ index: Int) throws(ImageError) -> UInt32 { UInt32(try number(index, 4)) }
  func uint64(_ index: Int) throws(ImageError) -> UInt64 { try number(index, 8) }

  /// Little-endian, as both standards write them (ISO 9660 the first of two times).
  private func number(_ index: Int, _ length: Int) throws(ImageError) -> UInt64 {
    guard index >= 0, length <= bytes.count, index <= bytes.count - length else {
      throw .damaged("one of its structures is cut off")
    }
    var value: UInt64 = 0
    for place in stride(from: length - 1, through: 0, by: -1) {
      value = value << 8 | UInt64(bytes[bytes.startIndex + index + place])
    }
    return value
  }
}
