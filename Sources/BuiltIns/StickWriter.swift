import BuildEngine
import Glibc
import SystemPackage

/// Writes a `StickLayout` with mtools and SYSLINUX, without root and without a mount.
struct StickWriter {
  private let layout: StickLayout
  private let scratch: FilePath

  /// 2020-01-01: FAT has no time before 1980, and the bytes must not depend on the clock.
  private static let time = 1_577_836_800
  private static let serial = "50584542"
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
    let partition = "\(name)@@1M"
    try await run(
      "mformat",
      [
        "-i", partition, "-T", "\(layout.sectors)", "-h", "\(StickLayout.heads)",
        "-s", "\(StickLayout.sectorsPerTrack)", "-H", "\(StickLayout.firstSector)", "-c", "1",
        "-N", Self.serial, "-v", "PXEBUILD", "::",
      ])
    if !layout.folders.isEmpty {
      try await run("mmd", ["-i", partition] + layout.folders.map { "::\($0)" })
    }
    for file in layout.files {
      try setTime(file.source)
      try await run("mcopy", ["-i", partition, "-m", file.source.string, "::\(file.path)"])
    }
    var bootCode: [UInt8] = []
    if layout.firmware == .bios {
      try await run("syslinux", ["--install", "--offset", "\(1 << 20)", name])
      bootCode = try Self.bootCode()
    }
    try writeFirstSector(of: image, layout.masterBootRecord(bootCode: bootCode))
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

  private func writeFirstSector(of image: FilePath, _ bytes: [UInt8]) throws {
    let file = try FileSystem.open(image, .writeOnly, doing: "write")
    defer { try? file.close() }  // synced by the store
    try FileSystem.write(bytes, to: file, path: image)
  }

  /// SYSLINUX's master boot record code, where Debian, Ubuntu, Fedora and Arch have it.
  private static func bootCode() throws -> [UInt8] {
    let places = [
      "/usr/lib/syslinux/mbr/mbr.bin", "/usr/share/syslinux/mbr.bin",
      "/usr/lib/syslinux/bios/mbr.bin",
    ]
    for place in places {
      if let bytes = try FileSystem.read(FilePath(place)) { return bytes }
    }
    throw BuildError(
      .failed, "cannot make a USB image for a BIOS", reason: "there is no mbr.bin of SYSLINUX",
      advice: packages)
  }

  private func run(_ name: String, _ arguments: [String]) async throws {
    var program = try Program(name, advice: Self.packages)
    program.environment = [
      "SOURCE_DATE_EPOCH": "\(Self.time)", "TZ": "UTC", "LC_ALL": "C.UTF-8",
      "MTOOLSRC": "/dev/null", "MTOOLS_SKIP_CHECK": "1", "HOME": scratch.string,
      "PATH": Toolchain.searchPath.joined(separator: ":"), "TMPDIR": scratch.string,
    ]
    let result = try await program.run(arguments, in: scratch)
    guard result.isSuccess else {
      throw BuildError(
        .failed, "cannot make a USB image: \(name) failed",
        outputTail: result.errorLines.suffix(20).map { $0 })
    }
  }
}
