/// What stands in a folder of an image. Nothing of it is trusted yet: `ImageTree` checks names, links
/// and loops.
struct ImageEntry {
  enum Kind {
    case file(FileContent)
    case folder(ImageFolder)
    /// A symbolic link, as written.
    case link(String)
    /// "a device", "a pipe": refused when it is asked for.
    case special(String)
  }

  var name: String
  var kind: Kind
  var isExecutable: Bool
}

/// Where a folder is described in its image; equal for the same folder reached on two ways.
enum ImageFolder: Hashable {
  /// ISO 9660: the directory's own bytes.
  case extent(offset: Int64, size: Int64)
  /// UDF: the address of its information control block.
  case entry(UDFAddress)
}

/// Where the bytes of a file are.
public struct FileContent: Hashable, Sendable {
  public struct Extent: Hashable, Sendable {
    /// In bytes from the image's start; nil for a hole, which reads as zeros.
    public var offset: Int64?
    /// In bytes.
    public var length: Int64
  }

  /// In bytes, the sum of the extents.
  public private(set) var size: Int64 = 0
  public private(set) var extents: [Extent] = []

  init() {}

  /// More pieces than any file that was written in one go has.
  private static let mostExtents = 1 << 18

  /// Adds an extent, joined with the one before where it follows it.
  mutating func append(offset: Int64?, length: Int64) throws(ImageError) {
    guard length > 0 else { return }
    let (sum, overflow) = size.addingReportingOverflow(length)
    guard !overflow, offset.map({ $0 >= 0 && !$0.addingReportingOverflow(length).overflow }) ?? true
    else { throw .damaged("a file in it is larger than can be") }
    size = sum
    if let last = extents.last, let end = extents.indices.last {
      switch (last.offset, offset) {
      case (nil, nil):
        extents[end].length += length
        return
      case (let before?, let next?) where before + last.length == next:
        extents[end].length += length
        return
      default: break
      }
    }
    guard extents.count < Self.mostExtents else {
      throw .damaged("a file in it is in too many pieces")
    }
    extents.append(Extent(offset: offset, length: length))
  }

  /// The part from `start` on, `length` bytes of it, as extents of the image.
  func part(from start: Int64, length: Int64) throws(ImageError) -> FileContent {
    guard start >= 0, length >= 0, start <= size, length <= size - start else {
      throw .damaged("something in it lies beyond the end of its metadata")
    }
    var result = FileContent()
    var skip = start
    var rest = length
    for extent in extents where rest > 0 {
      if skip >= extent.length {
        skip -= extent.length
        continue
      }
      let count = min(extent.length - skip, rest)
      try result.append(offset: extent.offset.map { $0 + skip }, length: count)
      rest -= count
      skip = 0
    }
    return result
  }

  /// Throws when an extent lies beyond the end of the image.
  func check(inside file: ImageFile, name: String) throws(ImageError) {
    for extent in extents {
      guard let offset = extent.offset, offset > file.size - extent.length else { continue }
      throw .damaged(
        "it ends at byte \(file.size), but '\(name)' in it goes on to byte "
          + "\(offset + extent.length): it is cut short, or damaged")
    }
  }

  /// All bytes of a small file.
  func bytes(in file: ImageFile, atMost limit: Int64, name: String) throws(ImageError) -> [UInt8] {
    guard size <= limit else {
      throw .damaged("'\(name)' in it claims to have \(size) bytes, more than is possible")
    }
    var result: [UInt8] = []
    for extent in extents {
      if let offset = extent.offset {
        result += try file.bytes(at: offset, count: Int(extent.length))
      } else {
        result += [UInt8](repeating: 0, count: Int(extent.length))
      }
    }
    return result
  }
}
