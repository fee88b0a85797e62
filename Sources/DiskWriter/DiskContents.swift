import CBlkid
import Glibc

/// What is on a disk, as libblkid recognises it.
public struct DiskContents: Sendable, Equatable {
  /// A file system, or a part of a RAID or of LVM.
  public struct Volume: Sendable, Equatable {
    /// libblkid's name: "vfat", "LVM2_member".
    public var type: String
    public var label: String?
    /// True for a part of something larger.
    public var isMember: Bool

    public init(_ type: String, label: String? = nil, isMember: Bool = false) {
      self.type = type
      self.label = label
      self.isMember = isMember
    }
  }

  public struct Part: Sendable, Equatable {
    public var number: Int
    /// In bytes.
    public var size: Int64
    public var volume: Volume?

    public init(number: Int, size: Int64, volume: Volume? = nil) {
      self.number = number
      self.size = size
      self.volume = volume
    }
  }

  /// "gpt", "dos"; nil for none.
  public var table: String?
  public var parts: [Part]
  /// What covers the whole disk.
  public var volume: Volume?

  public init(table: String? = nil, parts: [Part] = [], volume: Volume? = nil) {
    self.table = table
    self.parts = parts
    self.volume = volume
  }

  /// Looks at an open disk. What cannot be read counts as nothing.
  public init(of file: Int32) {
    self.init()
    guard let probe = blkid_new_probe() else { return }
    defer { blkid_free_probe(probe) }
    guard blkid_probe_set_device(probe, file, 0, 0) == 0 else { return }
    volume = Self.volume(probe)
    blkid_probe_enable_superblocks(probe, 0)
    blkid_probe_enable_partitions(probe, 1)
    guard blkid_do_safeprobe(probe) == 0 else { return }
    table = Self.value("PTTYPE", probe)
    guard let list = blkid_probe_get_partitions(probe) else { return }
    for index in 0..<blkid_partlist_numof_partitions(list) {
      guard let part = blkid_partlist_get_partition(list, index) else { continue }
      // Both in units of 512 bytes, whatever the disk's own.
      let start = blkid_partition_get_start(part) << 9
      let size = blkid_partition_get_size(part) << 9
      guard start > 0, size > 0 else { continue }
      parts.append(
        Part(
          number: Int(blkid_partition_get_partno(part)), size: size,
          volume: Self.volume(of: file, at: start, size: size)))
    }
  }

  private static func volume(of file: Int32, at start: Int64, size: Int64) -> Volume? {
    guard let probe = blkid_new_probe() else { return nil }
    defer { blkid_free_probe(probe) }
    guard blkid_probe_set_device(probe, file, start, size) == 0 else { return nil }
    return volume(probe)
  }

  private static func volume(_ probe: blkid_probe) -> Volume? {
    blkid_probe_enable_superblocks(probe, 1)
    blkid_probe_set_superblocks_flags(
      probe, BLKID_SUBLKS_LABEL | BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE)
    // The first signature that is found; two of them (an image that is a disc as well) are no error here.
    blkid_reset_probe(probe)
    guard blkid_do_probe(probe) == 0, let type = value("TYPE", probe) else { return nil }
    return Volume(
      type, label: value("LABEL", probe), isMember: value("USAGE", probe) == "raid")
  }

  private static func value(_ name: String, _ probe: blkid_probe) -> String? {
    var data: UnsafePointer<CChar>?
    var length = 0
    guard blkid_probe_lookup_value(probe, name, &data, &length) == 0, let data else { return nil }
    return KernelFiles.trimmed(String(cString: data))
  }
}

extension DiskContents {
  /// Every part of something larger, by what a person calls the part.
  ///
  /// - Parameter disk: The disk's name.
  func members(on disk: String) -> [(part: String, type: String)] {
    var result: [(part: String, type: String)] = []
    if let volume, volume.isMember { result.append((disk, volume.type)) }
    for part in parts {
      guard let volume = part.volume, volume.isMember else { continue }
      result.append(("partition \(part.number) of \(disk)", volume.type))
    }
    return result
  }
}
