import BuildEngine
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
    steps: Steps = Steps(), isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> ImageWrite.Report {
    let destination = try Destination(file: path)
    defer { destination.close() }
    let write = ImageWrite(
      image, to: destination, progress: { steps.add($0, $1) }, isCancelled: isCancelled)
    var report = try write.write(onlyDifferences: delta)
    if verifies { try write.verify(&report) }
    return report
  }

  private final class Steps: Sendable {
    let all = Mutex<[String]>([])
    func add(_ step: ImageWrite.Step, _ done: Int64) {
      all.withLock { $0.append("\(step) \(done)") }
    }
  }

  @Test("images of every size arrive whole", arguments: [512, 4096, 5000, 1 << 22, 9_000_001])
  func sizes(count: Int) throws {
    defer { removeAll(folder) }
    let (image, bytes) = try image(count)
    let path = folder.appending("out")
    try FileSystem.replace(path, with: [UInt8](repeating: 7, count: count + 70000))
    let report = try write(image, to: path)
    #expect(report.written == Int64(count) && report.skipped == 0 && report.isVerified)
    #expect(try FileSystem.read(path) == bytes)
    let again = try write(image, to: path, delta: true)
    #expect(again.written == 0 && again.skipped == Int64(count) && again.isVerified)
    #expect(try FileSystem.read(path) == bytes)
  }

  @Test("only pieces that differ are written, and progress is told")
  func differences() throws {
    defer { removeAll(folder) }
    let (image, bytes) = try image(9_000_001)
    let path = folder.appending("out")
    var old = bytes
    old[5_000_000] ^= 1
    try FileSystem.replace(path, with: old)
    let steps = Steps()
    let report = try write(image, to: path, delta: true, steps: steps)
    #expect(report.written == 4_194_304 && report.skipped == 4_805_697 && report.isVerified)
    #expect(try FileSystem.read(path) == bytes)
    #expect(
      steps.all.withLock { $0 } == [
        "comparing 4194304", "comparing 8388608", "comparing 9000001", "readingBack 4194304",
        "readingBack 8388608", "readingBack 9000001",
      ])
    // Shorter than the image, and not there at all.
    try FileSystem.replace(path, with: bytes.prefix(5_000_000))
    #expect(try write(image, to: path, delta: true).written == 4_805_697)
    #expect(try FileSystem.read(path) == bytes)
    #expect(try write(image, to: folder.appending("new"), delta: true).written == 9_000_001)
  }

  @Test("an interrupted writing says what it left, and what it left does not boot")
  func interrupted() throws {
    defer { removeAll(folder) }
    let (image, _) = try image(9_000_001)
    let path = folder.appending("out")
    let steps = Steps()
    let error = #expect(throws: BuildError.self) {
      try write(
        image, to: path, steps: steps, isCancelled: { steps.all.withLock { $0.count == 1 } })
    }
    let name = path.string
    #expect(
      error?.description == """
        error: \(name) is incomplete: interrupted at byte 4194304 of 9000001
          fix: it does not boot before it is written again
        """)
    let left = try #require(try FileSystem.read(path))
    #expect(left.prefix(4096).allSatisfy { $0 == 0 })
    let other = Steps()
    let late = #expect(throws: BuildError.self) {
      try write(
        image, to: path, steps: other, isCancelled: { other.all.withLock { $0.count == 4 } })
    }
    #expect(
      late?.description == """
        error: interrupted: \(name) is written, but not read back to its end
          fix: write it again with --delta to compare it
        """)
    let early = #expect(throws: BuildError.self) {
      try write(image, to: path, delta: true, isCancelled: { true })
    }
    #expect(early?.description == "error: interrupted: nothing was written to \(name)")
  }

  @Test("what does not read back as it was written is found, to the byte")
  func different() throws {
    defer { removeAll(folder) }
    let (image, bytes) = try image(9_000_001)
    let path = folder.appending("out")
    let destination = try Destination(file: path)
    defer { destination.close() }
    let write = ImageWrite(image, to: destination, progress: { _, _ in }, isCancelled: { false })
    var report = try write.write(onlyDifferences: false)
    var wrong = bytes
    wrong[8_500_000] ^= 0x10
    try overwrite(path, wrong)
    let error = #expect(throws: BuildError.self) { try write.verify(&report) }
    #expect(
      error?.description == """
        error: \(path) does not give back what was written to it
          why: the first byte that differs is number 8500000 of 9000001
          fix: do not use it: it is broken, or smaller than it says; take another
        """)
    #expect(!report.isVerified)
    // The image itself, not the disk, is not what its digest says.
    let other = ImageWrite(
      .init(file: image.file, name: image.name, digest: Digest(of: wrong)), to: destination,
      progress: { _, _ in }, isCancelled: { false })
    try overwrite(path, bytes)
    let damaged = #expect(throws: BuildError.self) { try other.verify(&report) }
    #expect(damaged?.message == "the image stick.img in the cache is damaged")
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
