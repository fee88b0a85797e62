import BuildEngine
import SystemPackage
import Testing

@testable import UpstreamMake

@Suite struct MiniatureTests {
  static let goals = [
    "bin/undionly.kpxe", "bin/ipxe.usb", "bin-x86_64-efi/ipxe.efi", "bin-i386-efi/ipxe.efi",
    "bin-x86_64-efi/ipxe.usb",
  ]
  static let script = "#!ipxe\ndhcp\nchain http://10.0.0.200/install.ipxe\n"

  @Test("every goal has the bytes that plain make gives it", arguments: goals, [1, 2])
  func bytesOfPlainMake(goal: String, slots: Int) async throws {
    let laboratory = try Laboratory("plain", slots: slots)
    defer { laboratory.remove() }
    var recipe = Recipe.embedding(Self.script, goal)
    recipe.goals = Self.goals
    recipe.trust = ["our root.pem"]
    recipe.certificates = ["a.pem", "b.pem"]
    recipe.privateKey = ["key"]
    recipe.files["trust/our root.pem"] = "root"
    recipe.files["certificates/a.pem"] = "first"
    recipe.files["certificates/b.pem"] = "second"
    recipe.files["private-key/key"] = "secret"
    let source = try laboratory.insert(tree: Laboratory.miniature)
    let built = try await laboratory.build(recipe, source: source)

    // Plain make cannot be given a name with a blank; the name of a trusted root reaches no product.
    recipe.trust = ["root.pem"]
    recipe.files["trust/root.pem"] = recipe.files.removeValue(forKey: "trust/our root.pem")
    let plain = try laboratory.makePlainly(
      recipe, upstream: Laboratory.miniature, buildID: built.buildID)
    #expect(!built.bytes.isEmpty)
    #expect(built.bytes == plain)
    #expect(built.notes == [])
    if slots > 1 { #expect(laboratory.countSlots() == slots - 1) }
  }

  @Test("two folders and other numbers of slots give one digest")
  func sameBytesAnywhere() async throws {
    var products: Set<[UInt8]> = []
    for (name, slots) in [("one", 1), ("another-much-longer-name", 2)] {
      let laboratory = try Laboratory(name, slots: slots)
      defer { laboratory.remove() }
      let source = try laboratory.insert(tree: Laboratory.miniature)
      let recipe = Recipe.embedding(Self.script, "bin-x86_64-efi/ipxe.efi")
      products.insert(try await laboratory.build(recipe, source: source).bytes)
    }
    #expect(products.count == 1)
  }

  @Test("a changed script costs one link, and an image of a goal shares the goal's link")
  func embedChangeRelinks() async throws {
    let laboratory = try Laboratory()
    defer { laboratory.remove() }
    let source = try laboratory.insert(tree: Laboratory.miniature)
    var first = Recipe.embedding(Self.script, "bin-x86_64-efi/ipxe.efi")
    first.goals = ["bin-x86_64-efi/ipxe.efi", "bin-x86_64-efi/ipxe.usb"]
    let before = try await laboratory.build(first, source: source)
    #expect(await laboratory.executor.takeRuns() == ["make-record", "make-objects", "make-link"])

    first.files["embed/chain.ipxe"] = "#!ipxe\nshell\n"
    let after = try await laboratory.build(first, source: source)
    #expect(await laboratory.executor.takeRuns() == ["make-link"])
    #expect(after.bytes != before.bytes)
    #expect(after.buildID != before.buildID)

    first.goal = "bin-x86_64-efi/ipxe.usb"
    let image = try await laboratory.build(first, source: source)
    #expect(await laboratory.executor.takeRuns() == ["make-link"])
    #expect(image.bytes.count == after.bytes.count + "FAT 1700000000\n".utf8.count)
    #expect(image.buildID == after.buildID)
  }

  @Test("another script name records anew and compiles nothing")
  func embedNameKeepsObjects() async throws {
    let laboratory = try Laboratory()
    defer { laboratory.remove() }
    let source = try laboratory.insert(tree: Laboratory.miniature)
    var recipe = Recipe.embedding(Self.script, "bin/undionly.kpxe")
    _ = try await laboratory.build(recipe, source: source)
    _ = await laboratory.executor.takeRuns()
    recipe.embed = ["other.ipxe"]
    recipe.files = ["embed/other.ipxe": Self.script]
    let built = try await laboratory.build(recipe, source: source)
    #expect(await laboratory.executor.takeRuns() == ["make-record", "make-link"])
    #expect(
      try built.bytes
        == laboratory.makePlainly(
          recipe, upstream: Laboratory.miniature, buildID: built.buildID))
  }

