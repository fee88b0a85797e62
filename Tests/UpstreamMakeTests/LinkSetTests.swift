import BuildEngine
import SystemPackage
import Testing

@testable import UpstreamMake

@Suite struct LinkSetTests {
  @Test("the text form reads back as what was written")
  func roundTrip() throws {
    var sets = LinkSets()
    sets.objects = [
      "bin/undionly.kpxe": ["undi", "tcp", "3c509.ids"], "bin/ipxe.usb": ["tcp"],
      "bin-x86_64-efi/ipxe.efi": [],
    ]
    let text = sets.text(comment: "two\nlines")
    #expect(
      text == """
        # two
        # lines
        [bin-x86_64-efi/ipxe.efi]
        [bin/ipxe.usb bin/undionly.kpxe]
        tcp
        [bin/undionly.kpxe]
        3c509.ids undi

        """)
    #expect(try LinkSets(parsing: text) == sets)
  }

  @Test(
    "a malformed link set says which line",
    arguments: [
      ("tcp\n", "line 1: objects stand before the first list of goals"),
      ("# x\n[bin/a.b\ntcp\n", "line 2: a list of goals has no closing bracket"),
      ("[]\n", "line 1: the list of goals is empty"),
      ("[bin/../x]\n", "line 1: \"bin/../x\" is not a goal of make"),
      ("[bin/a.b]\n\ntcp a;b\n", "line 3: \"a;b\" is not the name of an object"),
    ])
  func errors(text: String, message: String) {
    let error = #expect(throws: LinkSets.ParseError.self) { try LinkSets(parsing: text) }
    #expect(error?.description == message)
  }

  @Test("the link sets that ship can be read")
  func shipped() throws {
    let folder = Laboratory.miniature.removingLastComponent().removingLastComponent()
      .appending("recipes/link-sets")
    let files = try FileSystem.list(folder).filter { $0.hasSuffix(".txt") }
    #expect(!files.isEmpty)
    for file in files {
      let text = String(decoding: try FileSystem.read(folder.appending(file)) ?? [], as: UTF8.self)
      #expect(try !LinkSets(parsing: text).objects.isEmpty)
    }
  }

  @Test("members are read from a link map, debugging objects under their own name")
  func linkMap() {
    let map =
      "bin/blib.a(tcp.o)\n  bin/blib.a(udp.dbg1.o) (x)\n .text 0x0 bin/blib.a(tcp.o)\nblib.a("
    #expect(LinkMap.members(of: "blib.a", in: Array(map.utf8)) == ["tcp", "udp"])
  }

  @Test("what was compiled the last time is compiled again")
  func pins() {
    #expect(LinkSetCache.Choice.covering(.some(["a"]), pinned: nil) == .some(["a"]))
    #expect(LinkSetCache.Choice.covering(.some(["a"]), pinned: .some(["b"])) == .some(["a", "b"]))
    #expect(LinkSetCache.Choice.covering(.some(["a"]), pinned: .all) == .all)
    #expect(LinkSetCache.Choice.covering(.all, pinned: .some(["a"])) == .all)
  }

  @Test("a parameter that make could misread is refused")
  func parameters() throws {
    let error = #expect(throws: BuildError.self) {
      try IPXEParameters(["goal": "bin/ipxe.usb", "embed": "my script.ipxe"])
    }
    #expect(
      error?.description == """
        error: the name of the embedded file is "my script.ipxe", which make cannot be given
          fix: use letters, digits and _.+@~- only
        """)
    #expect(throws: BuildError.self) { try IPXEParameters(["goal": "../x"]) }
    #expect(throws: BuildError.self) {
      try IPXEParameters(["goal": "bin/ipxe.usb", "debug": "$(shell id)"])
    }
    let parameters = try IPXEParameters([
      "goal": "bin/ipxe.usb", "goals": "bin/ipxe.usb,bin-x86_64-efi/ipxe.efi,bin/undionly.kpxe",
    ])
    #expect(parameters.goals == ["bin/ipxe.usb", "bin/undionly.kpxe"])
  }
}
