import Foundation
import SystemPackage
import Testing

@testable import BuildEngine
@testable import pxebuild

@Suite("Parts of files, and where they differ")
struct FilePartsTests {
  private func write(_ bytes: [UInt8], _ name: String, in folder: FilePath) throws -> FilePath {
    let path = folder.appending(name)
    try FileSystem.replace(path, with: bytes)
    return path
  }

  private func little(_ value: Int, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(value >> ($0 * 8) & 0xff) }
  }

  /// A PE file with two sections: .text at 0x200, .data at 0x300, 0x80 bytes each.
  private var program: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 0x400)
    func put(_ what: [UInt8], at place: Int) {
      bytes.replaceSubrange(place..<place + what.count, with: what)
    }
    put(Array("MZ".utf8), at: 0)
    put(little(0x80, 4), at: 0x3c)
    put(Array("PE".utf8), at: 0x80)
    put(little(2, 2), at: 0x86)
    put(little(16, 2), at: 0x94)
    for (index, section) in [(".text", 0x200), (".data", 0x300)].enumerated() {
      let place = 0x80 + 24 + 16 + index * 40
      put(Array(section.0.utf8), at: place)
      put(little(0x80, 4), at: place + 16)
      put(little(section.1, 4), at: place + 20)
    }
    return bytes
  }

  @Test("the sections of a PE program are named, and what is between them")
  func pe() throws {
    try withTemporaryFolder { folder in
      let parts = try #require(FileParts(try write(program, "a.efi", in: folder)))
      #expect(parts.part(at: 0x10) == "headers")
      #expect(parts.part(at: 0x200) == "section .text" && parts.part(at: 0x27f) == "section .text")
      #expect(parts.part(at: 0x280) == "between sections")
      #expect(parts.part(at: 0x37f) == "section .data")
    }
  }

  @Test("the sections of an ELF program are named")
  func elf() throws {
    let own = FilePath("/proc/self/exe")
    let parts = try #require(FileParts(own))
    let text = try #require(try FileSystem.read(own))
    let found = Set(
      stride(from: 0, to: text.count, by: 4096).map { parts.part(at: Int64($0)) })
    #expect(found.isSuperset(of: ["section .text", "section .rodata"]), "\(found)")
  }

  @Test("headers that lie are no parts, and never end the program")
  func damaged() throws {
    try withTemporaryFolder { folder in
      for seed in 0..<2000 {
        var bytes = program
        var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1
        for _ in 0..<8 {
          state = state &* 6_364_136_223_846_793_005 &+ 1
          bytes[Int(state >> 33) % 0x120] = UInt8(truncatingIfNeeded: state >> 20)
        }
        if seed % 2 == 0 { bytes.replaceSubrange(0..<6, with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]) }
        let path = try write(bytes, "x", in: folder)
        _ = FileParts(path)?.part(at: 0x210)
      }
      #expect(try FileParts(write(Array("plain text".utf8), "text", in: folder)) == nil)
    }
  }

  @Test("where two files differ is said: how many bytes, the first, the sections, the line")
  func differences() throws {
    try withTemporaryFolder { (folder: FilePath) throws -> Void in
      func lines(_ old: [UInt8], _ new: [UInt8]) throws -> [String] {
        try ByteDifference(
          then: write(old, "old", in: folder), now: write(new, "new", in: folder)
        ).lines
      }
      var changed = program
      for place in [0x210, 0x211, 0x310, 0x3f0] { changed[place] ^= 1 }
      #expect(
        try lines(program, changed) == [
          "4 of 1024 bytes differ, the first at byte 528", "section .text: 2 bytes",
          "section .data: 1 byte", "between sections: 1 byte",
        ])
      #expect(
        try lines(Array("one\ntwo\n".utf8), Array("one\ntwO\nthree\n".utf8)) == [
          "8 bytes then, 14 bytes now", "1 of 8 bytes differ, the first at byte 6, in line 2",
        ])
      #expect(
        try lines([1, 2, 3], [1, 2]) == [
          "3 bytes then, 2 bytes now", "the shorter one is the beginning of the longer one",
        ])
      let large = [UInt8](repeating: 7, count: 700_000)
      var other = large
      other[600_000] = 8
      #expect(try lines(large, other) == ["1 of 700000 bytes differ, the first at byte 600000"])
    }
  }
}