  @Test("a link set saves compiling and changes no byte")
  func linkSetIsAHint() async throws {
    let laboratory = try Laboratory()
    defer { laboratory.remove() }
    let source = try laboratory.insert(tree: Laboratory.miniature)
    var recipe = Recipe.embedding(Self.script, "bin/undionly.kpxe")
    recipe.linkSets = "[bin/undionly.kpxe]\nstart print length undionly\n"
    let built = try await laboratory.build(recipe, source: source)
    #expect(await laboratory.executor.takeRuns() == ["make-record", "make-objects", "make-link"])
    #expect(
      try built.bytes
        == laboratory.makePlainly(
          recipe, upstream: Laboratory.miniature, buildID: built.buildID))
  }

  @Test("a link set that is too small heals, and the next build knows the right one")
  func smallLinkSetHeals() async throws {
    let laboratory = try Laboratory()
    defer { laboratory.remove() }
    let source = try laboratory.insert(tree: Laboratory.miniature)
    var recipe = Recipe.embedding(Self.script, "bin/undionly.kpxe")
    recipe.linkSets = "[bin/undionly.kpxe]\nstart print undionly\n"
    let built = try await laboratory.build(recipe, source: source)
    #expect(
      await laboratory.executor.takeRuns() == [
        "make-record", "make-objects", "make-link", "make-objects", "make-link",
      ])
    #expect(
      try built.bytes
        == laboratory.makePlainly(
          recipe, upstream: Laboratory.miniature, buildID: built.buildID))

    let cache = LinkSetCache(cache: laboratory.folder.appending("cache"))
    #expect(
      try cache.learned(Recipe.commit).objects == [
        "bin/undionly.kpxe": [
          "certstore", "embedded", "length", "print", "privkey", "rootcert", "start", "undionly",
        ]
      ])
    recipe.files["embed/chain.ipxe"] = "#!ipxe\nshell\n"
    _ = try await laboratory.build(recipe, source: source)
    #expect(await laboratory.executor.takeRuns() == ["make-link"])
  }

  @Test("a configuration that links more than the link set heals")
  func configurationOutgrowsLinkSet() async throws {
    let laboratory = try Laboratory()
    defer { laboratory.remove() }
    let source = try laboratory.insert(tree: Laboratory.miniature)
    var recipe = Recipe.embedding(Self.script, "bin/undionly.kpxe")
    recipe.linkSets = "[bin/undionly.kpxe]\nstart print length undionly\n"
    recipe.files["config/general.h"] = "#define SECURE\n"
    let built = try await laboratory.build(recipe, source: source)
    #expect(
      try built.bytes
        == laboratory.makePlainly(
          recipe, upstream: Laboratory.miniature, buildID: built.buildID))
  }

  @Test("DEBUG= compiles the debugging object in the place of the other")
  func debugging() async throws {
    let laboratory = try Laboratory()
    defer { laboratory.remove() }
    let source = try laboratory.insert(tree: Laboratory.miniature)
    var recipe = Recipe.embedding(Self.script, "bin/undionly.kpxe")
    recipe.debug = "print:1"
    recipe.linkSets = "[bin/undionly.kpxe]\nstart print length undionly\n"
    let built = try await laboratory.build(recipe, source: source)
    #expect(await laboratory.executor.takeRuns() == ["make-record", "make-objects", "make-link"])
    #expect(
      try built.bytes
        == laboratory.makePlainly(
          recipe, upstream: Laboratory.miniature, buildID: built.buildID))
  }

  @Test("a compile error ends with the command and the compiler's own lines")
  func compileError() async throws {
    let laboratory = try Laboratory()
    defer { laboratory.remove() }
    let source = try laboratory.insert(tree: Laboratory.miniature)
    var recipe = Recipe.embedding(Self.script, "bin/undionly.kpxe")
    recipe.files["config/general.h"] = "#define BROKEN\n"
    let error = await #expect(throws: BuildError.self) {
      try await laboratory.build(recipe, source: source)
    }
    let lines = (error?.outputTail ?? []).filter { !$0.hasPrefix("##progress") }
    #expect(error?.message == "bin: objects failed")
    #expect(lines.first?.hasPrefix("gcc -m32 ") == true)
    #expect(lines.first?.hasSuffix("-c net/tls.c -o bin/tls.o") == true)
    #expect(
      lines.dropFirst() == [
        "net/tls.c:5:2: error: #error \"this option does not compile\"",
        "    5 | #error \"this option does not compile\"",
        "      |  ^~~~~",
      ])
    #expect(!(await laboratory.executor.takeRuns()).contains("make-whole"))
  }

  @Test("a goal that make has no rule for is named, and costs the others nothing")
  func unknownGoal() async throws {
    let laboratory = try Laboratory()
    defer { laboratory.remove() }
    let source = try laboratory.insert(tree: Laboratory.miniature)
    var recipe = Recipe.embedding(Self.script, "bin/undionly.kpex")
    recipe.goals = ["bin/undionly.kpex", "bin/undionly.kpxe"]
    let error = await #expect(throws: BuildError.self) {
      try await laboratory.build(recipe, source: source)
    }
    #expect(
      error?.description == """
        error: this version of the source cannot build bin/undionly.kpex
          why: make: *** No rule to make target 'bin/undionly.kpex'.  Stop.
          fix: check the name against the goals of the upstream's make
        """)
    recipe.goal = "bin/undionly.kpxe"
    _ = try await laboratory.build(recipe, source: source)
    #expect(await laboratory.executor.takeRuns() == ["make-record", "make-objects", "make-link"])
  }

  @Test("patches are applied in the order of their names before anything else")
  func patches() async throws {
    let laboratory = try Laboratory()
    defer { laboratory.remove() }
    let source = try laboratory.insert(tree: Laboratory.miniature)
    var recipe = Recipe.embedding(Self.script, "bin/undionly.kpxe")
    recipe.files["patches/0001-one"] = Self.patch("VERSION := 0.1.0", "VERSION := 0.1.1")
    recipe.files["patches/0002-two"] = Self.patch("VERSION := 0.1.1", "VERSION := 0.2.0")
    let patched = try await laboratory.build(recipe, source: source)
    #expect(await laboratory.executor.takeRuns().first == "make-patch")
    recipe.files = recipe.files.filter { !$0.key.hasPrefix("patches/") }
    let plain = try await laboratory.build(recipe, source: source)
    #expect(patched.bytes != plain.bytes)

    recipe.files["patches/0001-one"] = Self.patch("VERSION := 9", "VERSION := 10")
    let error = await #expect(throws: BuildError.self) {
      try await laboratory.build(recipe, source: source)
    }
    #expect(
      error?.outputTail.last
        == "error: the patch 0001-one does not apply to this version of the source")
  }

  private static func patch(_ old: String, _ new: String) -> String {
    let rest = " (g$(shell echo \"$(GITVERSION)\" | cut -c1-5))"
    return "--- a/src/Makefile\n+++ b/src/Makefile\n@@ -42 +42 @@\n-\(old)\(rest)\n+\(new)\(rest)\n"
  }
}

