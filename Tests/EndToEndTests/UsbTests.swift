import Foundation
import Synchronization
import Testing

/// `pxebuild usb` with real devices: loop devices, each over a file of the test's own.
@Suite(
  "Writing a stick", .serialized,
  .enabled("this machine has no loop devices for tests") { await LoopDevice.isPossible.value })
struct UsbTests {
  private static let size = 12_000_000

  /// A site with an image of 12 MB, made of random bytes.
  private func withImage(_ body: (Site) async throws -> Void) async throws {
    try await withSite { site in
      let random = try #require(FileHandle(forReadingAtPath: "/dev/urandom"))
      var bytes = try #require(try random.read(upToCount: Self.size))
      #expect(bytes.count == Self.size)
      bytes.replaceSubrange(510..<512, with: [0x55, 0xaa])
      try site.write(bytes, to: "recipes/data.bin")
      try site.recipe(
        """
        site: { server: 10.0.0.1 }
        targets:
          usb/a.img: { file: data.bin }
          note.txt: { script: "no image" }

        """)
      try await body(site)
    }
  }

  private func usb(
    _ site: Site, _ device: LoopDevice, _ more: String..., prefix: [String] = []
  ) async throws -> Run {
    try await site.run(
      [
        "usb", "--image", "usb/a.img", "--device", device.path, "--force-fixed-disk", device.name,
      ] + more, prefix: prefix)
  }

  private func refusal(_ site: Site, _ device: String, _ more: String...) async throws -> String {
    let run = try await site.run(["usb", "--image", "usb/a.img", "--device", device] + more)
    #expect(run.status == 73 && run.output.isEmpty, "\(run)")
    return run.errors
  }

  // MARK: Writing

