import BuildEngine
import Testing

@testable import DiskWriter

/// What is said of disks that must not be written, as whole texts.
@Suite("Whether a disk may be written")
struct DeviceJudgementTests {
  private var stick: BlockDevice {
    BlockDevice(
      name: "sdb", number: DeviceNumber(major: 8, minor: 16), size: 15_376_000_000,
      model: "SanDisk Ultra", serial: "4C530001")
  }

  private func said(
    _ place: DevicePlace, path: String = "/dev/sdb", size: Int64 = 16_777_216,
    force: String? = nil, holds: [(String, Use)] = []
  ) -> String {
    let judgement = DeviceJudgement(
      path: path, image: ("usb/stick.img", size), forcedName: force, holds: holds)
    return judgement.refusals(of: place).map(\.description).joined(separator: "\n")
  }

  @Test("a stick may")
  func stickMay() {
    let contents = DiskContents(
      table: "dos", parts: [.init(number: 1, size: 1 << 30, volume: .init("vfat", label: "KEY"))])
    #expect(said(.disk(stick, contents)) == "")
  }

  @Test("what is no disk may not")
  func noDisk() {
    #expect(
      said(.missing, path: "/dev/sdx") == """
        error: there is no /dev/sdx
          fix: name another disk; pxebuild usb --list shows those that there are
        """)
    #expect(
      said(.plainFile, path: "stick.img") == """
        error: stick.img is a plain file, not a disk
          fix: add --to-file to write the image into a file
        """)
    #expect(
      said(.noDevice("a folder"), path: "/mnt") == """
        error: /mnt is a folder, not a disk
          fix: name another disk; pxebuild usb --list shows those that there are
        """)
    #expect(
      said(.partition("sdb1", of: "/dev/sdb"), path: "/dev/sdb1") == """
        error: /dev/sdb1 is a partition, not a disk
          why: it is sdb1 on /dev/sdb; machines boot from a disk's first sector
          fix: name the disk: --device /dev/sdb
        """)
    #expect(
      said(.unknown(DeviceNumber(major: 8, minor: 1))) == """
        error: /dev/sdb is unknown to /sys/block
          why: its number is 8:1
          fix: run pxebuild on the machine itself, not in a container without its /sys
        """)
  }

  @Test("what is in use may not, and how to force it is not said")
  func inUse() {
    var disk = stick
    disk.isRemovable = false
    disk.uses = [
      .mount(part: "sdb1", at: "/media/a b"), .mount(part: "sdb2", at: "/srv"),
      .swap(part: "sdb3"), .layer(part: "sdb4", of: "the LVM volume vg-root"),
    ]
    #expect(
      said(.disk(disk, DiskContents())) == """
        error: /dev/sdb is mounted
          why: sdb1 is mounted at /media/a b, sdb2 is mounted at /srv
          fix: when this is the right disk: umount /media/a b /srv
        error: /dev/sdb is in use as swap
          why: the system swaps to sdb3
          fix: when this is the right disk: swapoff /dev/sdb3
        error: /dev/sdb is part of something larger
          why: sdb4 is a part of the LVM volume vg-root
          fix: name another disk; pxebuild usb --list shows those that there are
        """)
  }

  @Test("what holds something that is needed may not")
  func needed() {
    var disk = stick
    let root = Use.mount(part: "sdb2", at: "/")
    disk.uses = [root, .mount(part: "sdb1", at: "/boot/efi")]
    #expect(disk.systemMounts == disk.uses)
    #expect(
      said(
        .disk(disk, DiskContents()), path: "/dev/disk/by-id/x",
        holds: [("the running system", root), ("the cache", root)]) == """
          error: /dev/disk/by-id/x (/dev/sdb) holds the running system, the cache
            why: sdb2 is mounted at /
            fix: name another disk; pxebuild usb --list shows those that there are
          error: /dev/disk/by-id/x (/dev/sdb) is mounted
            why: sdb1 is mounted at /boot/efi
            fix: when this is the right disk: umount /boot/efi
          """)
  }

  @Test("a part of a RAID or of LVM may not, also when nobody has put it together")
  func members() {
    let contents = DiskContents(
      table: "gpt",
      parts: [
        .init(number: 2, size: 1 << 30, volume: .init("linux_raid_member", isMember: true))
      ])
    #expect(
      said(.disk(stick, contents)) == """
        error: /dev/sdb is part of something larger
          why: partition 2 of sdb is a part of a RAID (linux_raid_member)
          fix: when nothing needs it any more: wipefs --all /dev/sdb2
        """)
    let whole = DiskContents(volume: .init("LVM2_member", isMember: true))
    #expect(
      said(.disk(stick, whole)) == """
        error: /dev/sdb is part of something larger
          why: sdb is a part of an LVM group
          fix: when nothing needs it any more: wipefs --all /dev/sdb
        """)
  }

  @Test("what cannot hold the image may not, and all reasons are said at once")
  func unfit() {
    var disk = stick
    disk.isReadOnly = true
    disk.blockSize = 4096
    disk.size = 8_388_608
    #expect(
      said(.disk(disk, DiskContents())) == """
        error: /dev/sdb is write-protected
          why: the kernel has it as read-only
          fix: move the switch at the side of the card, or: blockdev --setrw /dev/sdb
        error: /dev/sdb is too small for usb/stick.img
          why: it has 8388608 bytes, the image 16777216
          fix: name another disk; pxebuild usb --list shows those that there are
        error: /dev/sdb counts in blocks of 4096 bytes
          why: the image's partitions are counted in blocks of 512: no firmware would find them
          fix: name another disk; pxebuild usb --list shows those that there are
        """)
    disk.size = 0
    #expect(
      said(.disk(disk, DiskContents())) == """
        error: there is no medium in /dev/sdb
          why: its size is 0
          fix: put the card or the disc in
        """)
    #expect(
      said(.disk(stick, nil)) == """
        error: you may not open /dev/sdb
          fix: run it as root: sudo pxebuild usb; a container has to be given the device
        """)
  }

  @Test("a disk that is no stick wants its serial number repeated")
  func fixedDisk() {
    var disk = stick
    disk.isRemovable = false
    disk.bus = .ata
    let place = DevicePlace.disk(disk, DiskContents())
    #expect(
      said(place) == """
        error: /dev/sdb is no removable disk on USB or MMC
          why: it is a fixed disk on ATA (SanDisk Ultra), its serial number is 4C530001
          fix: when you really mean it: --force-fixed-disk 4C530001
        """)
    #expect(said(place, force: "4C530001") == "")
    #expect(
      said(place, force: "sdb") == """
        error: --force-fixed-disk sdb does not mean /dev/sdb
          why: its serial number is 4C530001
          fix: compare the two, and the device with the one that you mean
        """)
    disk.serial = nil
    #expect(said(.disk(disk, DiskContents()), force: "sdb") == "")
    disk.isRemovable = true
    disk.bus = .other
    disk.model = nil
    #expect(
      said(.disk(disk, DiskContents())) == """
        error: /dev/sdb is no removable disk on USB or MMC
          why: it is a disk on another bus, its name is sdb
          fix: when you really mean it: --force-fixed-disk sdb
        """)
  }

  @Test("names from devices cannot forge lines")
  func hostile() {
    var disk = stick
    disk.uses = [.mount(part: "sdb1", at: "/m\nerror: none")]
    #expect(said(.disk(disk, DiskContents())).contains("mounted at /m\\nerror: none\n"))
  }
}
