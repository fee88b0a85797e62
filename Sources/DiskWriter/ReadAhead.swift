import Dispatch
import Glibc
import Synchronization
import SystemPackage

/// Reads a file or a disk piece by piece in other threads, a few pieces ahead of whoever takes them.
///
/// Two read at a time, so that a disk has its next order before it is done with the last.
final class ReadAhead: Sendable {
  /// Of a piece, in bytes: what `dd bs=4M` takes, and no less than what a stick erases at a time.
  static let pieceSize = 4 << 20
  private static let readerCount = 2

  /// A buffer's turns: it is free, then filled, then free again.
  private struct Slot: Sendable {
    let buffer: AlignedBuffer
    let free = DispatchSemaphore(value: 0)
    let filled = DispatchSemaphore(value: 0)
  }

  private let file: FileDescriptor
  private let size: Int64
  private let blockSize: Int
  /// Twice as many as there are readers: piece N is in slot N modulo their number, and read by reader N
  /// modulo theirs.
  private let slots: [Slot]
  private let queue = DispatchQueue(label: "pxebuild.read-ahead", attributes: .concurrent)
  private let readers = DispatchGroup()
  private let isOver = Atomic<Bool>(false)
  private let failures = Mutex<[Int64: Errno]>([:])

  /// - Parameters:
  ///   - size: How much to read, in bytes.
  ///   - blockSize: Pieces are filled up with zeros to a multiple of it.
  init(_ file: FileDescriptor, size: Int64, blockSize: Int) {
    self.file = file
    self.size = size
    self.blockSize = blockSize
    let length = max(blockSize, Int(min(Int64(Self.pieceSize), size)) + blockSize)
    slots = (0..<(2 * Self.readerCount)).map { _ in Slot(buffer: AlignedBuffer(length)) }
    for slot in slots { slot.free.signal() }
  }

  /// Gives every piece to `body`, in order: its bytes, filled up, and where it starts. Call it once.
  ///
  /// - Throws: `ReadFailure`, and what `body` throws, which ends the reading.
  func forEach(_ body: (AlignedBuffer, Piece) throws -> Void) throws {
    for reader in 0..<Self.readerCount { queue.async(group: readers) { self.read(reader) } }
    // The readers end before their buffers do.
    defer {
      isOver.store(true, ordering: .sequentiallyConsistent)
      for slot in slots { slot.free.signal() }
      readers.wait()
    }
    for (index, piece) in pieces.enumerated() {
      let slot = slots[index % slots.count]
      slot.filled.wait()
      if let error = failures.withLock({ $0[piece.offset] }) {
        throw ReadFailure(error: error, offset: piece.offset)
      }
      try body(slot.buffer, piece)
      slot.free.signal()
    }
  }

  struct ReadFailure: Error {
    var error: Errno
    var offset: Int64
  }

  struct Piece: Sendable {
    var offset: Int64
    /// In bytes, without what fills it up.
    var count: Int
    /// In bytes, a multiple of the block size.
    var filledCount: Int
  }

  private var pieces: some Sequence<Piece> {
    stride(from: 0, to: size, by: Self.pieceSize).map { [size, blockSize] offset in
      let count = Int(min(Int64(Self.pieceSize), size - offset))
      let filled = (count + blockSize - 1) / blockSize * blockSize
      return Piece(offset: offset, count: count, filledCount: filled)
    }
  }

  private func read(_ reader: Int) {
    for (index, piece) in pieces.enumerated() where index % Self.readerCount == reader {
      let slot = slots[index % slots.count]
      slot.free.wait()
      if isOver.load(ordering: .sequentiallyConsistent) { return }
      let buffer = slot.buffer.bytes
      let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<piece.filledCount])
      if let error = file.readFully(into: bytes, atLeast: piece.count, at: piece.offset) {
        failures.withLock { $0[piece.offset] = error }
        slot.filled.signal()
        return
      }
      for position in piece.count..<piece.filledCount { buffer[position] = 0 }
      slot.filled.signal()
    }
  }
}

extension FileDescriptor {
  /// Fills the buffer from an offset; nil, or why not. A file that ends before `least` bytes is an I/O error.
  func readFully(
    into buffer: UnsafeMutableRawBufferPointer, atLeast least: Int, at offset: Int64
  ) -> Errno? {
    var done = 0
    while done < least {
      let count = Glibc.pread(
        rawValue, buffer.baseAddress?.advanced(by: done), buffer.count - done,
        off_t(offset) + off_t(done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return Errno(rawValue: count < 0 ? errno : EIO) }
      done += count
    }
    return nil
  }

  /// Writes all bytes at an offset; nil, or why not.
  func writeFully(_ bytes: UnsafeRawBufferPointer, at offset: Int64) -> Errno? {
    var done = 0
    while done < bytes.count {
      let count = Glibc.pwrite(
        rawValue, bytes.baseAddress?.advanced(by: done), bytes.count - done,
        off_t(offset) + off_t(done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return Errno(rawValue: count < 0 ? errno : ENOSPC) }
      done += count
    }
    return nil
  }
}
