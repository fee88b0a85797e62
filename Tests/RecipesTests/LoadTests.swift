import BuildEngine
import Glibc
import Testing

@testable import Recipes

@Suite struct LoadTests {
  @Test("All recipes of a folder are read in the order of their names, those below it are not")
  func folder() throws {
    let site = try TemporarySite([
      "b.yml": "targets: { b: { script: '{{site.server}}' } }",
      "a.yaml": "targets: { a: { script: x } }",
      "c.yaml": "site: { server: 10.0.0.1 }", "examples/d.yaml": "not: [a recipe",
      ".hidden.yaml": "not: [a recipe", "notes.txt": "x", "empty.yaml": "# nothing yet\n",
      "sections.yaml": "site:\nsources:\ntargets:\n",
    ])
    let recipes = try site.load()
    #expect(recipes.targets.map(\.path) == ["a", "b"])
    #expect(try recipes.plan().targets[1].artifact == .bytes(Array("10.0.0.1".utf8)))
  }

  @Test("A folder that is absent or empty is an error that says what to do")
  func noFolder() throws {
    let site = try TemporarySite()
    let help = "\n  = help: name the folder with --recipes, or make one with pxebuild init"
    #expect(
      try site.errors() == "error: the folder \"recipes\" has no recipe (*.yaml)" + help)
    let error = #expect(throws: RecipeErrors.self) {
      try RecipeSet.load(folder: "\(site.folder)/none", name: "none")
    }
    #expect(
      error?.rendered()
        == "error: cannot read the recipe folder \"none\": No such file or directory" + help)
  }

  @Test("Recipes without a target are a warning")
  func noTargets() throws {
    let site = try TemporarySite(["a.yaml": "site: { server: 10.0.0.1 }\n"])
    #expect(
      Diagnostic.rendered(try site.load().warnings)
        == "warning: no recipe in \"recipes\" defines a target")
  }

  @Test("A named pipe in the folder is an error, not a wait")
  func namedPipe() throws {
    let site = try TemporarySite()
    #expect(mkfifo("\(site.folder)/a.yaml", 0o600) == 0)
    #expect(try site.errors() == "error: cannot read recipes/a.yaml: Invalid argument")
  }

  @Test("Keys that stand twice are all found, however they are written")
  func twice() throws {
    let text = """
      targets:
        "größe": { script: a }
        日本: { script: b, "script": c, script: d }
        'größe': { script: e }
        日本: { script: f }
        "a\\x62": { script: g }
        ab: { script: h }
        "\\"q": { script: i }
        '"q': { script: j }
        '''s': { script: k }
        "'s": { script: l }

      """
    let site = try TemporarySite(["a.yaml": text])
    let found = #expect(throws: RecipeErrors.self) { try site.load() }
    #expect(
      found?.diagnostics.map { "\($0.location?.description ?? "") \($0.message)" } == [
        "recipes/a.yaml:3:20 \"script\" is defined twice",
        "recipes/a.yaml:3:33 \"script\" is defined twice",
        "recipes/a.yaml:4:3 \"größe\" is defined twice",
        "recipes/a.yaml:5:3 \"日本\" is defined twice",
        "recipes/a.yaml:7:3 \"ab\" is defined twice",
        "recipes/a.yaml:9:3 \"\\\"q\" is defined twice",
        "recipes/a.yaml:11:3 \"'s\" is defined twice",
      ])
    let notes = found?.diagnostics.flatMap(\.notes).compactMap(\.location?.description)
    #expect(
      notes == [
        "recipes/a.yaml:3:9", "recipes/a.yaml:3:9", "recipes/a.yaml:2:3", "recipes/a.yaml:3:3",
        "recipes/a.yaml:6:3", "recipes/a.yaml:8:3", "recipes/a.yaml:10:3",
      ])
  }

  @Test("A recipe that cannot be read is an error with its name")
  func unreadable() throws {
    let site = try TemporarySite(["a.yaml/x": ""])
    #expect(try site.errors() == "error: cannot read recipes/a.yaml: Is a directory")
  }

  @Test("The site has its defaults and its own names")
  func site() throws {
    let text = """
      site:
        server: 10.1.0.2
        http: "http://{{site.server}}:8080/"
        output: out
        network:
          subnet: 10.1.0.0/16
          range: [10.1.1.0, 10.1.1.255]
          dns: 10.1.0.1
        vars: { greeting: "hello from {{site.http}}", no: 012 }
      targets:
        a: { script: "{{site.http}} {{site.network.netmask}} {{site.network.broadcast}} {{site.vars.no}}" }
        b: { script: "{{{{ {{site.vars.greeting}} ${net0/ip} }}" }

      """
    let folder = try TemporarySite(["a.yaml": text])
    let recipes = try folder.load()
    #expect(recipes.warnings.isEmpty)
    #expect(recipes.site.server == IPv4Address("10.1.0.2"))
    #expect(recipes.site.http == "http://10.1.0.2:8080")
    #expect(recipes.site.output == "\(folder.folder)/out")
    #expect(recipes.site.network.dns == [IPv4Address("10.1.0.1")])
    #expect(
      recipes.site.variables == ["no": "012", "greeting": "hello from http://10.1.0.2:8080"])
    let scripts = try recipes.plan().targets.map(\.artifact)
    #expect(
      scripts == [
        .bytes(Array("http://10.1.0.2:8080 255.255.0.0 10.1.255.255 012".utf8)),
        .bytes(Array("{{ hello from http://10.1.0.2:8080 ${net0/ip} }}".utf8)),
      ])
  }

  @Test("http follows from server, and a server that DHCP hands out is a warning")
  func defaults() throws {
    let text = """
      site:
        server: 10.0.0.150
        network: { subnet: 10.0.0.0/24, range: [10.0.0.100, 10.0.0.199] }
      targets: { a: { script: "{{site.http}}" } }

      """
    let site = try TemporarySite(["a.yaml": text])
    let recipes = try site.load()
    #expect(try recipes.plan().targets[0].artifact == .bytes(Array("http://10.0.0.150".utf8)))
    #expect(
      Diagnostic.rendered(recipes.warnings) == """
        warning: the server's own address 10.0.0.150 is in the range that DHCP hands out
         --> recipes/a.yaml:2:11
          |
        2 |   server: 10.0.0.150
          |           ^^^^^^^^^^
          = help: choose a range without it
        """)
  }

  @Test("A script keeps its bytes: empty lines, trailing spaces, no final line break")
  func exactText() throws {
    let text =
      "targets:\n  a:\n    script: |-\n      one  \n\n        two\t\n  b:\n    script: |+\n      x\n\n"
    let site = try TemporarySite(["a.yaml": text])
    #expect(
      try site.load().plan().targets.map(\.artifact) == [
        .bytes(Array("one  \n\n  two\t".utf8)), .bytes(Array("x\n\n".utf8)),
      ])
  }

  @Test("Names with quotes, spaces, and letters of any alphabet are targets like others")
  func names() throws {
    let text = """
      targets:
        "it's \\"quoted\\"": { script: a }
        démarrage/メニュー.ipxe: { script: b }
        " leading": { script: c }
        "$(reboot);`x`": { script: d }

      """
    let site = try TemporarySite(["a.yaml": text])
    #expect(
      try site.load().targets.map(\.path) == [
        "it's \"quoted\"", "démarrage/メニュー.ipxe", " leading", "$(reboot);`x`",
      ])
  }

  @Test("A recipe file whose own name is hostile is read, and shown safely")
  func fileNames() throws {
    let site = try TemporarySite(["a \"b\"\n\u{1b}[31m é.yaml": "targets: { a: { scirpt: x } }\n"])
    #expect(
      try site.errors().split(separator: "\n")[1]
        == " --> recipes/a \"b\"\\n\\u{1b}[31m é.yaml:1:17")
    let other = try TemporarySite(["a.yaml": "targets: { a: { file: \"x\\e[31m\\ny\" } }\n"])
    #expect(
      try other.errors() == """
        error: no such file or folder: "x\\u{1b}[31m\\ny"
         --> recipes/a.yaml:1:23
          |
        1 | targets: { a: { file: "x\\e[31m\\ny" } }
          |                       ^^^^^^^^^^^^
          = help: looked at FOLDER/x\\u{1b}[31m\\ny
        """)
  }

  @Test("A file with a hostile name is a target's content like any other")
  func hostileFile() throws {
    let name = "it's a \"file\"\nof é"
    let site = try TemporarySite([
      "a.yaml": "targets: { a: { file: \"it's a \\\"file\\\"\\nof é\" } }", name: "x",
    ])
    #expect(try site.load().plan().targets[0].artifact == .local(path: "\(site.folder)/\(name)"))
  }

  @Test("A byte order mark at the start of a file is ignored")
  func byteOrderMark() throws {
    let site = try TemporarySite()
    try site.write("a.yaml", [0xef, 0xbb, 0xbf] + Array("targets: { a: { script: x } }".utf8))
    #expect(try site.load().targets.count == 1)
    try site.write("a.yaml", [0xff, 0xfe, 0x61, 0x00])
    #expect(
      try site.errors()
        == "error: recipes/a.yaml is UTF-16, not UTF-8\n  = help: save the file as UTF-8")
  }

  @Test("Aliases that multiply cost nothing")
  func manyAliases() throws {
    var text = "targets:\n  a: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1...30 {
      let list = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      text += "  b\(level): &a\(level) [\(list)]\n"
    }
    let site = try TemporarySite(["a.yaml": text])
    let found = try site.errors()
    #expect(
      found.hasPrefix("error: anchors and aliases are not supported\n --> recipes/a.yaml:2:6"))
  }

  @Test("Deep nesting is an error, not a crash")
  func deepNesting() throws {
    let text = "targets: " + String(repeating: "[", count: 100_000)
    let site = try TemporarySite(["a.yaml": text])
    #expect(try site.errors().hasPrefix("error: not YAML: "))
  }

  // The limit is a guard against quadratic work in a debug build on a loaded machine; benchmarks measure speed.
  @Test("Ten thousand trivial targets load and plan", .timeLimit(.minutes(5)))
  func many() throws {
    var text = "targets:\n"
    for number in 0..<10_000 {
      text += "  t\(number % 100)/f\(number): { script: \"x\(number)\" }\n"
    }
    let site = try TemporarySite(["a.yaml": text])
    #expect(try site.load().plan().targets.count == 10_000)
  }
}
