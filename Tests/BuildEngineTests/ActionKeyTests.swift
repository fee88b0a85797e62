import Testing

@testable import BuildEngine

struct ActionKeyTests {
  private static let blob = Digest(of: Array("abc".utf8))
  private static let other = Digest(of: Array("abd".utf8))

  private static var request: ActionRequest {
    ActionRequest(
      name: "undionly.kpxe: link", rule: RuleVersion("ipxe", 3),
      operation: .process(arguments: ["cc", "-o", "out", "a.c"]),
      inputs: [
        "a.c": .file(blob, executable: false), "deep/b.h": .file(blob, executable: false),
        "deep/link": .symlink(target: "b.h"), "tree": .directory(blob),
      ],
      outputs: ["out", "map"], environment: ["B": "2", "A": "1"], tools: ["cc", "ld"])
  }

  private static let tools = ["cc": blob, "ld": blob]

  private func key(_ change: (inout ActionRequest) -> Void = { _ in }) throws -> Digest {
    var request = Self.request
    change(&request)
    return try ActionKey(request, tools: Self.tools).digest
  }

  @Test("is the golden one: a change here makes every cache of every user useless")
  func golden() throws {
    let program = try key()
    #expect(
      program.description == "1f1b6281c4b839098ad4f1aabb2b5cb81cefa22b20f3d8228b7aac42179205b8/314")
    let builtIn = try key {
      $0.operation = .builtIn("fetch", version: 2, parameters: ["url": "u", "sha256": "s"])
    }
    #expect(
      builtIn.description == "29f9f13afabe6ed5392275dec49f6cf9455512a7f9c961402946ec5349c6063d/314")
    let worker = try key { $0.operation = .worker("make", version: 1, arguments: ["bin/x"]) }
    #expect(
      worker.description == "3455d32680f67f7100662b471131d28a6a53652b03255bfe33b488b6350d3e12/314")
  }

  @Test("does not depend on the name, on the order of dictionaries or on that of the outputs")
  func unchanged() throws {
    let key = try key()
    #expect(try self.key { $0.name = "something else" } == key)
    #expect(try self.key { $0.outputs = ["map", "out"] } == key)
    for _ in 0..<20 {
      let shuffled = try self.key { request in
        request.environment = [:]
        for (name, value) in Self.request.environment.shuffled() {
          request.environment[name] = value
        }
        request.inputs = [:]
        for (path, artifact) in Self.request.inputs.shuffled() { request.inputs[path] = artifact }
      }
      #expect(shuffled == key)
    }
  }

  @Test("is the same for a folder given whole and given file by file")
  func sameFolder() throws {
    let files: [String: StoredArtifact] = [
      "a": .file(Self.blob, executable: false), "b": .symlink(target: "a"),
    ]
    let whole = Digest(of: try StoredDirectory(entries: files).encoded())
    let given = try key { $0.inputs = ["f": .directory(whole)] }
    #expect(
      try key {
        $0.inputs = ["f/a": .file(Self.blob, executable: false), "f/b": .symlink(target: "a")]
      }
        == given)
    #expect(try key { $0.inputs = ["": .directory(whole)] } == key { $0.inputs = files })
  }

  @Test("changes with everything that can change the bytes")
  func changes() throws {
    var keys = [try key()]
    let operations: [Operation] = [
      .process(arguments: ["cc", "-o", "out", "b.c"]),
      .process(arguments: ["cc", "-o out", "a.c"]),
      .process(arguments: []), .worker("cc", version: 1, arguments: ["-o", "out", "a.c"]),
      .worker("cc", version: 2, arguments: ["-o", "out", "a.c"]),
      .builtIn("cc", version: 1, parameters: [:]), .builtIn("cc", version: 2, parameters: [:]),
      .builtIn("cc", version: 1, parameters: ["a": "b=c"]),
      .builtIn("cc", version: 1, parameters: ["a": "", "b": "c"]),
    ]
    for operation in operations { keys.append(try key { $0.operation = operation }) }
    keys.append(try key { $0.rule = RuleVersion("ipxe", 4) })
    keys.append(try key { $0.rule = RuleVersion("iso", 3) })
    keys.append(try key { $0.inputs["a.c"] = .file(Self.other, executable: false) })
    keys.append(try key { $0.inputs["a.c"] = .file(Self.blob, executable: true) })
    keys.append(try key { $0.inputs["a.c"] = .symlink(target: "x") })
    keys.append(try key { $0.inputs["a.c"] = .directory(Self.blob) })
    keys.append(try key { $0.inputs["a.c"] = nil })
    keys.append(try key { $0.inputs["deep/b.h"] = .file(Self.other, executable: false) })
    keys.append(try key { $0.inputs["tree"] = .directory(Self.other) })
    keys.append(try key { $0.outputs = ["out"] })
    keys.append(try key { $0.environment["A"] = "2" })
    keys.append(try key { $0.environment["C"] = "" })
    keys.append(try key { $0.isCacheable = false })
    for tools in [["cc": Self.other, "ld": Self.blob], ["cc": Self.blob], [:]] {
      keys.append(try ActionKey(Self.request, tools: tools).digest)
    }
    #expect(Set(keys).count == keys.count)
  }

  @Test(
    "a path outside the action's root is refused",
    arguments: ["../x", "a/../../x", "/etc/passwd", "a//b", "a/./b", "a/", "."])
  func refusesPaths(path: String) async {
    var request = Self.request
    request.inputs = [path: .file(Self.blob, executable: false)]
    #expect(
      await errorText { _ = try ActionKey(request, tools: [:]) } == """
        error: undionly.kpxe: link has an input at "\(path)"
          why: that is no plain path below the action's root
          fix: this is a fault of the rule ipxe, please report it
        """)
    request = Self.request
    request.outputs = [path]
    #expect(
      await errorText { _ = try ActionKey(request, tools: [:]) } == """
        error: undionly.kpxe: link has an output at "\(path)"
          why: that is no plain path below the action's root
          fix: this is a fault of the rule ipxe, please report it
        """)
  }

  @Test(
    "two inputs in one place are refused",
    arguments: [["a", "a/b"], ["a/b", "a/b/c"], ["", "x"]])
  func refusesClash(paths: [String]) async {
    var request = Self.request
    request.inputs = [:]
    for path in paths { request.inputs[path] = .directory(Self.blob) }
    let text = await errorText { _ = try ActionKey(request, tools: [:]) }
    #expect(
      paths.map {
        "error: undionly.kpxe: link has two inputs at \"\($0)\"\n"
          + "  fix: this is a fault of the rule ipxe, please report it"
      }.contains(text ?? ""), "\(text ?? "nothing")")
  }

  @Test("can be described and compared")
  func describes() async throws {
    try await TemporaryFolder.with { folder in
      let store = try TestCache(folder).store
      func describe(_ change: (inout ActionRequest) -> Void = { _ in }) throws -> KeyDescription {
        var request = Self.request
        change(&request)
        return try KeyDescription(of: ActionKey(request, tools: Self.tools), in: store)
      }
      let old = try describe()
      #expect(
        old.facts == [
          "step": "cc", "argument 1": "-o", "argument 2": "out", "argument 3": "a.c",
          "environment A": "1", "environment B": "2", "outputs": "map out", "rule": "ipxe@3",
          "tool cc": Self.blob.hex, "tool ld": Self.blob.hex,
          "input a.c": "ba7816bf8f01, 3 bytes", "input deep/b.h": "ba7816bf8f01, 3 bytes",
          "input deep/link": "link to b.h", "input tree": "directory ba7816bf8f01",
        ])
      let new = try describe {
        $0.environment = ["A": "3"]
        $0.inputs["new"] = .file(Self.other, executable: true)
        $0.operation = .builtIn("fetch", version: 1, parameters: ["url": "a=b", "mirror": ""])
      }
      let differences = new.differences(from: old).map {
        "\($0.fact): \($0.old ?? "nil") -> \($0.new ?? "nil")"
      }
      #expect(
        differences == [
          "argument 1: -o -> nil", "argument 2: out -> nil", "argument 3: a.c -> nil",
          "environment A: 1 -> 3", "environment B: 2 -> nil",
          "input new: nil -> \(Self.other.short), 3 bytes, executable", "parameter mirror: nil -> ",
          "parameter url: nil -> a=b", "step: cc -> pxebuild:built-in:fetch@1",
        ])
      #expect(new.differences(from: new).isEmpty)
      #expect(try KeyDescription(of: Self.blob, in: store) == nil)
    }
  }
}
