import BuildEngine

/// Decides whether a disk may be written. A function of what is known of the disk and of what was asked
/// for, and of nothing else.
public struct DeviceJudgement: Sendable {
  /// The path as the person gave it.
  public var path: String
  /// What is to be written, and its size in bytes; nil while it is not known yet.
  public var image: (name: String, size: Int64)?
  /// What `--force-fixed-disk` says.
  public var forcedName: String?
  /// The disk holds something that is needed: "the running system", "the cache".
  public var holds: [(what: String, use: Use)]

  public init(
    path: String, image: (name: String, size: Int64)? = nil, forcedName: String? = nil,
    holds: [(what: String, use: Use)] = []
  ) {
    self.path = path
    self.image = image
    self.forcedName = forcedName
    self.holds = holds
  }

  private var shown: String { path.printable }
  private static let another = "name another disk; pxebuild usb --list shows those that there are"

  /// Every reason not to write, the gravest first; none when it may be written.
  public func refusals(of place: DevicePlace) -> [BuildError] {
    switch place {
    case .missing:
      return [refusal("there is no \(shown)", fix: Self.another)]
    case .noDevice(let what):
      return [refusal("\(shown) is \(what), not a disk", fix: Self.another)]
    case .plainFile:
      return [
        refusal(
          "\(shown) is a plain file, not a disk",
          fix: "add --to-file to write the image into a file")
      ]
    case .partition(let name, let disk):
      return [
        refusal(
          "\(shown) is a partition, not a disk",
          why:
            "it is \(name.printable) on \(disk.printable); machines boot from a disk's first sector",
          fix: "name the disk: --device \(disk.printable)")
      ]
    case .unknown(let number):
      return [
        refusal(
          "\(shown) is unknown to /sys/block", why: "its number is \(number)",
          fix: "run pxebuild on the machine itself, not in a container without its /sys")
      ]
    case .disk(let disk, let contents):
      var named = self
      if path != disk.path { named.path = "\(path) (\(disk.path))" }
      return named.refusals(disk, contents)
    }
  }

  private func refusals(_ disk: BlockDevice, _ contents: DiskContents?) -> [BuildError] {
    let used = uses(disk) + members(disk, contents)
    // How to force it is no advice about a disk that is needed.
    guard used.isEmpty else { return used + state(disk) }
    return state(disk) + kind(disk) + (contents == nil ? [notAllowed] : [])
  }

  private func refusal(_ message: String, why: String? = nil, fix: String) -> BuildError {
    BuildError(.cannotWrite, message, reason: why, advice: fix)
  }

  private var notAllowed: BuildError {
    BuildError(
      .noPermission, "you may not open \(shown)",
      advice: "run it as root: sudo pxebuild usb; a container has to be given the device")
  }

  // MARK: What is on it is needed

  private func uses(_ disk: BlockDevice) -> [BuildError] {
    var result: [BuildError] = []
    let whats = holds.map(\.what)
    if !whats.isEmpty {
      let list = Self.listed(whats)
      result.append(
        refusal(
          "\(shown) holds \(list)", why: Self.listed(holds.map(\.use.text)), fix: Self.another))
    }
    let mounts = disk.uses.filter { use in
      if case .mount = use { !holds.contains { $0.use == use } } else { false }
    }
    if !mounts.isEmpty {
      let places = mounts.compactMap { use in
        if case .mount(_, let place) = use { place.printable } else { nil }
      }
      result.append(
        refusal(
          "\(shown) is mounted", why: Self.listed(mounts.map(\.text)),
          fix: "when this is the right disk: umount \(places.joined(separator: " "))"))
    }
    for case .swap(let part) in disk.uses {
      result.append(
        refusal(
          "\(shown) is in use as swap", why: "the system swaps to \(part.printable)",
          fix: "when this is the right disk: swapoff /dev/\(part.printable)"))
    }
    let layers = disk.uses.filter { if case .layer = $0 { true } else { false } }
    if !layers.isEmpty {
      result.append(
        refusal(
          "\(shown) is part of something larger", why: Self.listed(layers.map(\.text)),
          fix: Self.another))
    }
    return result
  }

