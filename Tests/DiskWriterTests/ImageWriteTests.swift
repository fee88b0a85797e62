import BuildEngine
import Dispatch
import Glibc
import Synchronization
import SystemPackage
import Testing

@testable import DiskWriter

/// The writing itself, into plain files.
@Suite("Writing an image")
struct ImageWriteTests {
  private let folder: FilePath

  init() throws {
    var template = Array("/tmp/pxebuild-write-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
    folder = FilePath(platformString: template)
  }

  private func image(_ count: Int) throws -> (ImageWrite.Image, [UInt8]) {
    let random = try FileSystem.open("/dev/urandom", .readOnly, doing: "read")
    var bytes = [UInt8](repeating: 0, count: count)
    defer { try? random.close() }  // opened for reading only
    let read = try bytes.withUnsafeMutableBytes { try random.read(into: $0) }
    #expect(read == count)
    let path = folder.appending("image-\(count)")
    try FileSystem.replace(path, with: bytes)
    let file = try FileSystem.open(path, .readOnly, doing: "read")
    return (.init(file: file, name: "stick.img", digest: Digest(of: bytes)), bytes)
  }

  private func write(
    _ image: ImageWrite.Image, to path: FilePath, delta: Bool = false, verifies: Bool = true,
    steps: Steps = Steps(), onStep: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws -> ImageWrite.Report {
    let destination = try Destination(file: path)
    defer { destination.close() }
    return try await ImageWrite(
      image, to: destination,
      progress: { step, done in
        steps.add(step, done)
        onStep("\(step) \(done)")
      }
    ).run(onlyDifferences: delta, verifies: verifies)
  }

  private final class Steps: Sendable {
    private let list = Mutex<[String]>([])
    var all: [String] { list.withLock { $0 } }
    func add(_ step: ImageWrite.Step, _ done: Int64) {
      list.withLock { $0.append("\(step) \(done)") }
    }
  }

  @Test("images of every size arrive whole", arguments: [512, 4096, 5000, 1 << 22, 29_000_001])
  func sizes(count: Int) async throws {
    defer { removeAll(folder) }
    let (image, bytes) = try image(count)
    let path = folder.appending("out")
    try FileSystem.replace(path, with: [UInt8](repeating: 7, count: count + 70000))
    let report = try await write(image, to: path)
    #expect(report.written == Int64(count) && report.skipped == 0 && report.isVerified)
    #expect(try FileSystem.read(path) == bytes)
    let again = try await write(image, to: path, delta: true)
    #expect(again.written == 0 && again.skipped == Int64(count) && again.isVerified)
    #expect(try FileSystem.read(path) == bytes)
    let unread = try await write(image, to: path, verifies: false)
    #expect(unread.written == Int64(count) && !unread.isVerified)
    #expect(try FileSystem.read(path) == bytes)
  }

  @Test("only pieces that differ are written, and progress is told in order")
  func differences() async throws {
    defer { removeAll(folder) }
    let (image, bytes) = try image(9_000_001)
    let path = folder.appending("out")
    var old = bytes
    old[5_000_000] ^= 1
    try FileSystem.replace(path, with: old)
    let steps = Steps()
    let report = try await write(image, to: path, delta: true, steps: steps)
    #expect(report.written == 4_194_304 && report.skipped == 4_805_697 && report.isVerified)
    #expect(try FileSystem.read(path) == bytes)
    #expect(
      steps.all == [
        "comparing 4194304", "comparing 8388608", "comparing 9000001", "readingBack 4194304",
        "readingBack 8388608", "readingBack 9000001",
      ])
    // In the first piece, in the first block of it, in the last piece, and in all of them.
    for place in [[2_000_000], [100], [9_000_000], [100, 5_000_000, 9_000_000]] {
      old = bytes
      for position in place { old[position] ^= 1 }
      try FileSystem.replace(path, with: old)
      let report = try await write(image, to: path, delta: true)
      #expect(report.written + report.skipped == 9_000_001 && report.isVerified)
      #expect(
        report.written
          == Int64(place.count == 3 ? 9_000_001 : place == [9_000_000] ? 611_393 : 4_194_304))
      #expect(try FileSystem.read(path) == bytes)
    }
    // Shorter than the image, and not there at all.
    try FileSystem.replace(path, with: bytes.prefix(5_000_000))
    #expect(try await write(image, to: path, delta: true).written == 4_805_697)
    #expect(try FileSystem.read(path) == bytes)
    #expect(try await write(image, to: folder.appending("new"), delta: true).written == 9_000_001)
  }

  /// What is said of a writing that is cancelled when a step is told.
  ///
  /// - Parameter words: Part of it. While one thread is held up the others may come to the end of the step: then it is
  ///   tried again.
  private func interrupted(
    at step: String, _ image: ImageWrite.Image, to path: FilePath, delta: Bool = false,
    old: [UInt8]? = nil, saying words: String
  ) async throws -> String {
    var said = "it was never interrupted"
    for _ in 0..<100 where !said.contains(words) {
      if let old { try overwrite(path, old) }
      said = await cancelled(at: step, image, to: path, delta) ?? said
    }
    return said
  }

