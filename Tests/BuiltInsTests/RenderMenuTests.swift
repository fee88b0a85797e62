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
}
