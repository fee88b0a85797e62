import CLinux
import Crypto
import Dispatch
import Glibc
import Synchronization
import SystemPackage

/// Writes one blob of the content store piece by piece, in one pass: pieces are hashed by the caller's
/// thread while another one writes those before. Memory does not grow with the blob.
public final class BlobWriter {
  /// The largest piece, in bytes.
  public static let pieceSize = 1 << 20
  private static let bufferCount = 4

  private let file: BlobFile
  private var hasher = SHA256()
  private var size: Int64 = 0
  private var hasHoleAtEnd = false
  private var buffers: [UnsafeMutableRawBufferPointer] = []
  private let writes = DispatchQueue(label: "pxebuild.blob")
  private let free = DispatchSemaphore(value: bufferCount)

  fileprivate init(_ path: FilePath) throws {
    file = try BlobFile(path)
  }

  deinit {
    writes.sync {}
    for buffer in buffers { buffer.deallocate() }
  }

  /// Appends `count` bytes, at most `pieceSize`, that `fill` puts into a buffer.
  public func append(
    _ count: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void
  ) throws {
    precondition(count > 0 && count <= Self.pieceSize)
    free.wait()
    var isQueued = false
    defer { if !isQueued { free.signal() } }
    try file.check()
    let buffer = UnsafeMutableRawBufferPointer(rebasing: nextBuffer(count)[..<count])
    try fill(buffer)
    hasher.update(bufferPointer: UnsafeRawBufferPointer(buffer))
    let offset = size
    size += Int64(count)
    // Zeros become a hole: a file that is mostly empty costs what is in it.
    hasHoleAtEnd = Self.isZero(buffer)
    if hasHoleAtEnd { return }
    isQueued = true
    nextIndex = (nextIndex + 1) % Self.bufferCount
    nonisolated(unsafe) let bytes = UnsafeRawBufferPointer(buffer)
    writes.async { [file, free] in
      file.write(bytes, at: offset)
      free.signal()
    }
  }

  /// Appends zeros, as a hole.
  public func appendZeros(_ count: Int64) throws {
    var rest = count
    while rest > 0 {
      let piece = Int(min(rest, Int64(Self.pieceSize)))
      try append(piece) { $0.initializeMemory(as: UInt8.self, repeating: 0) }
      rest -= Int64(piece)
    }
  }

  fileprivate func finish() throws -> Digest {
    writes.sync {}
    try file.check()
    if hasHoleAtEnd { try file.extend(to: size) }
    return Digest(sha256: hasher.finalize(), size: size)
  }

  // MARK: pieces

  private var nextIndex = 0

  /// Buffers are queued in turn, so the one that was queued longest ago is the first to be written and free
  /// again. A piece that is not queued leaves its buffer to the next one: were it skipped, the one behind it
  /// would be filled while it is still being written.
  private func nextBuffer(_ count: Int) -> UnsafeMutableRawBufferPointer {
    if nextIndex < buffers.count, buffers[nextIndex].count >= count { return buffers[nextIndex] }
    // Small files do with a small one.
    let size = count > 65536 ? Self.pieceSize : 65536
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 4096)
    if nextIndex < buffers.count {
      buffers[nextIndex].deallocate()
      buffers[nextIndex] = buffer
    } else {
      buffers.append(buffer)
    }
    return buffer
  }

  private static func isZero(_ bytes: UnsafeMutableRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress, bytes.count >= 4096, bytes[0] == 0 else { return false }
    return memcmp(base, base + 1, bytes.count - 1) == 0
  }
}

/// The file behind a blob that is being written, for the thread that writes.
private final class BlobFile: Sendable {
  private let path: FilePath
  private let file: FileDescriptor
  private let failure = Mutex<BuildError?>(nil)

  init(_ path: FilePath) throws {
    self.path = path
    file = try FileSystem.open(
      path, .writeOnly, options: [.create, .exclusiveCreate], doing: "write")
  }

  deinit { try? file.close() }  // what could not be written was reported by `check`

  /// Throws what a write before has met.
  func check() throws {
    if let failure = failure.withLock({ $0 }) { throw failure }
  }

  func extend(to size: Int64) throws {
    guard ftruncate(file.rawValue, off_t(size)) == 0 else {
      throw BuildError(errno: errno, doing: "write", path: path)
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
    var done = 0
    while done < bytes.count {
      let count = pwrite(
        file.rawValue, bytes.baseAddress?.advanced(by: done), bytes.count - done,
        off_t(offset) + off_t(done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let code = count < 0 ? errno : EIO
        failure.withLock {
          $0 = $0 ?? BuildError(errno: code, doing: "write", path: path)
        }
        return
      }
      done += count
    }
    startWriting(upTo: offset + Int64(bytes.count))
  }

  /// How much is handed to the disk at a time, in bytes.
  private static let stretch: Int64 = 8 << 20

  /// Lets the disk work while the rest is hashed, and not only once somebody waits for it.
  private func startWriting(upTo end: Int64) {
    guard end % Self.stretch == 0 else { return }
    // What fails here is met again by whoever waits until all is written.
    _ = linux_start_writing(file.rawValue, end - Self.stretch, Self.stretch)
  }
}

extension ContentStore {
  /// Puts a blob into the store that `body` writes piece by piece. Not synced: see `settle`.
  public func insert(writing body: (BlobWriter) throws -> Void) throws -> Digest {
    let temporary = try makeTemporaryName()
    do {
      let writer = try BlobWriter(temporary)
      try body(writer)
      let digest = try writer.finish()
      if try containsForUse(digest) {
        try FileSystem.remove(temporary)
      } else {
        try place(temporary, as: digest)
        if let identity = try FileIdentity.of(path(of: digest)) { fresh.note(digest, identity) }
      }
      return digest
    } catch {
      try? FileSystem.remove(temporary)  // the first error is the one to report
      throw error
    }
  }
}
