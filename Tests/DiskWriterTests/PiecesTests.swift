import BuildEngine
import Dispatch
import Glibc
import Synchronization
import SystemPackage
import Testing

@testable import DiskWriter

@Suite("Pieces of an image")
struct PiecesTests {
  private static let size = Pieces.size

  private struct Broken: Error, Equatable { var offset: Int64 }

  @Test(
    "every piece is taken once, filled up to whole blocks, and told in order",
    arguments: [0, 1, 511, 512, size - 1, size, size + 1, 7 * size, 9 * size + 513])
  func all(size: Int64) async throws {
    let taken = Mutex<[Pieces.Piece]>([])
    let told = Mutex<[Int64]>([])
    try await Pieces(range: 0..<size, blockSize: 512).forEach {
      told.append($0)
    } _: { piece, buffers in
      #expect(buffers.image.count >= piece.filledCount)
      #expect(buffers.disk.count >= piece.filledCount)
      taken.append(piece)
    }
    let pieces = taken.withLock { $0 }.sorted { $0.offset < $1.offset }
    #expect(pieces.map(\.offset) == Array(stride(from: 0, to: size, by: Int(Self.size))))
    #expect(pieces.reduce(0) { $0 + Int64($1.count) } == size)
    for piece in pieces {
      #expect(piece.filledCount % 512 == 0)
      #expect((0..<512).contains(piece.filledCount - piece.count))
    }
    #expect(told.withLock { $0 } == pieces.map { $0.offset + Int64($0.count) })
  }

  @Test("of several failures the first in the image counts, and none is begun after it")
  func failures() async throws {
    let hasFailed = DispatchSemaphore(value: 0)
    let taken = Mutex<[Int64]>([])
    let told = Mutex<[Int64]>([])
    let error = await #expect(throws: Broken.self) {
      try await Pieces(range: 0..<(50 * Self.size), blockSize: 512).forEach {
        told.append($0)
      } _: { piece, _ in
        taken.append(piece.offset)
        switch piece.offset / Self.size {
        case 5:
          // The one behind it has failed before it.
          hasFailed.wait()
          throw Broken(offset: piece.offset)
        case 6:
          defer { hasFailed.signal() }
          throw Broken(offset: piece.offset)
        default: break
        }
      }
    }
    #expect(error == Broken(offset: 5 * Self.size))
    #expect(told.withLock { $0 } == (1...5).map { $0 * Self.size })
    #expect(taken.withLock { $0.count } < 50)
  }

  @Test("a part of an image is gone through like a whole one")
  func part() async throws {
    let told = Mutex<[Int64]>([])
    try await Pieces(range: Self.size..<(2 * Self.size + 5), blockSize: 4096).forEach {
      told.append($0)
    } _: { piece, _ in
      #expect(piece.offset >= Self.size)
    }
    #expect(told.withLock { $0 } == [2 * Self.size, 2 * Self.size + 5])
  }

  @Test("a cancelled task begins nothing")
  func cancelled() async {
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      try await Pieces(range: 0..<(50 * Self.size), blockSize: 512).forEach { _ in
      } _: { _, _ in
        Issue.record("a piece was taken")
      }
    }
    task.cancel()
    let error = await #expect(throws: Pieces.Interrupted.self) { try await task.value }
    #expect(error?.offset == 0)
  }

  @Test("buffers start at a page and hold zeros, whatever their size")
  func buffers() {
    for count in [1, 512, 4096, 1 << 20, 4 << 20, (4 << 20) + 512] {
      let buffer = AlignedBuffer(count)
      let other = AlignedBuffer(count)
      buffer.withBytes { bytes in
        #expect(bytes.count == count && Int(bitPattern: bytes.baseAddress) % 4096 == 0)
        #expect(bytes.prefix(9000).allSatisfy { $0 == 0 } && bytes[count - 1] == 0)
      }
      #expect(buffer.firstDifference(to: other, count: count) == nil)
      other.withBytes { $0[count - 1] = 1 }
      #expect(buffer.firstDifference(to: other, count: count) == count - 1)
      #expect(buffer.firstDifference(to: other, count: count - 1) == nil)
      other.clear((count - 1)..<count)
      #expect(buffer.firstDifference(to: other, count: count) == nil)
    }
  }
}

@Suite("The digest of an image")
struct ImageDigestTests {
  private func file(_ bytes: [UInt8]) throws -> FileDescriptor {
    var template = Array("/tmp/pxebuild-digest-XXXXXX".utf8CString)
    let file = FileDescriptor(rawValue: mkstemp(&template))
    unlink(template)
    _ = try file.writeAll(bytes)
    return file
  }

  @Test("it goes as far as it may, and takes all of it in the end")
  func follows() async throws {
    let bytes = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 9) }
    let file = try file(bytes)
    defer { try? file.close() }  // a file that is deleted
    let digest = ImageDigest(of: file, size: Int64(bytes.count))
    async let taken = onOwnThread { try digest.take() }
    for offset in [1, 1, 300_000, 2_000_000, 3_000_001] { digest.advance(to: Int64(offset)) }
    #expect(try await taken == Digest(of: bytes))
  }

  @Test("it ends when nobody wants it, and when the file does")
  func ends() async throws {
    let file = try file([1, 2, 3])
    defer { try? file.close() }  // a file that is deleted
    let unwanted = ImageDigest(of: file, size: 3)
    let none = Task { try await onOwnThread { try unwanted.take() } }
    unwanted.advance(to: 1)
    unwanted.end()
    await #expect(throws: CancellationError.self) { try await none.value }
    let short = ImageDigest(of: file, size: 4)
    short.advance(to: 4)
    #expect(throws: Errno.ioError) { try short.take() }
  }
}

extension Mutex {
  fileprivate func append<Element>(_ element: Element) where Value == [Element], Element: Sendable {
    withLock { $0.append(element) }
  }
}
