import BuildEngine
import Glibc
import SystemPackage

/// Reads what the kernel and udev say of this machine's disks, as it is at that moment.
public struct DeviceReader: Sendable {
  private let files: KernelFiles
  private let table: MountTable

  /// - Parameter root: The folder that holds `sys`, `proc` and `run`; another than "/" is for tests.
  public init(root: FilePath = "/") {
    files = KernelFiles(root: root)
    table = MountTable(files)
  }

  /// Every disk that has a medium, in the order of their names, without those that only live in memory.
  public func disks() -> [BlockDevice] {
    files.names(files.blockDevices).filter { name in
      !["ram", "zram", "fd"].contains { Self.isNumbered(name, $0) }
    }.compactMap(disk).filter { $0.size > 0 }
  }

  /// The disk of a kernel's name; nil when there is none.
  public func disk(_ name: String) -> BlockDevice? {
    let folder = files.blockDevices.appending(name)
    guard let number = files.text(folder.appending("dev")).flatMap({ DeviceNumber($0) }) else {
      return nil
    }
    let home = files.resolved(folder)
    let parts = partitions(of: name)
    let bus = bus(of: name, home)
    return BlockDevice(
      name: name, number: number,
      size: (files.text(folder.appending("size")).flatMap { Int64($0) } ?? 0) << 9,
      blockSize: files.text(folder.appending("queue/logical_block_size")).flatMap { Int($0) }
        ?? 512,
      isReadOnly: files.text(folder.appending("ro")) == "1",
      isRemovable: isRemovable(folder, bus), bus: bus, model: model(folder, number),
      serial: serial(folder, home, bus, number),
      sequence: files.text(folder.appending("diskseq")).flatMap { UInt64($0) },
      partitions: parts, uses: uses(of: name, number, parts))
  }

  /// The disk of a number, or the disk that a partition of that number is on, with the partition's name.
  public func disk(_ number: DeviceNumber) -> (disk: BlockDevice, partition: String?)? {
    for name in files.names(files.blockDevices) {
      let own = files.text(files.blockDevices.appending(name).appending("dev"))
      if own.flatMap({ DeviceNumber($0) }) == number { return disk(name).map { ($0, nil) } }
      if let part = partitions(of: name).first(where: { $0.number == number }) {
        return disk(name).map { ($0, part.name) }
      }
    }
    return nil
  }

  /// The mount of a disk's that holds a path.
  public func mount(of disk: BlockDevice, holding path: FilePath) -> Use? {
    // What is not there yet will be on the disk of the folder above it.
    var path = path
    while !files.exists(path), path.lastComponent != nil { path.removeLastComponent() }
    guard let place = table.place(holding: files.resolved(path).string) else { return nil }
    return disk.uses.first {
      if case .mount(_, place) = $0 { true } else { false }
    }
  }

  // MARK: What it is

  private func partitions(of name: String) -> [BlockDevice.Partition] {
    let folder = files.blockDevices.appending(name)
    return files.names(folder).compactMap { part in
      let inner = folder.appending(part)
      guard part.hasPrefix(name), files.exists(inner.appending("partition")),
        let number = files.text(inner.appending("dev")).flatMap({ DeviceNumber($0) })
      else { return nil }
      return .init(name: part, number: number)
    }.sorted { ($0.name.count, $0.name) < ($1.name.count, $1.name) }
  }

  private func bus(of name: String, _ home: FilePath) -> BlockDevice.Bus {
    if Self.isNumbered(name, "loop") { return .loop }
    if Self.isNumbered(name, "dm-") { return .deviceMapper }
    if name.hasPrefix("md") { return .raid }
    if Self.isNumbered(name, "sr") { return .optical }
    let parts = home.components.map(\.string)
    for (prefix, bus) in [
      ("usb", BlockDevice.Bus.usb), ("mmc", .mmc), ("nvme", .nvme), ("ata", .ata),
      ("virtio", .virtio), ("host", .scsi),
    ] where parts.contains(where: { Self.isNumbered($0, prefix) }) {
      return bus
    }
    return .other
  }

  private static func isNumbered(_ name: String, _ prefix: String) -> Bool {
    guard name.hasPrefix(prefix) else { return false }
    let rest = name.utf8.dropFirst(prefix.utf8.count)
    return !rest.isEmpty && rest.allSatisfy { (0x30...0x39).contains($0) }
  }

  /// A slot for cards says no, though its cards come and go; what is soldered in calls itself MMC.
  private func isRemovable(_ folder: FilePath, _ bus: BlockDevice.Bus) -> Bool {
    if files.text(folder.appending("removable")) == "1" { return true }
    return bus == .mmc && files.text(folder.appending("device/type")) == "SD"
  }

