import BuildEngine
import Glibc
import Synchronization
import SystemPackage

/// The writing of one image, and the reading back of it.
///
/// What is read back is compared with the bytes of the image, and the digest of those is taken in the same run, on a
/// thread of its own beside the writing: comparing bytes says as much of the disk as comparing digests, and keeps no
/// disk waiting for a SHA-256.
///
/// The first block is written last: a stick on which something is missing does not look like one that boots.
public struct ImageWrite: Sendable {
  public enum Step: Sendable { case writing, comparing, readingBack }

  /// What was done, in bytes of the image.
  public struct Report: Sendable, Equatable {
    public var written: Int64 = 0
    /// Was right before.
    public var skipped: Int64 = 0
    /// True when everything was read from the disk and is the image, and the image has its digest.
    public var isVerified = false
    /// True when the end of the disk held a copy of an older partition table.
    public var hasClearedBackup = false

    public init() {}
  }

  /// What is written.
  public struct Image: Sendable {
    public var file: FileDescriptor
    /// What messages call it.
    public var name: String
    public var digest: Digest

    public init(file: FileDescriptor, name: String, digest: Digest) {
      self.file = file
      self.name = name
      self.digest = digest
    }
  }

  let image: Image
  let destination: Destination
  /// Told how many bytes of a step are done, in order, from several threads, one at a time.
  let progress: @Sendable (Step, Int64) -> Void

  public init(
    _ image: Image, to destination: Destination,
    progress: @escaping @Sendable (Step, Int64) -> Void
  ) {
    self.image = image
    self.destination = destination
    self.progress = progress
  }

  private var size: Int64 { image.digest.size }

  /// Writes the image, reads everything back past the page cache and compares.
  ///
  /// - Parameters:
  ///   - onlyDifferences: Reads first, and writes only what is not right yet.
  ///   - verifies: Reads back what was written.
  /// - Throws: `BuildError`, of kind `.cancelled` when the task was cancelled.
  public func run(onlyDifferences: Bool, verifies: Bool) async throws -> Report {
    // Nothing is said of bytes that are not compared with anything.
    guard verifies || onlyDifferences else { return try await writeAll { _ in } }
    let digest = ImageDigest(of: image.file, size: size)
    async let taken = onOwnThread { try digest.take() }
    do {
      var report = Report()
      if onlyDifferences {
        report = try await writeDifferences { digest.advance(to: $0) }
      } else {
        report = try await writeAll { digest.advance(to: $0) }
      }
      // All has been read past the page cache, and nothing was written after that.
      report.isVerified = report.written == 0
      if verifies, !report.isVerified {
        try await readBack()
        report.isVerified = true
      }
      guard try await taken == image.digest else { throw damagedImage }
      return report
    } catch {
      digest.end()
      // Why it ended is known.
      _ = try? await taken
      if let error = error as? Errno { throw unreadableImage(error) }
      throw error
    }
  }

  // MARK: Writing

  private func writeAll(_ isRead: @escaping @Sendable (Int64) -> Void) async throws -> Report {
    if Task.isCancelled { throw untouched }
    try invalidate()
    do {
      try await pieces(0..<size).forEach {
        isRead($0)
        progress(.writing, $0)
      } _: { piece, buffers in
        try read(piece, into: buffers.image)
        try put(piece, of: buffers.image)
      }
    } catch let error as Pieces.Interrupted {
      throw interrupted(at: error.offset)
    }
    var report = Report()
    report.written = size
    try finish(&report, isInvalid: true)
    return report
  }

  private func writeDifferences(
    _ isRead: @escaping @Sendable (Int64) -> Void
  ) async throws -> Report {
    try extendFile()
    destination.dropCache()
    let disk = Differences()
    // The first piece by itself: the first difference in another one makes its first block invalid.
    let middle = min(Pieces.size, size)
    for range in [0..<middle, middle..<size] {
      do {
        try await pieces(range).forEach {
          isRead($0)
          progress(.comparing, $0)
        } _: { piece, buffers in
          try read(piece, into: buffers.image)
          try readDisk(piece, into: buffers.disk)
          if buffers.image.firstDifference(to: buffers.disk, count: piece.count) == nil { return }
          try disk.write(piece, invalidate: invalidate) { try put(piece, of: buffers.image) }
        }
      } catch let error as Pieces.Interrupted {
        throw disk.written > 0 ? interrupted(at: error.offset) : untouched
      }
    }
    var report = Report()
    report.written = disk.written
    report.skipped = size - disk.written
    try finish(&report, isInvalid: disk.written > 0)
    return report
  }

  /// What several threads have found different.
  private final class Differences: Sendable {
    private let count: Mutex<Int64> = Mutex(0)

    /// In bytes.
    var written: Int64 { count.withLock { $0 } }