  @Test("the image arrives and is read back; --delta then finds it there, and mends a part")
  func writes() async throws {
    try await withImage { site in
      try await LoopDevice.with(site) { device in
        let image = try #require(site.bytes("recipes/data.bin"))
        let run = try await usb(site, device, "--yes")
        #expect(run.status == 0, "\(run.errors)")
        #expect(
          run.output.hasPrefix("done: usb/a.img (12.0 MB) is on \(device.path) and reads back"))
        #expect(device.content?.prefix(Self.size) == image)
        #expect(!site.exists("out"), "the output tree is nobody's business here")

        let again = try await usb(site, device, "--yes", "--delta", "--json")
        #expect(again.status == 0)
        #expect(again.output.contains("\"written\":0,\"skipped\":12000000,\"verified\":true"))
        #expect(!again.output.contains("\"name\":\"read "), "it was read once")

        let broken = try FileHandle(forWritingTo: URL(fileURLWithPath: device.file))
        try broken.seek(toOffset: 9_000_000)
        try broken.write(contentsOf: Data("broken".utf8))
        try broken.close()
        let mended = try await usb(site, device, "--yes", "--delta")
        #expect(mended.status == 0)
        #expect(
          mended.output.contains(
            "reads back the same (3.6 MB written, 8.4 MB were there already), sha256 "),
          "\(mended.output)")
        #expect(device.content?.prefix(Self.size) == image)

        let quick = try await usb(site, device, "--yes", "--no-verify")
        #expect(quick.output.contains(" and was not read back, sha256 "), "\(quick.output)")
      }
    }
  }

  @Test("a dry run shows what would be lost and writes nothing; a list shows it as well")
  func dryRun() async throws {
    try await withImage { site in
      try await LoopDevice.with(site) { device in
        try await mustRun(["sgdisk", "-n", "1:2048:34815", device.file], in: "/")
        try await mustRun(
          ["mkfs.ext4", "-q", "-L", "data", "-E", "offset=1048576", device.file, "16M"], in: "/")
        let before = device.content
        let rows = """
          \(device.path.padding(toLength: 14, withPad: " ", startingAt: 0))    67.1 MB  \
          SCRATCH, on a file, not removable
              partition 1   16.8 MB  ext4 "data"
          """.replacingOccurrences(of: "SCRATCH", with: site.plain(device.file))
        let run = try await usb(site, device, "--dry-run")
        #expect(run.status == 0)
        #expect(
          run.output == "would write  usb/a.img (12.0 MB) to \(device.path)\nwould erase\n\(rows)\n"
        )
        #expect(device.content == before)
        let list = try await site.run("usb", "--list")
        #expect(list.status == 0 && list.output.contains(rows), "\(list.output)")
        let json = try await site.run("usb", "--list", "--json")
        #expect(
          json.output.contains(
            "\"table\":\"gpt\",\"partitions\":[{\"number\":1,\"size\":16777216,\"volume\":"
              + "{\"type\":\"ext4\",\"label\":\"data\"}}]"), "\(json.output)")
      }
    }
  }

  @Test("the copy of an older partition table at the end of the disk goes")
  func oldTable() async throws {
    try await withImage { site in
      try await LoopDevice.with(site) { device in
        try await mustRun(["sgdisk", "-n", "1:2048:0", device.file], in: "/")
        #expect(device.content?.suffix(512).starts(with: Data("EFI PART".utf8)) == true)
        let run = try await usb(site, device, "--yes")
        #expect(run.status == 0, "\(run.errors)")
        #expect(
          run.errors.contains(
            "cleared the copy of an older partition table at the end of \(device.path)\n"))
        #expect(device.content?.suffix(20480).allSatisfy { $0 == 0 } == true)
        #expect(device.content?.prefix(Self.size) == site.bytes("recipes/data.bin"))
      }
    }
  }

  @Test("a plain file takes --to-file, and one that is there is not lost unasked")
  func plainFile() async throws {
    try await withImage { site in
      let image = site.bytes("recipes/data.bin")
      func run(_ more: String...) async throws -> Run {
        try await site.run(["usb", "--image", "usb/a.img", "--device", "stick.img"] + more)
      }
      #expect(try await run("--to-file").status == 0)
      #expect(site.bytes("stick.img") == image)
      #expect(
        try await refusal(site, "stick.img") == """
          error: stick.img is a plain file, not a disk
            fix: add --to-file to write the image into a file

          """)
      let asked = try await run("--to-file")
      #expect(asked.status == 64)
      #expect(
        asked.errors == """
          error: nobody can be asked whether stick.img may be written over
            why: there is no terminal
            fix: when you are sure of the device: --yes

          """)
      try site.write(Data(repeating: 1, count: 20_000_000), to: "stick.img")
      #expect(try await run("--to-file", "--yes").status == 0)
      #expect(site.bytes("stick.img") == image)
    }
  }

  // MARK: The question

  @Test("it asks once, and wants the device's name typed")
  func question() async throws {
    try await withImage { site in
      try await LoopDevice.with(site) { device in
        let before = device.content
        let wrong = try await usb(site, device, prefix: Typist.prefix(answer: "yes\\n"))
        #expect(wrong.status == 1)
        #expect(
          wrong.output.contains(
            """
            All of it will be lost: usb/a.img (12.0 MB) will be written over it.
            Type \(device.name) to go on:
            """), "\(wrong.output)")
        #expect(wrong.output.contains("Nothing was written."))
        let ended = try await usb(site, device, prefix: Typist.prefix(answer: "\\x03"))
        #expect(ended.status == 130, "\(ended.output)")
        #expect(device.content == before)
        let right = try await usb(site, device, prefix: Typist.prefix(answer: "\(device.name)\\n"))
        #expect(right.status == 0, "\(right.output)")
        #expect(device.content?.prefix(Self.size) == site.bytes("recipes/data.bin"))
        let nobody = try await usb(site, device)
        #expect(nobody.status == 64 && nobody.errors.contains("fix: when you are sure"))
      }
    }
  }

  @Test("a device that changes between question and writing is left alone")
  func changed() async throws {
    try await withImage { site in
      try await LoopDevice.with(site) { device in
        let other = "\(site.scratch)/other"
        _ = FileManager.default.createFile(atPath: other, contents: Data(count: 64 << 20))
        let swap = "losetup -d \(device.path) && losetup \(device.path) \(other)"
        let run = try await usb(
          site, device, prefix: Typist.prefix(answer: "\(device.name)\\n", command: swap))
        #expect(run.status == 73, "\(run.output)")
        #expect(
          run.output.contains(
            "error: \(device.path) is no longer the disk that was looked at\n"), "\(run.output)")
        #expect(FileManager.default.contents(atPath: other) == Data(count: 64 << 20))
      }
    }
  }

  // MARK: Refusals

  @Test("a disk that is mounted is refused, and one that holds the recipes for that")
  func mounted() async throws {
    try await withImage { site in
      try await LoopDevice.with(site) { device in
        try await mustRun(["mkfs.ext4", "-q", device.path], in: "/")
        try site.makeFolder("mnt")
        try await mustRun(["mount", device.path, "\(site.folder)/mnt"], in: "/")
        try await finally(["umount", "\(site.folder)/mnt"]) {
          #expect(
            try await refusal(site, device.path) == """
              error: \(device.path) is mounted
                why: \(device.name) is mounted at SITE/mnt
                fix: when this is the right disk: umount SITE/mnt

              """)
          try await mustRun(["cp", "-r", site.recipes, "\(site.folder)/mnt/r"], in: "/")
          #expect(
            try await refusal(site, device.path, "--recipes", "mnt/r", "--cache", "mnt/c") == """
              error: \(device.path) holds the recipes, the cache
                why: \(device.name) is mounted at SITE/mnt
                fix: name another disk; pxebuild usb --list shows those that there are

              """)
        }
      }
    }
  }

  @Test("a disk that is mounted where it cannot be seen is refused by the kernel")
  func mountedElsewhere() async throws {
    try await withImage { site in
      try await LoopDevice.with(site) { device in
        try await mustRun(["mkfs.ext4", "-q", device.path], in: "/")
        try site.makeFolder("mnt")
        let holder = try Running(
          [
            "/usr/bin/unshare", "--mount", "/bin/sh", "-c",
            "mount \"$1\" \"$2\" && touch \"$2/.there\" && touch \"$3\" && exec sleep 300", "sh",
            device.path, "\(site.folder)/mnt", "\(site.folder)/ready",
          ], environment: site.environment, folder: "/", scratch: site.scratch)
        for _ in 0..<2000 where !site.exists("ready") {
          try await Task.sleep(for: .milliseconds(10))
        }
        let run = try await usb(site, device, "--yes")
        holder.send(SIGKILL)
        _ = await holder.wait()
        #expect(run.status == 73)
        #expect(
          run.errors == """
            error: \(device.path) is in use
              why: Device or resource busy
              fix: a mount in another container, a RAID or another program that writes it has it: end that first

            """)
      }
    }
  }

  @Test(
    "swap, LVM, a RAID, a switch that protects it, a partition and a link to a fixed disk are refused"
  )
  func refusals() async throws {
    try await withImage { site in
      try await LoopDevice.with(site) { device in
        try await mustRun(["mkswap", device.path], in: "/")
        try await mustRun(["swapon", device.path], in: "/")
        try await finally(["swapoff", device.path]) {
          let errors = try await refusal(site, device.path)
          #expect(
            errors == """
              error: \(device.path) is in use as swap
                why: the system swaps to \(device.name)
                fix: when this is the right disk: swapoff \(device.path)

              """)
        }
        try await mustRun(["pvcreate", "-y", device.path], in: "/")
        #expect(
          try await refusal(site, device.path) == """
            error: \(device.path) is part of something larger
              why: \(device.name) is a part of an LVM group
              fix: when nothing needs it any more: wipefs --all \(device.path)

            """)
        try await mustRun(["wipefs", "--all", device.path], in: "/")
        try markAsRAID(device)
        #expect(
          try await refusal(site, device.path) == """
            error: \(device.path) is part of something larger
              why: \(device.name) is a part of a RAID (linux_raid_member)
              fix: when nothing needs it any more: wipefs --all \(device.path)

            """)
        try await mustRun(["wipefs", "--all", device.path], in: "/")
        try await mustRun(["blockdev", "--setro", device.path], in: "/")
        #expect(
          try await refusal(site, device.path, "--force-fixed-disk", device.name) == """
            error: \(device.path) is write-protected
              why: the kernel has it as read-only
              fix: move the switch at the side of the card, or: blockdev --setrw \(device.path)

            """)
        try await mustRun(["blockdev", "--setrw", device.path], in: "/")
        try await mustRun(["addpart", device.path, "1", "2048", "20480"], in: "/")
        #expect(
          try await refusal(site, "\(device.path)p1") == """
            error: \(device.path)p1 is a partition, not a disk
              why: it is \(device.name)p1 on \(device.path); machines boot from a disk's first sector
              fix: name the disk: --device \(device.path)

            """)
        try await mustRun(["delpart", device.path, "1"], in: "/")
        try FileManager.default.createSymbolicLink(
          atPath: "\(site.folder)/link", withDestinationPath: device.path)
        #expect(
          try await refusal(site, "link") == """
            error: link (\(device.path)) is no removable disk on USB or MMC
              why: it is a fixed disk on a file (\(site.plain(device.file))), its name is \(device.name)
              fix: when you really mean it: --force-fixed-disk \(device.name)

            """)
        let errors = try await refusal(site, device.path, "--force-fixed-disk", "sdb")
        #expect(
          errors.hasPrefix(
            "error: --force-fixed-disk sdb does not mean \(device.path)\n"))
      }
    }
  }

  /// Writes what mdadm would, which cannot without the kernel's RAID: the superblock of version 1.2 that tells
  /// a member (md(4); the kernel's md_p.h).
  private func markAsRAID(_ device: LoopDevice) throws {
    var block = Data(count: 4096)
    func put(_ bytes: [UInt8], at offset: Int) {
      block.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
    }
    put([0xfc, 0x4e, 0x2b, 0xa9, 1], at: 0)
    put(Array(1...16), at: 16)
    put([8], at: 0x90)  // Where it is itself, in sectors.
    let disk = try FileHandle(forWritingTo: URL(fileURLWithPath: device.path))
    try disk.seek(toOffset: 4096)
    try disk.write(contentsOf: block)
    try disk.close()
  }

  @Test("a disk that is too small, or counts in large blocks, is refused")
  func unfit() async throws {
    try await withImage { site in
      try await LoopDevice.with(site, bytes: 4 << 20) { device in
        let errors = try await refusal(site, device.path, "--force-fixed-disk", device.name)
        #expect(
          errors == """
            error: \(device.path) is too small for usb/a.img
              why: it has 4194304 bytes, the image 12000000
              fix: name another disk; pxebuild usb --list shows those that there are

            """)
      }
      try await LoopDevice.with(site, options: ["--sector-size", "4096"]) { device in
        let errors = try await refusal(site, device.path, "--force-fixed-disk", device.name)
        #expect(
          errors.hasPrefix(
            "error: \(device.path) counts in blocks of 4096 bytes\n"))
      }
    }
  }

  @Test("the disk of the running system is refused")
  func system() async throws {
    let source = try await mustRun(["findmnt", "-n", "-o", "SOURCE", "/"], in: "/")
      .trimmingCharacters(in: .whitespacesAndNewlines)
    guard source.hasPrefix("/dev/") else {
      print("SKIPPED: this machine's root is on no disk of its own: \(source)")
      return
    }
    try await withImage { site in
      let errors = try await refusal(site, source)
      #expect(
        errors.contains(" holds the running system") || errors.contains(" is a partition, not"),
        "\(errors)")
    }
  }

  @Test("what is no image of a disk is refused, and a choice is left to the person")
  func noImage() async throws {
    try await withImage { site in
      try await LoopDevice.with(site) { device in
        let text = try await site.run(
          "usb", "--image", "note.txt", "--device", device.path, "--force-fixed-disk", device.name)
        #expect(text.status == 65)
        #expect(text.errors.contains("error: note.txt is no image of a disk\n"))
        let none = try await site.run("usb", "--device", device.path)
        #expect(none.status == 65)
        #expect(none.errors.contains("error: no target of the recipes is an image of a stick\n"))
        let nothing = try await site.run("usb")
        #expect(nothing.status == 64 && nothing.errors.contains("--device says where to write"))
      }
    }
  }

  // MARK: Faults

  @Test("a disk that fails in the middle is said to be incomplete")
  func fails() async throws {
    try await withImage { site in
      try site.makeFolder("small")
      let folder = "\(site.folder)/small"
      try await mustRun(["mount", "-t", "tmpfs", "-o", "size=6m", "none", folder], in: "/")
      // The kernel holds the file for a moment longer than it names it as the device's.
      try await finally(["umount", "--lazy", folder]) {
        try await LoopDevice.with(site, file: "\(folder)/disk") { device in
          let run = try await usb(site, device, "--yes")
          #expect(run.status == 73, "\(run.output)")
          #expect(
            run.errors.contains("error: \(device.path) is incomplete: writing stopped at byte ")
              && run.errors.contains("fix: it was pulled out, or it is broken: write it again"),
            "\(run.errors)")
          #expect(device.content?.prefix(512).allSatisfy { $0 == 0 } == true, "it does not boot")
        }
      }
    }
  }

  @Test("a disk that gives back other bytes is found out")
  func lies() async throws {
    try await withImage { site in
      try await LoopDevice.with(site) { device in
        let isOver = Atomic<Bool>(false)
        let file = open(device.file, O_WRONLY | O_CLOEXEC)
        defer { close(file) }
        // As soon as the right bytes are there they are gone again.
        async let liar: Void = withCheckedContinuation { continuation in
          Thread.detachNewThread {
            let wrong = [UInt8](repeating: 0, count: 8)
            while !isOver.load(ordering: .relaxed) {
              _ = pwrite(file, wrong, wrong.count, 11_000_000)
              usleep(500)
            }
            continuation.resume()
          }
        }
        let run = try await usb(site, device, "--yes")
        isOver.store(true, ordering: .relaxed)
        await liar
        #expect(run.status == 1, "\(run.output)")
        #expect(
          run.errors.contains("error: \(device.path) does not give back what was written to it\n")
            && run.errors.contains("why: the first byte that differs is number 1100000"),
          "\(run.errors)")
      }
    }
  }

  @Test("Ctrl-C ends the writing with a disk that does not look finished")
  func interrupted() async throws {
    try await withImage { site in
      let size = 1_000_000_000
      let image = "\(site.recipes)/data.bin"
      #expect(truncate(image, off_t(size)) == 0)
      try await LoopDevice.with(site, bytes: size) { device in
        // The cache is warm: what follows is the writing.
        let made = try await usb(site, device, "--dry-run")
        #expect(made.status == 0, "\(made.errors)")
        let log = "\(site.scratch)/log"
        let output = open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        defer { close(output) }
        let running = try site.start(
          [
            "usb", "--image", "usb/a.img", "--device", device.path, "--force-fixed-disk",
            device.name, "--yes", "--json",
          ], output: output)
        @Sendable func text() -> String {
          String(decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self)
        }
        // In a thread of its own: other tests may hold those that tasks run in.
        await withCheckedContinuation { continuation in
          Thread.detachNewThread {
            var patience = 60000
            while !text().contains("\"name\":\"write "), patience > 0 {
              usleep(1000)
              patience -= 1
            }
            running.send(SIGINT)
            continuation.resume()
          }
        }
        let run = await running.wait()
        #expect(run.status == 130, "\(text())")
        #expect(
          text().contains("\(device.path) is incomplete: interrupted at byte "), "\(text())")
      }
    }
  }

  @Test(
    "a disk under device-mapper is refused, and one with an error in it is said to be incomplete")
  func deviceMapper() async throws {
    guard (try? await mustRun(["dmsetup", "targets"], in: "/")) != nil else {
      print("SKIPPED: this kernel has no device-mapper")
      return
    }
    try await withImage { site in
      try await LoopDevice.with(site) { device in
        let name = "pxebuild-\(UInt32.random(in: 0 ... .max))"
        let table = "0 16384 linear \(device.path) 0\\n16384 114688 error\\n"
        try await mustRun(
          ["sh", "-c", "printf '\(table)' | dmsetup create \(name)"], in: "/")
        try await finally(["dmsetup", "remove", "--retry", name]) {
          let errors = try await refusal(site, device.path)
          #expect(
            errors.hasPrefix(
              "error: \(device.path) is part of something larger\n"))
          let mapped = try FileManager.default.destinationOfSymbolicLink(
            atPath: "/dev/mapper/\(name)")
          let run = try await site.run(
            "usb", "--image", "usb/a.img", "--device", "/dev/mapper/\(name)", "--yes",
            "--force-fixed-disk", (mapped as NSString).lastPathComponent)
          #expect(run.status == 73 && run.errors.contains(" is incomplete: writing stopped at"))
        }
      }
    }
  }
}
