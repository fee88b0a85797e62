import Glibc
import SystemPackage

/// What a finished build has looked at: every recipe, local file, tool and placed file with its identity.
/// While all of them are the same and the same thing is asked, there is nothing to do, and finding that
/// out costs one `lstat` each.
///
/// It is only ever a shortcut: a mismatch means that the build runs, and decides by content.
///
/// The file, all numbers little-endian: the magic line, the SHA-256 of the rest, the length and the bytes
/// of the request and of the summary, then for each path its length, its bytes, and six 64-bit numbers of its identity.
public struct UpToDateRecord: Sendable {
  private static let magic = Array("pxebuild up to date 2\n".utf8)

  let file: FilePath
  /// Everything that decides what is asked: folders, targets, options, the version of pxebuild.
  let request: String

  public init(file: FilePath, request: String) {
    self.file = file
    self.request = request
  }

  /// Writes the record. Paths that changed a moment ago leave no record: another change could hide
  /// behind the same time stamp.
  ///
  /// - Parameters:
  ///   - read: What the build read, as it was before reading.
  ///   - placed: The files of the output tree.
  ///   - summary: What to tell a person while nothing changes.
  public func save(
    read: [String: FileIdentity], placed: [FilePath], summary: String = ""
  ) throws {
    guard read.values.allSatisfy(\.isSettled) else { return try remove() }
    var body: [UInt8] = []
    body.reserveCapacity((read.count + placed.count) * 128)
    append(request, to: &body)
    append(summary, to: &body)
    for (path, identity) in read { append(path, identity, to: &body) }
    for path in placed {
      guard let identity = try FileIdentity.of(path) else { return try remove() }
      append(path.string, identity, to: &body)
    }
    try FileSystem.replace(file, with: Self.magic + Digest(of: body).hex.utf8 + body)
  }

  public func remove() throws { try FileSystem.remove(file) }

  /// True when the same was asked and everything is as it was.
  public func isCurrent() throws -> Bool { try currentSummary() != nil }

  /// The summary that was saved, if the same is asked now and everything is as it was.
  public func currentSummary() throws -> String? {
    guard let bytes = try FileSystem.read(file), bytes.starts(with: Self.magic) else { return nil }
    let start = Self.magic.count + 64
    guard bytes.count > start + 8 else { return nil }
    guard Digest(of: bytes[start...]).hex.utf8.elementsEqual(bytes[Self.magic.count..<start]) else {
      return nil
    }
    return bytes[start...].withUnsafeBytes { Self.check($0, request: request) }
  }

  private static func check(_ body: UnsafeRawBufferPointer, request: String) -> String? {
    var position = 0
    func length() -> Int {
      let value = body.loadUnaligned(fromByteOffset: position, as: UInt32.self)
      position += 4
      return Int(value)
    }
    func number() -> UInt64 {
      let value = body.loadUnaligned(fromByteOffset: position, as: UInt64.self)
      position += 8
      return value
    }
    func text() -> Slice<UnsafeRawBufferPointer> {
      let count = length()
      position += count
      return body[position - count..<position]
    }
    // The SHA-256 over it has matched, so the lengths are those that were written.
    guard text().elementsEqual(request.utf8) else { return nil }
    let summary = String(decoding: text(), as: UTF8.self)
    var status = stat()
    while position < body.count {
      let count = length()
      guard let path = body.baseAddress?.advanced(by: position) else { return nil }
      let follows = body[position + count - 1] == 1
      position += count
      // The byte before the marker is a zero, so the path can be used where it lies.
      let name = path.assumingMemoryBound(to: CChar.self)
      guard (follows ? stat(name, &status) : lstat(name, &status)) == 0 else { return nil }
      let identity = FileIdentity(
        device: number(), inode: number(), size: Int64(bitPattern: number()),
        modified: Int64(bitPattern: number()), changed: Int64(bitPattern: number()),
        mode: UInt32(truncatingIfNeeded: number()))
      guard FileIdentity(status) == identity else { return nil }
    }
    return summary
  }

  private func append(_ text: String, to body: inout [UInt8]) {
    withUnsafeBytes(of: UInt32(text.utf8.count)) { body.append(contentsOf: $0) }
    body.append(contentsOf: text.utf8)
  }

  /// A path is written with a zero byte, then 1 when links are followed to it (what was read) or 0.
  private func append(_ path: String, _ identity: FileIdentity, to body: inout [UInt8]) {
    withUnsafeBytes(of: UInt32(path.utf8.count + 2)) { body.append(contentsOf: $0) }
    body.append(contentsOf: path.utf8)
    body.append(0)
    body.append(identity.kind == .symlink ? 0 : 1)
    for number in [
      identity.device, identity.inode, UInt64(bitPattern: identity.size),
      UInt64(bitPattern: identity.modified), UInt64(bitPattern: identity.changed),
      UInt64(identity.mode),
    ] {
      withUnsafeBytes(of: number) { body.append(contentsOf: $0) }
    }
  }
}