    func write(
      _ piece: Pieces.Piece, invalidate: () throws -> Void, _ put: () throws -> Void
    ) throws {
      // Whoever is first makes the others wait until the disk looks like one that does not boot.
      try count.withLock { count in
        if count == 0 { try invalidate() }
        count += Int64(piece.count)
      }
      try put()
    }
  }

  /// A file that is shorter than the image has zeros there to compare with.
  private func extendFile() throws {
    guard !destination.isDisk else { return }
    var status = stat()
    let isShort =
      fstat(destination.file.rawValue, &status) == 0 && Int64(status.st_size) < size
    if isShort, ftruncate(destination.file.rawValue, off_t(size)) != 0 {
      throw incomplete(Errno(rawValue: errno), at: 0)
    }
  }

  /// - Parameter isInvalid: True when the first block is still to be written.
  private func finish(_ report: inout Report, isInvalid: Bool) throws {
    report.hasClearedBackup = try clearBackupTable()
    if isInvalid {
      let first = AlignedBuffer(firstCount)
      let count = Int(min(size, Int64(firstCount)))
      try read(.init(offset: 0, count: count, filledCount: firstCount), into: first)
      try put(0..<firstCount, of: first, at: 0)
    }
    if !destination.isDisk, ftruncate(destination.file.rawValue, off_t(size)) != 0 {
      throw incomplete(Errno(rawValue: errno), at: size)
    }
    if let error = destination.sync() { throw incomplete(error, at: size) }
  }

  /// What is written last: the sectors in which firmware looks first.
  private var firstCount: Int {
    let block = destination.blockSize
    return Int(min(4096, (size + Int64(block) - 1) / Int64(block) * Int64(block)))
  }

  private func invalidate() throws {
    try put(0..<firstCount, of: AlignedBuffer(firstCount), at: 0)
  }

  // MARK: Reading back

  private func readBack() async throws {
    destination.dropCache()
    do {
      try await pieces(0..<size).forEach {
        progress(.readingBack, $0)
      } _: { piece, buffers in
        try readDisk(piece, into: buffers.disk)
        try read(piece, into: buffers.image)
        if let place = buffers.image.firstDifference(to: buffers.disk, count: piece.count) {
          throw different(at: piece.offset + Int64(place))
        }
      }
    } catch is Pieces.Interrupted {
      throw unverified
    }
  }

  // MARK: Pieces

  private func pieces(_ range: Range<Int64>) -> Pieces {
    Pieces(range: range, blockSize: destination.blockSize)
  }

  /// Reads a piece of the image; what fills it up is zeros.
  private func read(_ piece: Pieces.Piece, into buffer: AlignedBuffer) throws {
    let count = piece.count
    if let error = buffer.read(count, atLeast: count, of: image.file, at: piece.offset) {
      throw unreadableImage(error)
    }
    buffer.clear(count..<piece.filledCount)
  }

  private func readDisk(_ piece: Pieces.Piece, into buffer: AlignedBuffer) throws {
    if let error = buffer.read(
      piece.filledCount, atLeast: piece.count, of: destination.file, at: piece.offset)
    {
      throw unreadableDisk(error, at: piece.offset)
    }
  }

  /// Writes a filled piece, but for the first block.
  private func put(_ piece: Pieces.Piece, of buffer: AlignedBuffer) throws {
    let start = piece.offset == 0 ? firstCount : 0
    try put(start..<piece.filledCount, of: buffer, at: piece.offset)
  }

  /// - Parameter offset: Where the buffer's first byte belongs.
  private func put(_ part: Range<Int>, of buffer: AlignedBuffer, at offset: Int64) throws {
    if let error = buffer.write(part, to: destination.file, at: offset) {
      throw incomplete(error, at: offset + Int64(part.lowerBound))
    }
  }

  // MARK: The end of the disk

  /// A GPT has a copy in a disk's last blocks (UEFI specification, 5.3.2): the header in the last one, the
  /// entries before it. One of an older layout would come back as soon as somebody repairs the table.
  private func clearBackupTable() throws -> Bool {
    guard let end = destination.size else { return false }
    let block = Int64(destination.blockSize)
    // Four blocks of entries and the header when it counts in blocks of 4096, less when in 512.
    let start = max((size + block - 1) / block * block, end - 5 * 4096)
    guard start < end else { return false }
    let count = Int(end - start)
    let buffer = AlignedBuffer(count)
    if let error = buffer.read(count, atLeast: count, of: destination.file, at: start) {
      throw BuildError(errno: error.rawValue, doing: "read", path: destination.path)
    }
    let mark = Array("EFI PART".utf8)
    let isThere = buffer.withBytes { bytes in
      [512, 4096].contains { size in
        let place = count - size
        return place >= 0 && bytes[place..<(place + 8)].elementsEqual(mark)
      }
    }
    guard isThere else { return false }
    try put(0..<count, of: AlignedBuffer(count), at: start)
    return true
  }
}