@Suite struct WholeTests {
  @Test("make itself builds what cannot be replayed, under the same slots", arguments: [1, 2])
  func secureBootFolder(slots: Int) async throws {
    let laboratory = try Laboratory("whole", slots: slots)
    defer { laboratory.remove() }
    let source = try laboratory.insert(tree: Laboratory.miniature)
    let recipe = Recipe.embedding(MiniatureTests.script, "bin-x86_64-efi-sb/ipxe.efi")
    let built = try await laboratory.build(recipe, source: source)
    #expect(await laboratory.executor.takeRuns() == ["make-record", "make-whole"])
    #expect(
      built.notes == [
        "make builds bin-x86_64-efi-sb/ipxe.efi itself: a Secure Boot folder checks each object's "
          + "dependencies"
      ])
    #expect(
      try built.bytes
        == laboratory.makePlainly(
          recipe, upstream: Laboratory.miniature, buildID: built.buildID))
    if slots > 1 { #expect(laboratory.countSlots() == slots - 1) }
  }

  @Test("a recorded link that fails is left to make, and says why")
  func failingReplay() async throws {
    let laboratory = try Laboratory("failing")
    defer { laboratory.remove() }
    // A file that no command line names is not in the kit of the link.
    let upstream = laboratory.folder.appending("upstream")
    try laboratory.copy(Laboratory.miniature, to: upstream)
    let script = upstream.appending("src/util/genfsimg")
    try FileSystem.replace(
      script, with: Array("#!/bin/sh\ncat config/general.h \"$3\" > \"$2\"\n".utf8), mode: 0o755)
    let source = try laboratory.insert(tree: upstream)
    let recipe = Recipe.embedding(MiniatureTests.script, "bin-i386-efi/ipxe.usb")
    let built = try await laboratory.build(recipe, source: source)
    #expect(
      built.notes == [
        "make builds bin-i386-efi/ipxe.usb itself, the recorded link failed: "
          + "cat: config/general.h: No such file or directory"
      ])
    #expect(
      try built.bytes
        == laboratory.makePlainly(recipe, upstream: upstream, buildID: built.buildID))
  }
}
