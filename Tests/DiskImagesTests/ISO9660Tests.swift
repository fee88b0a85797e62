import Testing

@testable import DiskImages

/// What mastering programs write is read in the tests that have them; this is the rest.
@Suite("Reading ISO 9660")
struct ISO9660Tests {
  typealias Entry = ISOWriter.Entry

  @Test("Names, modes and links of Rock Ridge")
  func rockRidge() throws {
    let folder = try Folder()
    let image = try folder.image(
      ISOWriter.image([
        Entry(name: "vmlinuz", content: pattern(5000), fields: ISOWriter.mode(0o100755)),
        Entry(name: "latest", fields: ISOWriter.link([(0, "vmlinuz")])),
        Entry(name: "run", content: Array("x".utf8)),
      ]))
    #expect(image.format == "ISO 9660 with Rock Ridge" && image.volumeID == "TEST")
    #expect(
      try listing(image) == [
        "latest -> vmlinuz", "run: 1 x", "vmlinuz x: 5000 #\(sum(pattern(5000)))",
      ])
  }

  @Test("A file of several extents is one file")
  func extents() throws {
    let folder = try Folder()
    let image = try folder.image(
      ISOWriter.image([
        Entry(name: "big", content: pattern(4096), flags: 0x80),
        Entry(name: "big", content: pattern(2048, seed: 2), flags: 0x80),
        Entry(name: "big", content: pattern(100, seed: 3)),
      ]))
    let whole = pattern(4096) + pattern(2048, seed: 2) + pattern(100, seed: 3)
    #expect(try listing(image) == ["big: \(whole.count) #\(sum(whole))"])
    #expect(
      try failure(ISOWriter.image([Entry(name: "big", content: [1], flags: 0x80)]))
        == "a file in its folder '/' lacks its last part")
  }

  @Test("Paths and links that lead out are refused")
  func paths() throws {
    #expect(
      try failure(ISOWriter.image([Entry(name: "../../etc/passwd", content: [1])]))
        == "its folder '/' has an entry '../../etc/passwd', whose path leads out of it")
    #expect(
      try failure(
        ISOWriter.image([Entry(name: "l", fields: ISOWriter.link([(8, ""), (0, "etc")]))]))
        == "its link 'l' leads to '/etc': it is absolute")
    #expect(
      try failure(ISOWriter.image([Entry(name: "l", fields: ISOWriter.link([(4, ""), (0, "x")]))]))
        == "its link 'l' leads to '../x': it leaves the image")
    #expect(
      try failure(ISOWriter.image([Entry(name: "sda", fields: ISOWriter.mode(0o060660))]))
        == "'sda' in it is a device, which cannot be served")
  }

  @Test("Loops of folders, and of continuation areas, end")
  func loops() throws {
    #expect(
      try failure(ISOWriter.image([Entry(name: "a", isLoop: true)]))
        == "its folder 'a' holds a folder that it is in itself")
    // The continuation is the very field that names it: 18 is the root's block.
    let bytes = ISOWriter.image([
      Entry(name: "a", fields: ISOWriter.continuation(block: 18, offset: 0, length: 28))
    ])
    let place = try #require(
      bytes.indices.first { bytes[$0...].starts(with: [0x43, 0x45, 28, 1]) })
    var looped = bytes
    let offset = UInt32(place - 18 * 2048)
    let field = ISOWriter.continuation(block: 18, offset: offset, length: 28)
    looped.replaceSubrange(place..<(place + 28), with: field)
    #expect(try failure(looped) == "the continuation areas of Rock Ridge never end")
  }

  @Test("Lies about sizes are found before anything is read")
  func lies() throws {
    let beyond = try failure(ISOWriter.image([Entry(name: "big", size: 0xffff_ffff)]))
    #expect(beyond.hasPrefix("it ends at byte ") && beyond.contains("'big' in it goes on to byte "))
    #expect(
      try failure(ISOWriter.image([Entry(name: "d", size: 0xffff_f800, flags: 2)]))
        == "its folder 'd' claims to have 4294965248 bytes, more than is possible")
  }

  @Test("A hundred thousand files in one folder, and no more than there can be")
  func manyEntries() throws {
    let folder = try Folder()
    let entries = (0..<100_000).map { Entry(name: "f\($0)") }
    #expect(try ImageTree(folder.image(ISOWriter.image(entries))).entryCount == 100_000)
  }

  @Test("What is no image says so")
  func notAnImage() throws {
    #expect(
      try failure(pattern(100_000))
        == "it has neither an ISO 9660 nor a UDF file system (it has 100000 bytes)")
    #expect(try failure([]).hasPrefix("it has neither"))
    #expect(throws: ImageError(.notAnImage, "it is not a file")) { try ImageFile(path: "/dev") }
  }
}
