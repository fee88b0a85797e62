import BuildEngine
import Glibc
import SystemPackage

import struct Crypto.SHA256

/// The writing of one image, and the reading back of it.
///
/// The first block is written last: a stick on which something is missing does not look like one that boots.
public struct ImageWrite: Sendable {
  public enum Step: Sendable { case writing, comparing, readingBack }

  /// What was done, in bytes of the image.
  public struct Report: Sendable, Equatable {
    public var written: Int64 = 0
    /// Was right before.
    public var skipped: Int64 = 0
    /// True when everything was read back and is right.
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
  /// Told how many bytes of a step are done.
  let progress: @Sendable (Step, Int64) -> Void
  let isCancelled: @Sendable () -> Bool

  public init(
    _ image: Image, to destination: Destination,
    progress: @escaping @Sendable (Step, Int64) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) {
    self.image = image
    self.destination = destination
    self.progress = progress
    self.isCancelled = isCancelled
  }

  private var size: Int64 { image.digest.size }
  private var shown: String { destination.path.printable }

  /// Writes the image.
  ///
  /// - Parameter onlyDifferences: Reads first, and writes only what is not right yet.
  /// - Throws: `BuildError`, of kind `.cancelled` when it was interrupted.
  public func write(onlyDifferences: Bool) throws -> Report {
    var report = Report()
    report.hasClearedBackup = try clearBackupTable()
    if onlyDifferences { try writeDifferences(&report) } else { try writeAll(&report) }
    if !destination.isDisk, ftruncate(destination.file.rawValue, off_t(size)) != 0 {
      throw incomplete(Errno(rawValue: errno), at: size)
    }
    if let error = destination.sync() { throw incomplete(error, at: size) }
    // All has been read past the page cache, and nothing was written after that.
    report.isVerified = onlyDifferences && report.written == 0
    return report
  }

  /// Reads everything back past the page cache and compares digests.
  ///
  /// - Throws: `BuildError`, of kind `.cancelled` when it was interrupted.
  public func verify(_ report: inout Report) throws {
    if report.isVerified { return }
    destination.dropCache()
    var hasher = SHA256()
    try readDestination { buffer, piece in
      try checkCancelled { unverified }
      hasher.update(bufferPointer: buffer.prefix(piece.count))
      progress(.readingBack, piece.offset + Int64(piece.count))
    }
    guard Digest(sha256: hasher.finalize(), size: size) == image.digest else {
      throw try difference()
    }
    report.isVerified = true
  }

  // MARK: Writing

  private func writeAll(_ report: inout Report) throws {
    let first = AlignedBuffer(firstCount)
    let pieces = ReadAhead(
      image.file, size: size, blockSize: destination.blockSize)
    do {
      try pieces.forEach { buffer, piece in
        try checkCancelled { interrupted(at: report.written) }
        if piece.offset == 0 {
          first.bytes.copyMemory(from: buffer.prefix(firstCount))
          try invalidate()
          let rest = UnsafeRawBufferPointer(rebasing: buffer.bytes[firstCount..<piece.filledCount])
          try put(rest, at: Int64(firstCount))
        } else {
          try put(buffer.prefix(piece.filledCount), at: piece.offset)
        }
        report.written = piece.offset + Int64(piece.count)
        progress(.writing, report.written)
      }
    } catch let failure as ReadAhead.ReadFailure {
      throw unreadableImage(failure.error)
    }
    try put(first.prefix(firstCount), at: 0)
  }

  private func writeDifferences(_ report: inout Report) throws {
    try extendFile()
    destination.dropCache()
    let first = AlignedBuffer(firstCount)
    let wanted = AlignedBuffer(ReadAhead.pieceSize + destination.blockSize)
    var isInvalid = false
    try readDestination { buffer, piece in
      try checkCancelled {
        isInvalid ? interrupted(at: piece.offset) : untouched
      }
      let bytes = UnsafeMutableRawBufferPointer(rebasing: wanted.bytes[..<piece.count])
      if let error = image.file.readFully(into: bytes, atLeast: piece.count, at: piece.offset) {
        throw unreadableImage(error)
      }
      for position in piece.count..<piece.filledCount { wanted.bytes[position] = 0 }
      if piece.offset == 0 { first.bytes.copyMemory(from: wanted.prefix(firstCount)) }
      let isRight = wanted.isSame(as: buffer, count: piece.count)
      if isRight {
        report.skipped += Int64(piece.count)
      } else {
        if !isInvalid { try invalidate() }
        isInvalid = true
        let start = piece.offset == 0 ? firstCount : 0
        let rest = UnsafeRawBufferPointer(rebasing: wanted.bytes[start..<piece.filledCount])
        try put(rest, at: piece.offset + Int64(start))
        report.written += Int64(piece.count)
      }
      progress(.comparing, piece.offset + Int64(piece.count))
    }
    if isInvalid { try put(first.prefix(firstCount), at: 0) }
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

  /// What is written last: the sectors in which firmware looks first.
  private var firstCount: Int {
    let block = destination.blockSize
    return Int(min(4096, (size + Int64(block) - 1) / Int64(block) * Int64(block)))
  }

  private func invalidate() throws { try put(AlignedBuffer(firstCount).prefix(firstCount), at: 0) }

  private func put(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
    if let error = destination.file.writeFully(bytes, at: offset) {
      throw incomplete(error, at: offset)
    }
  }

  private func readDestination(_ body: (AlignedBuffer, ReadAhead.Piece) throws -> Void) throws {
    let pieces = ReadAhead(
      destination.file, size: size, blockSize: destination.blockSize)
    do { try pieces.forEach(body) } catch let failure as ReadAhead.ReadFailure {
      throw BuildError(
        .cannotWrite, "\(shown) cannot be read back",
        reason: failure.error.description
          + ", at byte \(failure.offset) of \(size)",
        advice: "do not use it: it was pulled out, or it is broken")
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
    let buffer = AlignedBuffer(Int(end - start))
    if let error = destination.file.readFully(
      into: buffer.bytes, atLeast: buffer.bytes.count, at: start)
    {
      throw BuildError(errno: error.rawValue, doing: "read", path: destination.path)
    }
    let mark = Array("EFI PART".utf8)
    let isThere = [512, 4096].contains { size in
      let place = buffer.bytes.count - size
      return place >= 0 && buffer.bytes[place..<(place + 8)].elementsEqual(mark)
    }
    guard isThere else { return false }
    try put(AlignedBuffer(buffer.bytes.count).prefix(buffer.bytes.count), at: start)
    return true
  }
}