  private func model(_ folder: FilePath, _ number: DeviceNumber) -> String? {
    if let file = files.text(folder.appending("loop/backing_file")) { return file }
    if let name = files.text(folder.appending("dm/name")) { return name }
    let words = ["device/vendor", "device/model"].compactMap { files.text(folder.appending($0)) }
      // ATA disks have "ATA" for a vendor, virtio a number.
      .filter { $0 != "ATA" && !$0.hasPrefix("0x") }
    if !words.isEmpty { return words.joined(separator: " ") }
    return files.text(folder.appending("device/name")) ?? udev(number, "ID_MODEL")
  }

  private func serial(
    _ folder: FilePath, _ home: FilePath, _ bus: BlockDevice.Bus, _ number: DeviceNumber
  ) -> String? {
    if bus == .usb, let serial = usbSerial(home) { return serial }
    for name in ["serial", "device/serial"] {
      if let serial = files.text(folder.appending(name)) { return serial }
    }
    // SCSI's page of the unit serial number: four bytes before the text.
    if let page = (try? FileSystem.read(folder.appending("device/vpd_pg80"))) ?? nil,
      let serial = KernelFiles.trimmed(String(decoding: page.dropFirst(4), as: UTF8.self))
    {
      return serial
    }
    return udev(number, "ID_SERIAL_SHORT")
  }

  /// The serial number of the USB device that the disk is a part of.
  private func usbSerial(_ home: FilePath) -> String? {
    var folder = home
    while folder.lastComponent != nil {
      if files.exists(folder.appending("idVendor")) {
        return files.text(folder.appending("serial"))
      }
      folder.removeLastComponent()
    }
    return nil
  }

  /// A property in udev's data base.
  private func udev(_ number: DeviceNumber, _ name: String) -> String? {
    let file = files.root.appending("run/udev/data").appending("b\(number)")
    let mark = "E:\(name)="
    let line = files.text(keepingLines: file)?.split(separator: "\n").first { $0.hasPrefix(mark) }
    return line.flatMap { KernelFiles.trimmed(String($0.dropFirst(mark.count))) }
  }

  // MARK: What it is used for

  private func uses(
    of name: String, _ number: DeviceNumber, _ partitions: [BlockDevice.Partition]
  ) -> [Use] {
    var seen: Set<String> = []
    let folder = files.blockDevices.appending(name)
    var result = uses(of: name, number, called: name, holders: folder, &seen)
    for part in partitions {
      result += uses(
        of: part.name, part.number, called: part.name, holders: folder.appending(part.name), &seen)
    }
    return result
  }

  /// - Parameters:
  ///   - called: What a person is told: the part of the disk behind it.
  ///   - holders: The folder that names the devices which are made of it.
  private func uses(
    of name: String, _ number: DeviceNumber, called: String, holders: FilePath,
    _ seen: inout Set<String>
  ) -> [Use] {
    guard seen.insert(name).inserted else { return [] }
    var result: [Use] = table.mounts.filter { isFrom(name, number, $0) }.map {
      .mount(part: called, at: $0.place)
    }
    if table.swaps.contains(where: { isPath($0, name, number) }) {
      result.append(.swap(part: called))
    }
    for holder in files.names(holders.appending("holders")) {
      let above = files.blockDevices.appending(holder)
      guard let number = files.text(above.appending("dev")).flatMap({ DeviceNumber($0) }) else {
        continue
      }
      result.append(.layer(part: called, of: layerName(holder)))
      result += uses(of: holder, number, called: called, holders: above, &seen)
    }
    return result
  }

  /// A file system of several disks (btrfs) has a number of its own; then the source tells.
  private func isFrom(_ name: String, _ number: DeviceNumber, _ mount: MountTable.Mount) -> Bool {
    mount.number == number || (mount.number.major == 0 && isPath(mount.source, name, number))
  }

  private func isPath(_ path: String, _ name: String, _ number: DeviceNumber) -> Bool {
    guard path.hasPrefix("/dev/") else { return false }
    if path == "/dev/\(name)" { return true }
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFBLK
      && DeviceNumber(status.st_rdev) == number
  }

  /// "the LVM volume vg-root", "the RAID md0".
  private func layerName(_ holder: String) -> String {
    if holder.hasPrefix("md") { return "the RAID \(holder)" }
    let folder = files.blockDevices.appending(holder).appending("dm")
    guard let name = files.text(folder.appending("name")) else { return holder }
    let kind = files.text(folder.appending("uuid")) ?? ""
    if kind.hasPrefix("LVM-") { return "the LVM volume \(name)" }
    if kind.hasPrefix("CRYPT-") { return "the encrypted volume \(name)" }
    return "the device-mapper volume \(name)"
  }
}