  /// Nil when the task was at its end before it was cancelled.
  private func cancelled(
    at step: String, _ image: ImageWrite.Image, to path: FilePath, _ delta: Bool
  ) async -> String? {
    let (reached, told) = AsyncStream.makeStream(of: Void.self)
    let isCancelled = DispatchSemaphore(value: 0)
    let task = Task {
      defer { told.finish() }
      return try await write(
        image, to: path, delta: delta,
        onStep: {
          guard $0 == step else { return }
          told.finish()
          // No thread takes another piece meanwhile.
          isCancelled.wait()
        })
    }
    for await _ in reached {}
    task.cancel()
    isCancelled.signal()
    do {
      _ = try await task.value
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test("an interrupted writing says what it left, and what it left does not boot")
  func interrupted() async throws {
    defer { removeAll(folder) }
    let (image, bytes) = try image(29_000_001)
    let path = folder.appending("out")
    let name = path.string
    let early = try await interrupted(
      at: "writing 4194304", image, to: path, saying: "incomplete")
    // Pieces that other threads had begun are brought to their end.
    #expect(
      stride(from: Pieces.size, to: 29_000_001, by: Int(Pieces.size)).map {
        """
        error: \(name) is incomplete: interrupted at byte \($0) of 29000001
          fix: it does not boot before it is written again
        """
      }.contains(early), "\(early)")
    let left = try #require(try FileSystem.read(path))
    #expect(left.prefix(4096).allSatisfy { $0 == 0 })
    let late = try await interrupted(
      at: "readingBack 4194304", image, to: path, saying: "not read back")
    #expect(
      late == """
        error: interrupted: \(name) is written, but not read back to its end
          fix: write it again with --delta to compare it
        """)
    #expect(try FileSystem.read(path) == bytes)
    let equal = try await interrupted(
      at: "comparing 4194304", image, to: path, delta: true, saying: "nothing")
    #expect(equal == "error: interrupted: nothing was written to \(name)")
    let different = try await interrupted(
      at: "comparing 8388608", image, to: path, delta: true,
      old: [UInt8](repeating: 1, count: 29_000_001), saying: "incomplete")
    #expect(
      different.hasPrefix("error: \(name) is incomplete: interrupted at byte "))
    #expect(try FileSystem.read(path)?.prefix(4096).allSatisfy { $0 == 0 } == true)
  }

  @Test("a task that is cancelled before it begins touches nothing")
  func cancelledBefore() async throws {
    defer { removeAll(folder) }
    let (image, _) = try image(5000)
    let path = folder.appending("out")
    try FileSystem.replace(path, with: [1, 2, 3])
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      return try await write(image, to: path)
    }
    task.cancel()
    let error = await #expect(throws: BuildError.self) { try await task.value }
    #expect(error?.description == "error: interrupted: nothing was written to \(path)")
    #expect(try FileSystem.read(path) == [1, 2, 3])
  }

  @Test("what does not read back as it was written is found, to the first byte")
  func different() async throws {
    defer { removeAll(folder) }
    let (image, bytes) = try image(29_000_001)
    let path = folder.appending("out")
    var wrong = bytes
    for position in [8_500_000, 8_500_001, 13_000_000, 29_000_000] { wrong[position] ^= 0x10 }
    let lie = wrong
    let error = await #expect(throws: BuildError.self) {
      try await write(
        image, to: path,
        onStep: {
          guard $0 == "writing 29000001" else { return }
          #expect(throws: Never.self) { try overwrite(path, lie) }
        })
    }
    #expect(
      error?.description == """
        error: \(path) does not give back what was written to it
          why: the first byte that differs is number 8500000 of 29000001
          fix: do not use it: it is broken, or smaller than it says; take another
        """)
    // The image itself, not the disk, is not what its digest says.
    let damagedImage = ImageWrite.Image(
      file: image.file, name: image.name, digest: Digest(of: wrong))
    for delta in [false, true] {
      let damaged = await #expect(throws: BuildError.self) {
        try await write(damagedImage, to: path, delta: delta)
      }
      #expect(
        damaged?.description == """
          error: the image stick.img in the cache is damaged
            why: \(path) holds what was read from it, but not the digest sha256 \(Digest(of: wrong).hex)
            fix: pxebuild cache verify drops it; then write it again
          """)
    }
  }

  @Test("an image or a disk that ends too soon is an error that names it")
  func tooShort() async throws {
    defer { removeAll(folder) }
    let (image, bytes) = try image(29_000_001)
    let path = folder.appending("out")
    let longer = ImageWrite.Image(
      file: image.file, name: image.name, digest: Digest(of: bytes + [1]))
    for delta in [false, true] {
      let short = await #expect(throws: BuildError.self) {
        try await write(longer, to: path, delta: delta)
      }
      #expect(
        short?.description == """
          error: \(path) is incomplete: the image stick.img cannot be read
            why: Input/output error
            fix: pxebuild cache verify looks for damage in the cache
          """)
    }
    #expect(try await write(image, to: path).isVerified)
    let cut = await #expect(throws: BuildError.self) {
      try await write(
        image, to: path, delta: true,
        onStep: { if $0 == "comparing 4194304" { #expect(truncate(path.string, 5_000_000) == 0) } })
    }
    #expect(
      cut?.description == """
        error: \(path) cannot be read back
          why: Input/output error, at byte 4194304 of 29000001
          fix: do not use it: it was pulled out, or it is broken
        """)
  }

  private func overwrite(_ path: FilePath, _ bytes: [UInt8]) throws {
    let file = try FileSystem.open(path, .writeOnly, doing: "write")
    try file.closeAfter { _ = try file.writeAll(bytes) }
  }

  @Test("a device is no plain file")
  func noFile() {
    defer { removeAll(folder) }
    #expect(throws: BuildError.self) { try Destination(file: "/dev/null") }
  }
}

private func removeAll(_ folder: FilePath) {
  // A folder for temporary files: what cannot be removed stays there.
  try? FileSystem.remove(folder)
}
