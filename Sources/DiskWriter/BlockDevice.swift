/// A whole disk, as the kernel describes it.
public struct BlockDevice: Sendable, Equatable {
  /// How a disk is connected.
  public enum Bus: String, Sendable {
    case usb, mmc, ata, scsi, nvme, virtio
    /// A file that stands for a disk.
    case loop
    /// A volume made of other disks: LVM, encryption, multipath.
    case deviceMapper = "device-mapper"
    case raid, optical, other

    /// For people: "USB".
    public var name: String {
      switch self {
      case .usb: "USB"
      case .mmc: "MMC"
      case .ata: "ATA"
      case .scsi: "SCSI"
      case .nvme: "NVMe"
      case .virtio: "virtio"
      case .loop: "a file"
      case .deviceMapper: "device-mapper"
      case .raid: "RAID"
      case .optical: "an optical drive"
      case .other: "another bus"
      }
    }
  }

  /// One of the kernel's own partitions.
  public struct Partition: Sendable, Equatable {
    /// "sdb1"
    public var name: String
    public var number: DeviceNumber

    public init(name: String, number: DeviceNumber) {
      self.name = name
      self.number = number
    }
  }

  /// The kernel's name: "sdb".
  public var name: String
  public var number: DeviceNumber
  /// In bytes.
  public var size: Int64
  /// The unit in which the disk is addressed, in bytes.
  public var blockSize: Int
  public var isReadOnly: Bool
  /// True for a medium that people plug in.
  public var isRemovable: Bool
  public var bus: Bus
  public var model: String?
  public var serial: String?
  /// Counts the media that the kernel has seen; nil where the kernel does not count.
  public var sequence: UInt64?
  public var partitions: [Partition]
  /// What it, or a part of it, is used for now.
  public var uses: [Use]

  public init(
    name: String, number: DeviceNumber, size: Int64, blockSize: Int = 512, isReadOnly: Bool = false,
    isRemovable: Bool = true, bus: Bus = .usb, model: String? = nil, serial: String? = nil,
    sequence: UInt64? = nil, partitions: [Partition] = [], uses: [Use] = []
  ) {
    self.name = name
    self.number = number
    self.size = size
    self.blockSize = blockSize
    self.isReadOnly = isReadOnly
    self.isRemovable = isRemovable
    self.bus = bus
    self.model = model
    self.serial = serial
    self.sequence = sequence
    self.partitions = partitions
    self.uses = uses
  }

  public var path: String { "/dev/\(name.map { $0 == "!" ? "/" : String($0) }.joined())" }

  /// What `--force-fixed-disk` has to repeat.
  public var forceName: String { serial ?? name }

  /// True for what a person would call a stick or a card.
  public var isStick: Bool { isRemovable && (bus == .usb || bus == .mmc) }

  /// True while it is the same disk with the same medium in it.
  public func isSame(as other: BlockDevice) -> Bool {
    name == other.name && number == other.number && size == other.size
      && sequence == other.sequence && serial == other.serial && model == other.model
  }
}

/// What keeps a disk from being written.
public enum Use: Sendable, Equatable {
  /// A file system on `part` is mounted.
  case mount(part: String, at: String)
  case swap(part: String)
  /// Another device is made of `part`: "the LVM volume vg-root".
  case layer(part: String, of: String)
}
