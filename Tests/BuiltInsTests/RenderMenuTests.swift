import BuildEngine
import FoundationEssentials
import Menus
import SystemPackage
import Testing

@Suite("Writing menus")
struct RenderMenuTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  private let linux = LinuxBoot(
    kernel: BootFile(
      choices: [
        .init(name: "vmlinuz", url: "http://s/u/vmlinuz"),
        .init(name: "linux", url: "http://s/u/linux"),
      ], folder: "u"), initrds: [], arguments: ["quiet"], image: "u")

  private func run(
    _ action: ItemAction, _ inputs: [MenuRequest.Input], _ artifacts: [String: StoredArtifact]
  )
    async throws -> String
  {
    let menu = Menu(
      title: "Menu",
      entries: [
        .item(MenuItem(name: "a", title: "Ubuntu", action: action, needs: ["u"])),
        .item(MenuItem(name: "s", title: "Shell", action: .shell)),
      ])
    var all = artifacts
    all["menu.json"] = try insert(MenuRequest(menu: menu, inputs: inputs))
    return try text(try await bench.run("menu", [:], inputs: all).appending("script"))
  }

  private func insert(_ value: some Encodable) throws -> StoredArtifact {
    try bench.insert(Array(try JSONEncoder().encode(value)))
  }

  private func folder(_ names: [String]) throws -> StoredArtifact {
    let file = try bench.insert(Array("x".utf8))
    return try bench.store.insert(
      StoredDirectory(entries: Dictionary(uniqueKeysWithValues: names.map { ($0, file) })))
  }

  private let inputs: [MenuRequest.Input] = [
    .init(name: "0", kind: .folder, path: "u", target: "u"),
    .init(name: "1", kind: .facts, path: "u", target: "u"),
  ]

  @Test("the names in an image and its facts decide what an item says")
  func facts() async throws {
    let facts = try insert(
      ImageFacts(identity: ImageIdentity(volumeID: "Ubuntu"), addedArguments: ["toram"]))
    let script = try await run(
      .linux(linux), inputs, ["0": try folder(["linux", "other"]), "1": facts])
    #expect(script.contains("\nkernel http://s/u/linux quiet toram || goto failed\n"), "\(script)")
    #expect(bench.notes.all == [])
  }

  @Test("an input that is not there is a target that is not there")
  func missing() async throws {
    let script = try await run(.linux(linux), inputs, [:])
    #expect(script.contains("# Left out, because what it boots is not in the tree: Ubuntu\n"))
    #expect(!script.contains("item a "))
    #expect(bench.notes.all == ["\"Ubuntu\" is left out: what it boots is not in the tree"])
  }

  @Test("an image without the file that an item needs is an error that says what is there")
  func noKernel() async throws {
    let message = await bench.failure {
      try await run(.linux(linux), [inputs[0]], ["0": try folder(["zImage", "README"])])
    }
    #expect(
      message == """
        error: u has no vmlinuz, no linux
          why: "Ubuntu" needs it; the folder holds README, zImage
          fix: say with kernel: and initrd: where the item's files are
        """)
  }

  @Test("a large image for sanboot is worth a line, and a small one is not")
  func size() async throws {
    let image = try bench.insert([UInt8](repeating: 0, count: 3 << 20))
    for (limit, notes) in [(Int64(3 << 20), 0), ((3 << 20) - 1, 1)] {
      _ = try await run(
        .sanboot("http://s/u"),
        [.init(name: "0", kind: .size(limit: limit, item: "Ubuntu"), path: "u", target: "u")],
        ["0": image])
      #expect(bench.notes.all.count == notes)
    }
    #expect(
      bench.notes.all.first
        == "warning: \"Ubuntu\" boots u with sanboot, 3 MiB: a system with drivers of its own loses it"
    )
  }

  // MARK: Windows

  private func windows(_ files: [String: StoredArtifact], _ kind: MenuRequest.Input.Kind)
    async throws
    -> String
  {
    let entries = try Dictionary(
      uniqueKeysWithValues: files.map { path, file -> (String, StoredArtifact) in
        let parts = path.split(separator: "/").map(String.init)
        return (parts[0], try bench.store.insert(StoredDirectory(entries: [parts[1]: file])))
      })
    var image = BootFile(
      choices: [.init(name: "sources/boot.wim", url: "http://s/w/sources/boot.wim")], folder: nil)
    image.anyCase = "w/sources/boot.wim"
    return try await run(
      .wimboot(
        WindowsBoot(
          program: BootFile(url: "http://s/wimboot"), files: [.init(name: "boot.wim", file: image)])
      ),
      [.init(name: "0", kind: kind, path: "w/sources/boot.wim", target: "w")],
      ["0": try bench.store.insert(StoredDirectory(entries: entries))])
  }

  private func image(_ flags: UInt32, chunk: UInt32 = 32 << 10, parts: UInt8 = 1) throws
    -> StoredArtifact
  {
    var bytes = Array("MSWIM\0\0\0".utf8) + [UInt8](repeating: 0, count: 200)
    for place in 0..<4 {
      bytes[16 + place] = UInt8(truncatingIfNeeded: flags >> (8 * UInt32(place)))
      bytes[20 + place] = UInt8(truncatingIfNeeded: chunk >> (8 * UInt32(place)))
    }
    bytes[40] = 1
    bytes[42] = parts
    bytes[44] = 1
    return try bench.insert(bytes)
  }

  private static let kind = MenuRequest.Input.Kind.windowsImage("sources/boot.wim", item: "Ubuntu")

  @Test("The files of Windows media are found in whatever case they are")
  func anyCase() async throws {
    let lzx = try image(0x4_0002)
    for path in ["SOURCES/BOOT.WIM", "Sources/boot.wim", "sources/boot.wim"] {
      let script = try await windows([path: lzx], Self.kind)
      #expect(
        script.contains("initrd --name boot.wim http://s/w/\(path) boot.wim || goto failed\n"))
    }
    let missing = await bench.failure { try await windows(["sources/install.wim": lzx], Self.kind) }
    #expect(
      missing == """
        error: w has no sources/boot.wim
          why: sources holds install.wim
          fix: the keys bcd:, sdi: and wim: of the item say where its files are
        """)
  }

  @Test("An image that wimboot cannot boot is an error of the build")
  func badImages() async throws {
    func failure(_ file: StoredArtifact) async -> String {
      await bench.failure { try await windows(["sources/boot.wim": file], Self.kind) }
    }
    let convert =
      "convert it: wimlib-imagex export OLD.wim IMAGE NEW.wim --compress=LZX --chunk-size=32K"
    let start = "error: \"Ubuntu\" cannot boot w/sources/boot.wim\n  why: "
    #expect(
      await failure(try image(0x8_0002))
        == start + "it is compressed with LZMS, as an .esd is\n  fix: \(convert)")
    #expect(
      await failure(try image(0x2_0002, chunk: 4096))
        == start
        + "it is compressed in chunks of 4096 bytes, and the boot programs read 32768 only\n"
        + "  fix: \(convert)")
    #expect(
      await failure(try image(0, parts: 3))
        == start
        + "it is part 1 of 3 of a split WIM\n  fix: join the parts: wimlib-imagex join NEW.wim *.swm"
    )
    #expect(
      await failure(try bench.insert(Array("text".utf8)))
        == start
        + "it is no Windows image (WIM)\n  fix: name sources/boot.wim of a Windows medium")
    let large = Digest(hex: String(repeating: "ab", count: 32), size: 1 << 32)
    #expect(
      await failure(.file(try #require(large), executable: false))
        == start
        + "it has 4294967296 bytes, and wimboot loads less than 4 GiB\n"
        + "  fix: keep what is large on a share")
  }
}
