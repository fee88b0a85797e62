import BuildEngine
import Glibc
import SystemPackage
import Testing

@testable import DiskWriter

/// What the files of the kernel and of udev say, on machines that are made up.
@Suite("Reading what the kernel says of disks")
struct DeviceReaderTests {
  private let machine: MadeUpMachine

  init() throws { machine = try MadeUpMachine() }

  private func disk(_ name: String) throws -> BlockDevice {
    try #require(DeviceReader(root: machine.root).disk(name))
  }

  @Test("a USB stick has the serial number of its USB device, and is one")
  func usbStick() throws {
    try machine.disk(
      "sdb", "8:16", home: "devices/pci0000:00/usb1/1-2/1-2:1.0/host6/target6:0:0/6:0:0:0/block",
      [
        "size": "30031872\n", "removable": "1\n", "ro": "0\n", "queue/logical_block_size": "512\n",
        "diskseq": "12\n", "device/vendor": "SanDisk \n", "device/model": "Ultra           \n",
        "sdb1/partition": "1\n", "sdb1/dev": "8:17\n",
      ])
    try machine.write("sys/devices/pci0000:00/usb1/1-2/idVendor", "0781\n")
    try machine.write("sys/devices/pci0000:00/usb1/1-2/serial", "4C53\u{1b}0001\n")
    let found = try disk("sdb")
    #expect(
      found
        == BlockDevice(
          name: "sdb", number: DeviceNumber(major: 8, minor: 16), size: 15_376_318_464,
          model: "SanDisk Ultra", serial: "4C530001", sequence: 12,
          partitions: [.init(name: "sdb1", number: DeviceNumber(major: 8, minor: 17))]))
    #expect(found.isStick && found.path == "/dev/sdb" && found.forceName == "4C530001")
    let reader = DeviceReader(root: machine.root)
    #expect(reader.disk(DeviceNumber(major: 8, minor: 17))?.partition == "sdb1")
    #expect(reader.disk(DeviceNumber(major: 8, minor: 16))?.partition == nil)
    #expect(reader.disk(DeviceNumber(major: 8, minor: 32)) == nil)
  }

  @Test("a card is removable though its slot says no, a chip on the board is not")
  func cards() throws {
    for (name, type) in [("mmcblk0", "MMC"), ("mmcblk1", "SD")] {
      try machine.disk(
        name, "179:\(name.last ?? "0")", home: "devices/platform/mmc_host/mmc0/mmc0:0001/block",
        [
          "size": "61071360\n", "removable": "0\n", "device/type": "\(type)\n",
          "device/name": "SC32G\n", "device/serial": "0x1234\n",
        ])
      let found = try disk(name)
      #expect(found.bus == .mmc && found.model == "SC32G" && found.serial == "0x1234")
      #expect(found.isStick == (type == "SD"))
    }
  }

  @Test("each bus is known, and where each keeps its names")
  func buses() throws {
    try machine.disk(
      "nvme0n1", "259:0", home: "devices/pci0000:00/nvme/nvme0",
      ["size": "100\n", "device/model": "Samsung 980\n", "device/serial": "S64\n"])
    try machine.disk(
      "sda", "8:0", home: "devices/pci0000:00/ata1/host0/target0:0:0/0:0:0:0/block",
      [
        "size": "100\n", "device/vendor": "ATA     \n", "device/model": "WDC WD10\n",
        "device/vpd_pg80": "\0\u{80}\0\u{8}  WD-1234",
      ])
    try machine.disk(
      "vda", "254:0", home: "devices/pci0000:00/virtio1/block",
      ["size": "100\n", "serial": "root\n", "device/vendor": "0x1af4\n"])
    try machine.disk(
      "sdc", "8:32", home: "devices/pci0000:00/host3/target3:0:0/3:0:0:0/block", ["size": "100\n"])
    try machine.write(
      "run/udev/data/b8:32", "S:disk/by-id/x\nE:ID_SERIAL_SHORT=Z9\nE:ID_MODEL=LUN\n")
    try machine.disk("loop3", "7:3", home: "devices/virtual/block", ["size": "0\n"])
    try machine.disk("sr0", "11:0", home: "devices/pci0000:00/ata2/host1/block", ["size": "8\n"])
    try machine.disk("zram0", "253:0", home: "devices/virtual/block", ["size": "100\n"])
    let expected: [(String, BlockDevice.Bus, String?, String?)] = [
      ("nvme0n1", .nvme, "Samsung 980", "S64"), ("sda", .ata, "WDC WD10", "WD-1234"),
      ("vda", .virtio, nil, "root"), ("sdc", .scsi, "LUN", "Z9"), ("sr0", .optical, nil, nil),
    ]
    for (name, bus, model, serial) in expected {
      let found = try disk(name)
      #expect(found.bus == bus && found.model == model && found.serial == serial, "\(name)")
    }
    // No medium, or in memory only.
    #expect(
      DeviceReader(root: machine.root).disks().map(\.name) == [
        "nvme0n1", "sda", "sdc", "sr0", "vda",
      ])
  }

  @Test("mounts, swap and volumes are found, also through LVM and encryption")
  func uses() throws {
    try machine.disk(
      "sda", "8:0", home: "devices/pci0000:00/ata1/host0/block",
      [
        "size": "100\n", "sda1/partition": "1\n", "sda1/dev": "8:1\n", "sda2/partition": "2\n",
        "sda2/dev": "8:2\n", "sda2/holders/dm-0/x": "", "sda3/partition": "3\n",
        "sda3/dev": "8:3\n", "sda3/holders/md0/x": "", "sda10/partition": "10\n",
        "sda10/dev": "8:10\n",
      ])
    try machine.disk(
      "dm-0", "252:0", home: "devices/virtual/block",
      ["size": "9\n", "dm/name": "crypt\n", "dm/uuid": "CRYPT-LUKS2-x\n", "holders/dm-1/x": ""])
    try machine.disk(
      "dm-1", "252:1", home: "devices/virtual/block",
      ["size": "9\n", "dm/name": "vg-root\n", "dm/uuid": "LVM-abc\n"])
    try machine.disk("md0", "9:0", home: "devices/virtual/block", ["size": "9\n"])
    try machine.write(
      "proc/self/mountinfo",
      """
      21 1 252:1 / / rw,relatime shared:1 - ext4 /dev/mapper/vg-root rw
      22 21 8:1 / /boot/with\\040blank rw - vfat /dev/sda1 rw
      23 21 0:44 / /srv rw - btrfs /dev/md0 rw
      24 21 0:45 / /proc rw - proc proc rw

      """)
    try machine.write(
      "proc/swaps",
      "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/sda10 partition 8 0 -2\n")
    let found = try disk("sda")
    #expect(found.partitions.map(\.name) == ["sda1", "sda2", "sda3", "sda10"])
    #expect(
      found.uses == [
        .mount(part: "sda1", at: "/boot/with blank"),
        .layer(part: "sda2", of: "the encrypted volume crypt"),
        .layer(part: "sda2", of: "the LVM volume vg-root"), .mount(part: "sda2", at: "/"),
        .layer(part: "sda3", of: "the RAID md0"), .mount(part: "sda3", at: "/srv"),
        .swap(part: "sda10"),
      ])
    #expect(try disk("dm-1").bus == .deviceMapper && disk("md0").bus == .raid)
    let reader = DeviceReader(root: machine.root)
    #expect(reader.mount(of: found, holding: "/srv/recipes") == .mount(part: "sda3", at: "/srv"))
    #expect(reader.mount(of: found, holding: "/srvx") == .mount(part: "sda2", at: "/"))
    #expect(reader.mount(of: try disk("md0"), holding: "/etc") == nil)
  }

  @Test("another medium, another stick and another size are no longer the same disk")
  func identity() {
    let disk = BlockDevice(
      name: "sdb", number: DeviceNumber(major: 8, minor: 16), size: 100, serial: "A", sequence: 3)
    var other = disk
    other.uses = [.swap(part: "sdb1")]
    #expect(other.isSame(as: disk))
    for change in [\BlockDevice.name, \.serialText, \.sizeText, \.sequenceText] {
      var other = disk
      other[keyPath: change] = "77"
      #expect(!other.isSame(as: disk))
    }
  }
}

