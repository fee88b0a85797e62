extension DiskImage {
  /// A file by its path, whatever the case of its letters and whatever the image itself thinks of that; nil when
  /// there is none. Links are not followed.
  public func file(anyCase path: String) throws(ImageError) -> FileContent? {
    guard let entry = try entry(at: path, ignoringCase: true), case .file(let content) = entry.kind
    else {
      return nil
    }
    try content.check(inside: file, name: path)
    return content
  }

  /// The names of the files in a folder, sorted; none when there is no such folder.
  public func fileNames(anyCase path: String) throws(ImageError) -> [String] {
    guard let entry = try entry(at: path, ignoringCase: true), case .folder(let folder) = entry.kind
    else {
      return []
    }
    var names: [String] = []
    for entry in try entries(of: folder, name: path) {
      if case .file = entry.kind { names.append(entry.name) }
    }
    return names.sorted()
  }
}

extension FileContent {
  /// Hands out all bytes in order, in pieces of a megabyte at most.
  public func forEachPiece(
    of file: ImageFile, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    for extent in extents {
      var done: Int64 = 0
      while done < extent.length {
        let count = Int(min(extent.length - done, Int64(buffer.count)))
        let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        if let offset = extent.offset {
          try file.read(at: offset + done, into: piece)
        } else {
          piece.initializeMemory(as: UInt8.self, repeating: 0)
        }
        try body(UnsafeRawBufferPointer(piece))
        done += Int64(count)
      }
    }
  }
}
