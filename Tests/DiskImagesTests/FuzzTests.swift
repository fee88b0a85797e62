import Glibc
import Testing

@testable import DiskImages

/// Images with a few bytes changed: whatever they say, reading them ends, in an error or not.
@Suite("Damaged images")
struct FuzzTests {
  /// A generator that gives the same numbers every time.
  struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var value = state
      value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
      value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
      return value ^ value >> 31
    }
  }

  /// PXEBUILD_FUZZ_ROUNDS and PXEBUILD_FUZZ_SEED for longer runs by hand.
  static func setting(_ name: String, or value: UInt64) -> UInt64 {
    getenv("PXEBUILD_FUZZ_\(name)").flatMap { UInt64(String(cString: $0)) } ?? value
  }

  private static let interesting: [UInt8] = [0, 1, 2, 4, 0x7f, 0x80, 0xc0, 0xfe, 0xff]

  private func fuzz(_ image: [UInt8], repairsTags: Bool, seed: UInt64) throws {
    let folder = try Folder()
    let path = try folder.write(image)
    let file = path.withCString { openat(AT_FDCWD, $0, O_RDWR | O_CLOEXEC) }
    try #require(file >= 0)
    defer { close(file) }
    var generator = Generator(state: seed)
    // What is not zero is what is read.
    let places = image.indices.filter { image[$0] != 0 }
    var errors = 0
    let rounds = Int(Self.setting("ROUNDS", or: 1500))
    for _ in 0..<rounds {
      var touched: Set<Int> = []
      var damaged = image
      for _ in 0..<Int.random(in: 1...6, using: &generator) {
        let near = places[Int.random(in: places.indices, using: &generator)]
        let place = min(image.count - 1, near + Int.random(in: 0...3, using: &generator))
        damaged[place] =
          Bool.random(using: &generator)
          ? Self.interesting[Int.random(in: Self.interesting.indices, using: &generator)]
          : UInt8.random(in: 0...255, using: &generator)
        touched.insert(place)
      }
      // Otherwise every change would end at a checksum.
      if repairsTags {
        for block in Set(touched.map { $0 / 2048 }) {
          Self.repair(&damaged, block * 2048)
          touched.formUnion((block * 2048)..<(block * 2048 + 16))
        }
      }
      for place in touched { pwrite(file, [damaged[place]], 1, off_t(place)) }
      do {
        let opened = try DiskImage(ImageFile(path: path))
        let tree = try ImageTree(opened)
        #expect(tree.entryCount < 100_000)
        // What a tree says that there is can be read, up to a size.
        for content in Self.contents(tree.root) where content.size <= 65536 {
          #expect(
            try content.bytes(in: opened.file, atMost: 65536, name: "x").count
              == Int(content.size))
        }
      } catch {
        errors += 1
      }
      for place in touched { pwrite(file, [image[place]], 1, off_t(place)) }
    }
    #expect(errors > rounds / 20, "most changes should be felt, \(errors) of \(rounds) were")
  }

  private static func contents(_ folder: ImageTree.Folder) -> [FileContent] {
    folder.entries.flatMap { entry -> [FileContent] in
      switch entry.kind {
      case .file(let content, _): return [content]
      case .folder(let inner): return contents(inner)
      case .link: return []
      }
    }
  }

  /// Makes a descriptor's checksums right again.
  private static func repair(_ image: inout [UInt8], _ start: Int) {
    let tag = UInt16(image[start]) | UInt16(image[start + 1]) << 8
    guard (1...9).contains(tag) || (256...266).contains(tag) else { return }
    let length = min(2032, Int(image[start + 10]) | Int(image[start + 11]) << 8)
    image[start + 10] = UInt8(length & 0xff)
    image[start + 11] = UInt8(length >> 8)
    let crc = UDF.crc(image[(start + 16)..<(start + 16 + length)])
    image[start + 8] = UInt8(crc & 0xff)
    image[start + 9] = UInt8(crc >> 8)
    image[start + 4] = 0
    image[start + 4] = image[start..<(start + 16)].reduce(0, &+)
  }

  @Test("UDF", arguments: [false, true], [false, true])
  func udf(usesMetadata: Bool, repairsTags: Bool) throws {
    var writer = UDFWriter()
    writer.usesMetadata = usesMetadata
    writer.usesExtendedEntries = usesMetadata
    let entries: [(String, UDFWriter.Node)] = [
      (
        "a", .folder([("b", .folder([("c", .embedded([1, 2, 3]))])), ("d", .file(pattern(5000)))])
      ),
      ("l", .link([.name("a"), .name("d")])),
      ("s", .sparse(size: 300_000, hole: 4096, data: [1, 2, 3])),
    ]
    try fuzz(
      writer.image(entries), repairsTags: repairsTags, seed: Self.setting("SEED", or: 1))
  }

  @Test("ISO 9660 with Rock Ridge")
  func iso() throws {
    let image = ISOWriter.image([
      .init(name: "vmlinuz", content: [1, 2, 3], fields: ISOWriter.mode(0o100755)),
      .init(name: "link", fields: ISOWriter.link([(4, ""), (0, "x"), (8, "")])),
      .init(name: "d", fields: ISOWriter.continuation(block: 18, offset: 0, length: 200)),
      .init(name: "e", block: 18, flags: 2), .init(name: "big", content: [1], flags: 0x80),
      .init(name: "big", content: [2]),
    ])
    try fuzz(image, repairsTags: false, seed: Self.setting("SEED", or: 2))
  }
}