extension BlockDevice {
  fileprivate var serialText: String {
    get { serial ?? "" }
    set { serial = newValue }
  }
  fileprivate var sizeText: String {
    get { "\(size)" }
    set { size = Int64(newValue) ?? 0 }
  }
  fileprivate var sequenceText: String {
    get { "\(sequence ?? 0)" }
    set { sequence = UInt64(newValue) }
  }
}

/// A folder with `sys`, `proc` and `run` as a kernel would have them.
private final class MadeUpMachine {
  let root: FilePath

  init() throws {
    var template = Array("/tmp/pxebuild-machine-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
    root = FilePath(platformString: template)
    mkdir(root.appending("sys").string, 0o755)
    mkdir(root.appending("sys/block").string, 0o755)
  }

  // What cannot be removed stays in the folder for temporary files.
  deinit { try? FileSystem.remove(root) }

  /// A disk, whose folder is below `home`, with its files.
  func disk(_ name: String, _ number: String, home: String, _ files: [String: String]) throws {
    for (path, text) in files { try write("sys/\(home)/\(name)/\(path)", text) }
    try write("sys/\(home)/\(name)/dev", "\(number)\n")
    symlink("../\(home)/\(name)", root.appending("sys/block").appending(name).string)
  }

  func write(_ path: String, _ text: String) throws {
    let file = root.appending(path)
    var folder = root
    for part in FilePath(path).components.dropLast() {
      folder.append(part)
      mkdir(folder.string, 0o755)
    }
    let handle = try FileDescriptor.open(
      file, .writeOnly, options: [.create, .truncate], permissions: [.ownerReadWrite])
    try handle.closeAfter { _ = try handle.writeAll(text.utf8) }
  }
}
