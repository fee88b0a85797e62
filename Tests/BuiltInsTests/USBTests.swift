import BuildEngine
import SystemPackage
import Testing

@testable import BuiltIns

@Suite("USB images of prebuilt binaries")
struct USBTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  private func image(_ kind: String, script: String = "chain.ipxe") async throws -> FilePath {
    let binary = Array("not really iPXE\n".utf8)
    return try await bench.run(
      "prebuilt-usb", ["kind": kind, "script": script],
      inputs: [
        kind == "bios" ? "ipxe.lkrn" : "ipxe.efi": try bench.insert(binary),
        "script": try bench.insert(Array("#!ipxe\ndhcp\n".utf8)),
      ]
    ).appending("image")
  }

  private func read(_ image: FilePath, _ path: String) async throws -> String {
    try await tool("mtype", ["-i", "\(image)@@1M", "::\(path)"])
  }

  @Test("a BIOS image has an active partition, SYSLINUX, and the script as initrd")
  func bios() async throws {
    let image = try await image("bios")
    let bytes = try #require(try FileSystem.read(image))
    #expect(bytes.count == 9 << 20)
    #expect(bytes[446] == 0x80 && bytes[450] == 0x0e)
    #expect(Array(bytes[454..<462]) == [0, 8, 0, 0, 0, 0x40, 0, 0])
    #expect(Array(bytes[510..<512]) == [0x55, 0xaa])
    #expect(try await read(image, "chain.ipxe") == "#!ipxe\ndhcp\n")
    #expect(
      try await read(image, "syslinux.cfg") == """
        DEFAULT ipxe
        LABEL ipxe
          KERNEL ipxe.lkrn
          INITRD chain.ipxe

        """)
    #expect(String(decoding: bytes[(1 << 20) + 3..<(1 << 20) + 11], as: UTF8.self) == "SYSLINUX")
  }

  @Test("an EFI image has a system partition, and the script wherever iPXE looks for one")
  func efi() async throws {
    let image = try await image("efi")
    let bytes = try #require(try FileSystem.read(image))
    #expect(bytes[446] == 0 && bytes[450] == 0xef)
    #expect(try await read(image, "EFI/BOOT/BOOTX64.EFI") == "not really iPXE\n")
    #expect(try await read(image, "EFI/BOOT/autoexec.ipxe") == "#!ipxe\ndhcp\n")
    #expect(try await read(image, "autoexec.ipxe") == "#!ipxe\ndhcp\n")
  }

  @Test("the same inputs give the same bytes, at another time and in another folder")
  func reproducible() async throws {
    for kind in ["bios", "efi"] {
      let first = try ContentStore.digest(ofFile: try await image(kind))
      // FAT stamps count in steps of two seconds.
      try await Task.sleep(for: .milliseconds(2100))
      #expect(try ContentStore.digest(ofFile: try await image(kind)) == first)
    }
  }

  @Test("a script name that FAT or SYSLINUX could stumble over is replaced")
  func scriptName() async throws {
    for name in ["a b.ipxe", "../x", "ipxe.lkrn", "", "größe.ipxe"] {
      let expected = name == "../x" ? "x" : "script.ipxe"
      let image = try await image("bios", script: name)
      #expect(try await read(image, expected) == "#!ipxe\ndhcp\n")
    }
  }

  @Test("something larger than a FAT16 of small clusters says so")
  func tooLarge() async throws {
    let large = [UInt8](repeating: 7, count: 32 << 20)
    let inputs = [
      "ipxe.lkrn": try bench.insert(large), "script": try bench.insert(Array("x".utf8)),
    ]
    let message = await bench.failure {
      try await bench.run("prebuilt-usb", ["kind": "bios", "script": "x"], inputs: inputs)
    }
    #expect(message.hasPrefix("error: the USB image would be larger than 31 MiB\n"))
  }
}
