import BuildEngine
import Glibc
import SystemPackage

/// Writes a `StickLayout` with mtools and SYSLINUX, without root and without a mount.
struct StickWriter {
  private let layout: StickLayout
  private let scratch: FilePath

  /// 2020-01-01: FAT has no time before 1980, and the bytes must not depend on the clock.
  static let time = 1_577_836_800
  private static let packages =
    "install what it needs: apt-get install mtools syslinux syslinux-common"

  /// - Parameter scratch: the folder in which the image is written.
  init(_ layout: StickLayout, scratch: FilePath) {
    self.layout = layout
    self.scratch = scratch
  }

  func write(_ image: FilePath) async throws {
    try makeEmpty(image)
    // A name without a folder: "@@" in a folder's name would be taken for the offset.
    let name = image.lastComponent?.string ?? "image"
    let offset = layout.firstSector * StickLayout.sectorSize
    let partition = offset == 0 ? name : "\(name)@@\(offset)"
    let geometry = layout.geometry
    try await run(
      "mformat",
      [
        "-i", partition, "-T", "\(layout.sectors)", "-h", "\(StickLayout.heads)",
        "-s", "\(StickLayout.sectorsPerTrack)", "-H", "\(layout.firstSector)",
        "-c", "\(geometry.clusterSectors)", "-N", layout.identity.serial, "-v", layout.label,
      ] + (geometry.isFAT32 ? ["-F"] : []) + ["::"])
    for folders in batches(layout.folders) {
      try await run("mmd", ["-i", partition] + folders.map { "::\($0)" })
    }
    try await copyFiles(to: partition)
    var bootCode: [UInt8] = []
    if layout.firmware != .efi, layout.table != .none {
      try await run("syslinux", ["--install", "--offset", "\(offset)", name])
      bootCode = try Self.bootCode(layout.table == .gpt ? "gptmbr.bin" : "mbr.bin")
    }
    if geometry.isFAT32 { try copyBootSector(of: image, at: offset) }
    for (offset, bytes) in layout.tables(bootCode: bootCode) {
      try write(bytes, to: image, at: offset)
    }
  }

  /// FAT32 has a copy of its first sector in its seventh, which SYSLINUX leaves as it was.
  private func copyBootSector(of image: FilePath, at offset: Int) throws {
    var sector = [UInt8](repeating: 0, count: StickLayout.sectorSize)
    let file = try FileSystem.open(image, .readOnly, doing: "read")
    defer { try? file.close() }  // opened for reading only
    let count = try sector.withUnsafeMutableBytes {
      try file.read(fromAbsoluteOffset: Int64(offset), into: $0)
    }
    guard count == sector.count else {
      throw BuildError(.failed, "cannot make a USB image: it ends too early")
    }
    try write(sector, to: image, at: offset + 6 * StickLayout.sectorSize)
  }

  /// In the order of the layout; those that follow one another into one folder go together.
  private func copyFiles(to partition: String) async throws {
    var batch: [String] = []
    for file in layout.files {
      if let last = batch.last,
        batch.count == Self.batchSize || Self.folder(of: last) != Self.folder(of: file)
      {
        try await copy(batch, to: partition)
        batch = []
      }
      batch.append(file)
    }
    try await copy(batch, to: partition)
  }

  private func copy(_ files: [String], to partition: String) async throws {
    guard let first = files.first else { return }
    let sources = files.map { layout.folder.appending($0) }
    for source in sources { try setTime(source) }
    try await run(
      "mcopy",
      ["-i", partition, "-m"] + sources.map(\.string) + ["::\(Self.folder(of: first))"])
  }

  /// So many files and folders that their names fit on a command line.
  private static let batchSize = 200

  private func batches(_ folders: [String]) -> [[String]] {
    stride(from: 0, to: folders.count, by: Self.batchSize).map {
      Array(folders[$0..<min(folders.count, $0 + Self.batchSize)])
    }
  }

  private static func folder(of path: String) -> String {
    path.split(separator: "/").dropLast().joined(separator: "/")
  }

  private func makeEmpty(_ image: FilePath) throws {
    let file = try FileSystem.open(
      image, .readWrite, options: [.create, .exclusiveCreate], permissions: [.ownerReadWrite],
      doing: "write")
    defer { try? file.close() }  // nothing was written that could be lost
    guard ftruncate(file.rawValue, off_t(layout.imageSize)) == 0 else {
      throw BuildError(errno: errno, doing: "write", path: image)
    }
  }

  private func setTime(_ path: FilePath) throws {
    var times = [timespec(tv_sec: Self.time, tv_nsec: 0), timespec(tv_sec: Self.time, tv_nsec: 0)]
    guard utimensat(AT_FDCWD, path.string, &times, 0) == 0 else {
      throw BuildError(errno: errno, doing: "write", path: path)
    }
  }

  private func write(_ bytes: [UInt8], to image: FilePath, at offset: Int) throws {
    let file = try FileSystem.open(image, .writeOnly, doing: "write")
    defer { try? file.close() }  // synced by the store
    do { try file.writeAll(toAbsoluteOffset: Int64(offset), bytes) } catch let error as Errno {
      throw BuildError(errno: error.rawValue, doing: "write", path: image)
    }
  }

  /// SYSLINUX's code for the first sector, where Debian, Ubuntu, Fedora and Arch have it.
  private static func bootCode(_ name: String) throws -> [UInt8] {
    let places = ["/usr/lib/syslinux/mbr", "/usr/share/syslinux", "/usr/lib/syslinux/bios"]
    for place in places {
      if let bytes = try FileSystem.read(FilePath("\(place)/\(name)")) { return bytes }
    }
    throw BuildError(
      .failed, "cannot make a USB image for a BIOS", reason: "there is no \(name) of SYSLINUX",
      advice: packages)
  }

  private func run(_ name: String, _ arguments: [String]) async throws {
    var program = try Program(name, advice: Self.packages)
    program.isAlone = true
    program.environment = [
      "SOURCE_DATE_EPOCH": "\(Self.time)", "TZ": "UTC", "LC_ALL": "C.UTF-8",
      "MTOOLSRC": "/dev/null", "MTOOLS_SKIP_CHECK": "1", "HOME": scratch.string,
      "PATH": Toolchain.searchPath.joined(separator: ":"), "TMPDIR": scratch.string,
    ]
    let result = try await program.run(arguments, in: scratch)
    if let failure = result.diskFailure(at: scratch) { throw failure }
    guard result.isSuccess else {
      throw BuildError(
        .failed, "cannot make a USB image: \(name) failed",
        outputTail: result.errorLines.suffix(20).map { $0 })
    }
  }
}
