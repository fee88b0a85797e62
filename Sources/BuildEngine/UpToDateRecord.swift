import Dispatch
import Glibc
import Synchronization
import SystemPackage

/// What a finished build has looked at: every recipe, local file, tool and placed file with its identity.
/// While all of them are the same and the same thing is asked, there is nothing to do, and finding that
/// out costs one `lstat` each.
///
/// It is only ever a shortcut: a mismatch means that the build runs, and decides by content.
///
/// A `CheckedFile`, all numbers little-endian: the magic line, the length and the bytes of the request and of the
/// summary, then for each path its length, its bytes, and six 64-bit numbers of its identity.
public struct UpToDateRecord: Sendable {
  private static let magic = Array("pxebuild up to date 3\n".utf8)

  /// What the names of these files in the cache's `state/` begin with.
  public static let prefix = "up-to-date-"

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
    var body = Self.magic
    body.reserveCapacity((read.count + placed.count) * 128)
    append(request, to: &body)
    append(summary, to: &body)
    for (path, identity) in read { append(path, identity, to: &body) }
    for path in placed {
      guard let identity = try FileIdentity.of(path) else { return try remove() }
      append(path.string, identity, to: &body)
    }
    try CheckedFile.write(body, to: file)
  }

  public func remove() throws { try FileSystem.remove(file) }

  /// The summary that was saved, if the same is asked now and everything is as it was.
  public func currentSummary() throws -> String? {
    guard let bytes = try CheckedFile.read(file), bytes.starts(with: Self.magic) else { return nil }
    return bytes.dropFirst(Self.magic.count).withUnsafeBytes { Self.check($0, request: request) }
  }

  private static func check(_ body: UnsafeRawBufferPointer, request: String) -> String? {
    var position = 0
    func length() -> Int {
      let value = body.loadUnaligned(fromByteOffset: position, as: UInt32.self)
      position += 4
      return Int(value)
    }
    func text() -> Slice<UnsafeRawBufferPointer> {
      let count = length()
      position += count
      return body[position - count..<position]
    }
    // The SHA-256 over it has matched, so the lengths are those that were written.
    guard text().elementsEqual(request.utf8) else { return nil }
    let summary = String(decoding: text(), as: UTF8.self)
    // The kernel's part of an lstat is nearly all of it, and it answers several at a time.
    let parts = partStarts(in: body, from: position)
    let changes = Atomic(0)
    // Every thread only reads, and all have ended when this returns.
    nonisolated(unsafe) let body = body
    DispatchQueue.concurrentPerform(iterations: parts.count - 1) { index in
      guard changes.load(ordering: .relaxed) == 0 else { return }
      if !isUnchanged(body, from: parts[index], to: parts[index + 1]) {
        changes.add(1, ordering: .relaxed)
      }
    }
    return changes.load(ordering: .sequentiallyConsistent) == 0 ? summary : nil
  }

  /// Six 64-bit numbers.
  private static let identityLength = 48

  /// Where each part of the list of paths starts, and its end: parts are what one thread takes at a time.
  private static func partStarts(in body: UnsafeRawBufferPointer, from start: Int) -> [Int] {
    var starts = [start]
    var position = start
    var count = 0
    while position < body.count {
      position +=
        4 + Int(body.loadUnaligned(fromByteOffset: position, as: UInt32.self)) + identityLength
      count += 1
      if count % 256 == 0, position < body.count { starts.append(position) }
    }
    return starts + [position]
  }

  private static func isUnchanged(_ body: UnsafeRawBufferPointer, from start: Int, to end: Int)
    -> Bool
  {
    var position = start
    func number() -> UInt64 {
      let value = body.loadUnaligned(fromByteOffset: position, as: UInt64.self)
      position += 8
      return value
    }
    var status = stat()
    while position < end {
      let count = Int(body.loadUnaligned(fromByteOffset: position, as: UInt32.self))
      position += 4
      guard let path = body.baseAddress?.advanced(by: position) else { return false }
      let follows = body[position + count - 1] == 1
      position += count
      // The byte before the marker is a zero, so the path can be used where it lies.
      let name = path.assumingMemoryBound(to: CChar.self)
      guard (follows ? stat(name, &status) : lstat(name, &status)) == 0 else { return false }
      let identity = FileIdentity(
        device: number(), inode: number(), size: Int64(bitPattern: number()),
        modified: Int64(bitPattern: number()), changed: Int64(bitPattern: number()),
        mode: UInt32(truncatingIfNeeded: number()))
      guard FileIdentity(status) == identity else { return false }
    }
    return true
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
