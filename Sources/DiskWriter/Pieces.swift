import BuildEngine
import Synchronization

/// A part of an image, taken piece by piece by several threads, so that a disk has its next order before it is done
/// with the last.
///
/// Each thread takes the next piece that no other has, with buffers of its own. Pieces are begun in order, and end in
/// nearly that order; what is told of them is told in order.
struct Pieces: Sendable {
  /// Of a piece, in bytes: what `dd bs=4M` takes, and no less than what a stick erases at a time.
  static let size: Int64 = 4 << 20
  private static let threadCount = 3

  /// In bytes; where it starts is a multiple of the size of a piece.
  let range: Range<Int64>
  /// Pieces are filled up to a multiple of it.
  let blockSize: Int

  struct Piece: Sendable {
    var offset: Int64
    /// In bytes, without what fills it up.
    var count: Int
    /// In bytes, a multiple of the block size.
    var filledCount: Int
  }

  /// What one thread has to work with: room for a filled piece of the image and for one of the disk.
  struct Buffers: Sendable {
    let image: AlignedBuffer
    let disk: AlignedBuffer
  }

  /// The task was cancelled.
  struct Interrupted: Error {
    /// All before this offset is done.
    var offset: Int64
  }

  private struct State: Sendable {
    var next: Int64
    /// All before it is done.
    var done: Int64
    /// Where pieces start that are done while one before them is not.
    var early: Set<Int64> = []
    var failure: (offset: Int64, error: any Error)?
  }

  /// Calls `body` for every piece, once each, and `progress` with the offset before which all are done.
  ///
  /// After a failure no other piece is begun. Of several failures the first in the image counts: what is said of a
  /// disk does not depend on which thread was quicker.
  ///
  /// - Throws: `Interrupted` when the task was cancelled, and what `body` throws.
  func forEach(
    progress: @escaping @Sendable (Int64) -> Void,
    _ body: @escaping @Sendable (Piece, Buffers) throws -> Void
  ) async throws {
    let state = SharedState(State(next: range.lowerBound, done: range.lowerBound))
    let count = (Int64(range.count) + Self.size - 1) / Self.size
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<min(Self.threadCount, Int(count)) {
        group.addTask {
          try await onOwnThread { stop in
            self.work(state, stop, progress: progress, body)
          }
        }
      }
      try await group.waitForAll()
    }
    try state.value.withLock { state in
      if let failure = state.failure { throw failure.error }
      if state.done < range.upperBound { throw Interrupted(offset: state.done) }
    }
  }

  /// A lock that several threads share.
  private final class SharedState: Sendable {
    let value: Mutex<State>
    init(_ state: State) { value = Mutex(state) }
  }

  private func work(
    _ state: SharedState, _ stop: StopFlag, progress: (Int64) -> Void,
    _ body: (Piece, Buffers) throws -> Void
  ) {
    let room = piece(at: range.lowerBound).filledCount
    let buffers = Buffers(image: AlignedBuffer(room), disk: AlignedBuffer(room))
    while !stop.isSet, let piece = take(state) {
      do {
        try body(piece, buffers)
      } catch {
        state.value.withLock { state in
          if piece.offset < state.failure?.offset ?? .max { state.failure = (piece.offset, error) }
        }
        return
      }
      state.value.withLock { state in
        state.early.insert(piece.offset)
        while state.early.remove(state.done) != nil {
          state.done += Int64(self.piece(at: state.done).count)
          progress(state.done)
        }
      }
    }
  }

  /// The next piece that nobody has taken; nil when there is none, or one before it has failed.
  private func take(_ state: SharedState) -> Piece? {
    state.value.withLock { state in
      guard state.failure == nil, state.next < range.upperBound else { return nil }
      defer { state.next += Self.size }
      return piece(at: state.next)
    }
  }

  private func piece(at offset: Int64) -> Piece {
    let count = Int(min(Self.size, range.upperBound - offset))
    return Piece(
      offset: offset, count: count, filledCount: (count + blockSize - 1) / blockSize * blockSize)
  }
}
