import BuildEngine
import SystemPackage

/// Where two files differ.
struct ByteDifference: Sendable {
  /// For people, a line each.
  let lines: [String]

  init(then: FilePath, now: FilePath) throws {
    let parts = FileParts(now) ?? FileParts(then)
    var counts: [String: Int64] = [:]
    var order: [String] = []
    var first: Int64?
    var count: Int64 = 0
    var line = 1
    var lineOfFirst: Int?
    let sizes = try Self.compare(then, now) { offset, old, new in
      for index in 0..<old.count {
        if old[index] != new[index] {
          let place = offset + Int64(index)
          if first == nil { (first, lineOfFirst) = (place, line) }
          count += 1
          if let part = parts?.part(at: place) {
            if counts.updateValue(counts[part, default: 0] + 1, forKey: part) == nil {
              order.append(part)
            }
          }
        }
        if first == nil, old[index] == UInt8(ascii: "\n") { line += 1 }
      }
    }
    var lines: [String] = []
    if sizes.then != sizes.now {
      lines.append(
        "\(countText(Int(sizes.then), "byte")) then, \(countText(Int(sizes.now), "byte")) now")
    }
    if let first {
      let isText = try Self.isText(then) && Self.isText(now)
      lines.append(
        "\(count) of \(min(sizes.then, sizes.now)) bytes differ, the first at byte \(first)"
          + (isText ? ", in line \(lineOfFirst ?? 1)" : ""))
    } else {
      lines.append("the shorter one is the beginning of the longer one")
    }
    for part in order.prefix(Self.mostParts) {
      lines.append("\(part): \(countText(Int(counts[part] ?? 0), "byte"))")
    }
    if order.count > Self.mostParts {
      lines.append("and \(order.count - Self.mostParts) more parts")
    }
    self.lines = lines
  }

  private static let mostParts = 12

  /// Hands out the common beginning of both files piece by piece, and returns their sizes.
  private static func compare(
    _ then: FilePath, _ now: FilePath,
    _ body: (Int64, UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void
  ) throws -> (then: Int64, now: Int64) {
    let other = try FileSystem.open(now, .readOnly, doing: "read")
    defer { try? other.close() }  // opened for reading only
    let file = try FileSystem.open(then, .readOnly, doing: "read")
    defer { try? file.close() }  // opened for reading only
    var offset: Int64 = 0
    try FileSystem.forEachChunk(of: file, path: then) { old in
      try Task.checkCancellation()
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: old.count, alignment: 16)
      defer { buffer.deallocate() }
      var filled = 0
      while filled < old.count {
        let read = try other.read(
          fromAbsoluteOffset: offset + Int64(filled),
          into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
        if read == 0 { break }
        filled += read
      }
      body(
        offset, UnsafeRawBufferPointer(rebasing: old[..<filled]),
        UnsafeRawBufferPointer(rebasing: buffer[..<filled]))
      offset += Int64(old.count)
    }
    let size = try FileIdentity.of(open: other, path: now).size
    return (offset, size)
  }

  /// Small, and UTF-8 without control characters.
  private static func isText(_ path: FilePath) throws -> Bool {
    guard let size = try FileIdentity.of(path)?.size, size < 1 << 20,
      let bytes = try FileSystem.read(path), let text = String(validating: bytes, as: UTF8.self)
    else { return false }
    return text.unicodeScalars.allSatisfy {
      $0.value >= 0x20 || "\n\r\t".unicodeScalars.contains($0)
    }
  }
}
