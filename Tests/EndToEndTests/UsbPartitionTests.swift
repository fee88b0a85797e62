import Foundation
import Testing

/// What the kernel shows of a disk after `pxebuild usb`, on loop devices that may have partitions.
@Suite(
  "Partitions of a written stick", .serialized,
  .enabled("this machine has no loop devices for tests") { await LoopDevice.isPossible.value })
struct UsbPartitionTests {
  /// Runs `body` with a site whose image has two partitions, and a device with one of another layout.
  private func withOldPartition(_ body: (Site, LoopDevice) async throws -> Void) async throws {
    try await withSite { site in
      try site.write(Data(count: 12_000_000), to: "recipes/data.bin")
      try await mustRun(
        ["sgdisk", "-n", "1:2048:6143", "-n", "2:8192:10239", "\(site.recipes)/data.bin"], in: "/")
      try site.recipe("site: { server: 10.0.0.1 }\ntargets: { a.img: { file: data.bin } }\n")
      try await LoopDevice.with(site, options: ["--partscan"]) { device in
        // Told to the kernel by hand: it need not know any table for that.
        try await mustRun(["addpart", device.path, "5", "2048", "4096"], in: "/")
        #expect(device.partitions == ["\(device.name)p5": 4096])
        try await body(site, device)
      }
    }
  }

  private func usb(_ site: Site, _ device: LoopDevice) async throws -> Run {
    try await site.run(
      "usb", "--device", device.path, "--force-fixed-disk", device.name, "--image", "a.img",
      "--yes")
  }

  @Test("the old partitions go, and those of the image are there where the kernel reads tables")
  func readAgain() async throws {
    try await withOldPartition { site, device in
      let run = try await usb(site, device)
      #expect(run.status == 0 && !run.errors.contains("old partitions"), "\(run.errors)")
      #expect(device.partitions["\(device.name)p5"] == nil)
      let readsTables = try await LoopDevice.with(site, options: ["--partscan"]) { other in
        try await mustRun(["sgdisk", "-n", "1:2048:6143", other.path], in: "/")
        try await mustRun(["blockdev", "--rereadpt", other.path], in: "/")
        return !other.partitions.isEmpty
      }
      guard readsTables else {
        print("SKIPPED: this kernel reads no partition tables; the old partition is gone")
        #expect(device.partitions.isEmpty)
        return
      }
      #expect(device.partitions == ["\(device.name)p1": 4096, "\(device.name)p2": 2048])
    }
  }

  @Test("it is said when the kernel keeps the old partitions because somebody has one open")
  func held() async throws {
    try await withOldPartition { site, device in
      let holder = try #require(FileHandle(forReadingAtPath: "\(device.path)p5"))
      let run = try await usb(site, device)
      try holder.close()
      #expect(run.status == 0 && run.output.contains("reads back the same"), "\(run.errors)")
      #expect(
        run.errors.contains(
          "this machine still shows the old partitions: pull the stick out and put it in again\n"),
        "\(run.errors)")
      #expect(device.content?.prefix(12_000_000) == site.bytes("recipes/data.bin"))
    }
  }
}

extension LoopDevice {
  /// What the kernel shows: names of partitions, and their sizes in units of 512 bytes.
  fileprivate var partitions: [String: Int] {
    let folder = "/sys/block/\(name)"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    var result: [String: Int] = [:]
    for part in names where part.hasPrefix("\(name)p") {
      let size = FileManager.default.contents(atPath: "\(folder)/\(part)/size") ?? Data()
      result[part] = Int(
        String(decoding: size, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
    }
    return result
  }
}