  /// A part of a RAID or of LVM that nobody has put together yet.
  private func members(_ disk: BlockDevice, _ contents: DiskContents?) -> [BuildError] {
    let isKnown = disk.uses.contains { if case .layer = $0 { true } else { false } }
    let members = isKnown ? [] : contents?.members(on: disk.name) ?? []
    guard let first = members.first else { return [] }
    let names = members.map { "\($0.part.printable) is a part of \(Self.memberName($0.type))" }
    return [
      refusal(
        "\(shown) is part of something larger", why: Self.listed(names),
        fix: "when nothing needs it any more: wipefs --all \(Self.wipePath(first.part, disk))")
    ]
  }

  private static func memberName(_ type: String) -> String {
    switch type {
    case "LVM2_member", "LVM1_member": "an LVM group"
    case "zfs_member": "a ZFS pool"
    default: "a RAID (\(type.printable))"
    }
  }

  private static func wipePath(_ part: String, _ disk: BlockDevice) -> String {
    guard part.hasPrefix("partition "), let number = part.split(separator: " ").dropFirst().first
    else { return disk.path }
    let isDigit = disk.name.last?.isNumber ?? false
    return "\(disk.path)\(isDigit ? "p" : "")\(number)"
  }

  // MARK: What it is

  private func state(_ disk: BlockDevice) -> [BuildError] {
    var result: [BuildError] = []
    if disk.size == 0 {
      return [
        refusal(
          "there is no medium in \(shown)", why: "its size is 0", fix: "put the card or the disc in"
        )
      ]
    }
    if disk.isReadOnly {
      result.append(
        refusal(
          "\(shown) is write-protected", why: "the kernel has it as read-only",
          fix:
            "move the switch at the side of the card, or: blockdev --setrw \(disk.path.printable)"))
    }
    if let image, image.size > disk.size {
      result.append(
        refusal(
          "\(shown) is too small for \(image.name.printable)",
          why: "it has \(disk.size) bytes, the image \(image.size)", fix: Self.another))
    }
    if disk.blockSize > 512 {
      result.append(
        refusal(
          "\(shown) counts in blocks of \(disk.blockSize) bytes",
          why: "the image's partitions are counted in blocks of 512: no firmware would find them",
          fix: Self.another))
    }
    return result
  }

  private func kind(_ disk: BlockDevice) -> [BuildError] {
    let own = disk.forceName.printable
    let word = disk.serial == nil ? "name" : "serial number"
    if let forcedName {
      if forcedName == disk.forceName { return [] }
      return [
        refusal(
          "--force-fixed-disk \(forcedName.printable) does not mean \(shown)",
          why: "its \(word) is \(own)",
          fix: "compare the two, and the device with the one that you mean")
      ]
    }
    guard !disk.isStick else { return [] }
    let kind = disk.isRemovable ? "a disk" : "a fixed disk"
    let model = disk.model.map { " (\($0.printable))" } ?? ""
    return [
      refusal(
        "\(shown) is no removable disk on USB or MMC",
        why: "it is \(kind) on \(disk.bus.name)\(model), its \(word) is \(own)",
        fix: "when you really mean it: --force-fixed-disk \(own)")
    ]
  }

  private static func listed(_ parts: [String]) -> String {
    var seen: Set<String> = []
    return parts.filter { seen.insert($0).inserted }.joined(separator: ", ")
  }
}

extension Use {
  var text: String {
    switch self {
    case .mount(let part, let place): "\(part.printable) is mounted at \(place.printable)"
    case .swap(let part): "the system swaps to \(part.printable)"
    case .layer(let part, let name): "\(part.printable) is a part of \(name.printable)"
    }
  }
}

extension BlockDevice {
  /// The mounts that the system cannot do without.
  public var systemMounts: [Use] {
    let places: Set<String> = ["/", "/usr", "/boot", "/boot/efi", "/var", "/home"]
    return uses.filter {
      if case .mount(_, let place) = $0 { places.contains(place) } else { false }
    }
  }
}
