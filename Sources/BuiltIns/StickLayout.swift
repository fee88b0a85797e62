import BuildEngine
import SystemPackage

/// A disk with one FAT16 partition that starts at 1 MiB.
struct StickLayout {
  enum Firmware { case bios, efi }

  static let sectorSize = 512
  static let firstSector = 2048
  /// With 64 heads of 32 sectors a cylinder is one MiB.
  static let heads = 64
  static let sectorsPerTrack = 32

  let firmware: Firmware
  /// What goes in, by path with "/". The sources are the writer's to stamp: no blobs.
  let files: [(path: String, source: FilePath)]
  /// Of the partition, in MiB.
  let mebibytes: Int

  init(_ firmware: Firmware, files: [(path: String, source: FilePath)]) throws {
    self.firmware = firmware
    self.files = files
    var bytes: Int64 = 0
    for file in files { bytes += try FileIdentity.of(file.source)?.size ?? 0 }
    // Clusters of one sector make it a FAT16, which every firmware reads, between 2 and 31 MiB.
    mebibytes = max(8, Int(bytes >> 20) + 3)
    guard mebibytes <= 31 else {
      throw BuildError(
        .failed, "the USB image would be larger than 31 MiB",
        reason: "its files have \(bytes) bytes",
        advice: "this is a fault of the rule, please report it")
    }
  }

  var sectors: Int { mebibytes << 11 }
  var imageSize: Int { (mebibytes + 1) << 20 }

  /// The folders that the files need, parents first.
  var folders: [String] {
    var result: [String] = []
    for file in files {
      let parts = file.path.split(separator: "/").dropLast()
      for length in parts.indices {
        let folder = parts[...length].joined(separator: "/")
        if !result.contains(folder) { result.append(folder) }
      }
    }
    return result
  }

  /// The first sector: boot code, a fixed disk signature, one partition entry.
  ///
  /// - Parameter bootCode: at most 440 bytes.
  func masterBootRecord(bootCode: [UInt8]) -> [UInt8] {
    var record = bootCode.prefix(440) + Array(repeating: 0, count: 440 - min(440, bootCode.count))
    record += [0x50, 0x58, 0x45, 0x42, 0, 0]
    // Active FAT16 with LBA for a BIOS; an EFI system partition, inactive, for EFI.
    record.append(firmware == .bios ? 0x80 : 0)
    record += chs(Self.firstSector)
    record.append(firmware == .bios ? 0x0e : 0xef)
    record += chs(Self.firstSector + sectors - 1)
    record += littleEndian(Self.firstSector) + littleEndian(sectors)
    record += Array(repeating: 0, count: 48) + [0x55, 0xaa]
    return Array(record)
  }

  private func chs(_ sector: Int) -> [UInt8] {
    let (cylinder, rest) = sector.quotientAndRemainder(
      dividingBy: Self.heads * Self.sectorsPerTrack)
    let (head, index) = rest.quotientAndRemainder(dividingBy: Self.sectorsPerTrack)
    return [UInt8(head), UInt8(index + 1) | UInt8((cylinder >> 8) << 6), UInt8(cylinder & 0xff)]
  }

  private func littleEndian(_ value: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }
}
