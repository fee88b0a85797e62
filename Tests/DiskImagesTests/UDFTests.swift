import Testing

@testable import DiskImages

@Suite("Reading UDF")
struct UDFTests {
  static let data = pattern(9000)
  static let entries: [(String, UDFWriter.Node)] = [
    ("empty", .folder([])),
    ("small", .embedded(Array("hello".utf8))),
    ("run", .file(data, isExecutable: true)),
    (
      "sources",
      .folder([
        ("boot.wim", .file(pattern(5000, seed: 2))), ("link", .link([.up, .name("small")])),
        ("Übung.txt", .embedded(Array("é".utf8))), ("文.txt", .embedded(Array("ok".utf8))),
      ])
    ),
    ("sparse", .sparse(size: 300_000, hole: 4096, data: pattern(2048, seed: 3))),
  ]

  static func expected(isExecutable: Bool = true) -> [String] {
    let sparse =
      [UInt8](repeating: 0, count: 4096) + pattern(2048, seed: 3)
      + [UInt8](repeating: 0, count: 300_000 - 6144)
    return [
      "empty/", "run x: 9000 #\(sum(data))", "small: 5 hello", "sources/",
      "sources/boot.wim: 5000 #\(sum(pattern(5000, seed: 2)))", "sources/link -> ../small",
      "sources/Übung.txt: 2 é", "sources/文.txt: 2 ok", "sparse: 300000 #\(sum(sparse))",
    ]
  }

  @Test(
    "Every way to say where bytes are gives the same files",
    arguments: [false, true], [(false, false), (false, true), (true, false), (true, true)])
  func kinds(isExtended: Bool, options: (usesMetadata: Bool, usesLong: Bool)) throws {
    var writer = UDFWriter()
    writer.usesMetadata = options.usesMetadata
    writer.usesLongDescriptors = options.usesLong
    writer.usesExtendedEntries = isExtended
    let folder = try Folder()
    let image = try folder.image(writer.image(Self.entries, volumeID: "CCCOMA_X64FRE"))
    #expect(image.format == "UDF" && image.volumeID == "CCCOMA_X64FRE")
    #expect(try listing(image) == Self.expected())
  }

  @Test("Paths that were asked for are all that is taken, in any case of their letters")
  func paths() throws {
    var writer = UDFWriter()
    let folder = try Folder()
    let image = try folder.image(writer.image(Self.entries))
    #expect(
      try listing(image, paths: ["SOURCES/Boot.wim", "small"]) == [
        "small: 5 hello", "sources/",
        "sources/boot.wim: 5000 #\(sum(pattern(5000, seed: 2)))",
      ])
    #expect(throws: ImageError(.noSuchPath, "'small' in it is a file, not a folder")) {
      try ImageTree(image, paths: ["small/x"])
    }
    let missing = #expect(throws: ImageError.self) {
      try ImageTree(image, paths: ["sources/boot.win"])
    }
    #expect(missing?.reason == "it has no 'sources/boot.win'")
    #expect(missing?.nearest.contains("sources/boot.wim") == true)
  }

  @Test("A folder of thousands of entries")
  func manyEntries() throws {
    var writer = UDFWriter()
    let entries = (0..<3000).map { ("f\($0)", UDFWriter.Node.embedded([1])) }
    let folder = try Folder()
    #expect(try ImageTree(folder.image(writer.image(entries))).entryCount == 3000)
  }

  // MARK: what no honest image has

  private func failure(_ entries: [(String, UDFWriter.Node)]) throws -> String {
    var writer = UDFWriter()
    return try DiskImagesTests.failure(writer.image(entries))
  }

  @Test("Paths that lead out are refused")
  func paths2() throws {
    #expect(
      try failure([("..", .embedded([1]))])
        == "its folder '/' has an entry '..', whose path leads out of it")
    #expect(
      try failure([("a", .folder([("../../etc/cron.d/x", .embedded([1]))]))])
        == "its folder 'a' has an entry '../../etc/cron.d/x', whose path leads out of it")
    #expect(try failure([("", .embedded([1]))]) == "its folder '/' has an entry without a name")
    #expect(
      try failure([("a\nb", .embedded([1]))])
        == "its folder '/' has a name with a control character")
  }

  @Test("Links that lead out are refused")
  func links() throws {
    #expect(
      try failure([("etc", .link([.root, .name("etc")]))])
        == "its link 'etc' leads to '/etc': it is absolute")
    #expect(
      try failure([("a", .folder([("b", .link([.up, .up, .name("c")]))]))])
        == "its link 'a/b' leads to '../../c': it leaves the image")
    #expect(
      try failure([("a", .link([.name("b"), .up, .up, .name("c")]))])
        == "its link 'a' leads to 'b/../../c': it goes up after it has gone down")
    #expect(try failure([("a", .link([]))]) == "its link 'a' leads to '': it names nothing")
  }

  @Test("Devices, pipes and sockets are refused")
  func devices() throws {
    #expect(
      try failure([("sda", .special(6))]) == "'sda' in it is a device, which cannot be served")
    #expect(try failure([("p", .special(9))]) == "'p' in it is a pipe, which cannot be served")
  }

  @Test("Two entries of one name are refused; names that differ by case are told")
  func names() throws {
    #expect(
      try failure([("a", .embedded([1])), ("a", .embedded([2]))])
        == "it has two entries of the name 'a'")
    var writer = UDFWriter()
    let folder = try Folder()
    let tree = try ImageTree(
      folder.image(writer.image([("README", .embedded([1])), ("readme", .embedded([2]))])))
    #expect(tree.caseClashes.map(\.0) == ["README"] && tree.caseClashes.map(\.1) == ["readme"])
  }

  @Test("A folder inside itself is refused")
  func loop() throws {
    #expect(
      try failure([("a", .folder([("b", .loop)]))])
        == "its folder 'a/b' holds a folder that it is in itself")
  }

  @Test("Lies about sizes are found before anything is read")
  func lies() throws {
    #expect(
      try failure([("big", .lie(size: 1 << 62, extent: 2048, block: 0))])
        == "a file in it claims to have 4611686018427387904 bytes, but has 2048")
    #expect(
      try failure([("big", .lie(size: .max, extent: 2048, block: 0))])
        == "a file in it claims to have 18446744073709551615 bytes")
    let beyond = try failure([("big", .lie(size: 4096, extent: 4096, block: .max))])
    #expect(beyond.hasPrefix("it ends at byte ") && beyond.contains("'big' in it goes on to byte "))
    // Two hundred files of the same megabytes, each a little different.
    var writer = UDFWriter()
    var entries: [(String, UDFWriter.Node)] = [("data", .file(pattern(400_000)))]
    for index in 0..<200 {
      entries.append(
        (
          "f\(index)",
          .lie(size: UInt64(300_000 + index), extent: UInt32(300_000 + index), block: 3)
        ))
    }
    #expect(
      try DiskImagesTests.failure(writer.image(entries)).hasSuffix(
        "makes its files many times larger than the image: they overlap"))
  }

  @Test("An image that is cut short is found wherever it was cut")
  func truncated() throws {
    var writer = UDFWriter()
    let whole = writer.image(Self.entries)
    for size in stride(from: 0, to: whole.count - 4096, by: 6000) {
      #expect(try DiskImagesTests.failure(Array(whole[..<size])) != "no error", "cut at \(size)")
    }
  }
}
