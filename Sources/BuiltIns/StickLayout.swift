import BuildEngine
import SystemPackage

/// A disk with one FAT partition that starts at 1 MiB, or such a partition alone.
struct StickLayout {
  enum Firmware { case bios, efi, both }

  enum Table {
    case mbr, gpt
    /// The file system starts at the first sector.
    case none
  }

  static let sectorSize = 512
  /// With 64 heads of 32 sectors a cylinder is one MiB.
  static let heads = 64
  static let sectorsPerTrack = 32

  let firmware: Firmware
  var table = Table.mbr
  var label = "PXEBUILD"
  var identity = StickIdentity.fixed
  /// A folder with what goes in. Its files are the writer's to stamp: no blobs.
  let folder: FilePath
  /// The files by their paths in the folder and on the disk, with "/", in the order in which they are written.
  let files: [String]
  /// Of the file system, in MiB.
  let mebibytes: Int
  /// What is free behind the file system, in MiB; a GPT has its copy there.
  var tail = 0

  /// - Parameter mebibytes: Of the file system; nil for what a few files need that have 28 MiB at most.
  init(_ firmware: Firmware, folder: FilePath, files: [String], mebibytes: Int? = nil) throws {
    self.firmware = firmware
    self.folder = folder
    self.files = files
    if let mebibytes {
      self.mebibytes = mebibytes
      return
    }
    var bytes: Int64 = 0
    for file in files { bytes += try FileIdentity.of(folder.appending(file))?.size ?? 0 }
    // Clusters of one sector make it a FAT16, which every firmware reads, between 2 and 31 MiB.
    self.mebibytes = max(8, Int(bytes >> 20) + 3)
    guard self.mebibytes <= 31 else {
      throw BuildError(
        .failed, "the USB image would be larger than 31 MiB",
        reason: "its files have \(bytes) bytes",
        advice: "this is a fault of the rule, please report it")
    }
  }

  var geometry: FATGeometry { FATGeometry(mebibytes: mebibytes) }
  var firstSector: Int { table == .none ? 0 : 2048 }
  var sectors: Int { mebibytes << 11 }
  /// In bytes.
  var imageSize: Int { (mebibytes + (table == .none ? 0 : 1) + tail) << 20 }

  /// The folders that the files need, parents first.
  var folders: [String] {
    var seen: Set<String> = []
    var result: [String] = []
    for file in files {
      let parts = file.split(separator: "/").dropLast()
      for length in parts.indices {
        let folder = parts[...length].joined(separator: "/")
        if seen.insert(folder).inserted { result.append(folder) }
      }
    }
    return result
  }

  /// What stands before and behind the file system: where, and the bytes.
  ///
  /// - Parameter bootCode: At most 440 bytes.
  func tables(bootCode: [UInt8]) -> [(offset: Int, bytes: [UInt8])] {
    switch table {
    case .none: return []
    case .mbr: return [(0, masterBootRecord(bootCode: bootCode))]
    case .gpt:
      let table = GUIDTable(
        identity: identity, sectors: imageSize >> 9,
        partition: .init(
          first: firstSector, count: sectors, isSystem: firmware != .bios,
          startsBIOS: firmware != .efi, name: label))
      return [
        (0, bootSector(bootCode, entry: GUIDTable.protectiveEntry(sectors: imageSize >> 9))),
        (Self.sectorSize, table.primary), (imageSize - table.backup.count, table.backup),
      ]
    }
  }

  /// The first sector: boot code, a disk signature, one partition entry.
  func masterBootRecord(bootCode: [UInt8]) -> [UInt8] {
    // Active FAT with LBA for a BIOS, which UEFI reads as well on what is removable; a system partition,
    // inactive, for EFI alone.
    let kind: UInt8 = firmware == .efi ? 0xef : geometry.isFAT32 ? 0x0c : 0x0e
    var entry: [UInt8] = [firmware == .efi ? 0 : 0x80]
    entry += chs(firstSector)
    entry.append(kind)
    entry += chs(firstSector + sectors - 1)
    entry += littleEndian(firstSector) + littleEndian(sectors)
    return bootSector(bootCode, entry: entry)
  }

  private func bootSector(_ bootCode: [UInt8], entry: [UInt8]) -> [UInt8] {
    var record = bootCode.prefix(440) + Array(repeating: 0, count: 440 - min(440, bootCode.count))
    record += identity.signature + [0, 0]
    record += entry + Array(repeating: 0, count: 48) + [0x55, 0xaa]
    return Array(record)
  }

  private func chs(_ sector: Int) -> [UInt8] {
    let (cylinder, rest) = sector.quotientAndRemainder(
      dividingBy: Self.heads * Self.sectorsPerTrack)
    // Beyond what the form can say.
    guard cylinder < 1024 else { return [0xfe, 0xff, 0xff] }
    let (head, index) = rest.quotientAndRemainder(dividingBy: Self.sectorsPerTrack)
    return [UInt8(head), UInt8(index + 1) | UInt8((cylinder >> 8) << 6), UInt8(cylinder & 0xff)]
  }

  private func littleEndian(_ value: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }
}
