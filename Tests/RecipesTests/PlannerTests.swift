import BuildEngine
import Testing

@testable import Recipes

private let commit = "12798ec29aa8a64d8675c4378b99f5fe28447afb"
private let url = "https://example.org/ipxe.git"

@Suite struct PlannerTests {
  static let ipxe = """
    sources:
      ipxe: { git: \(url), tag: v1, prebuilt: { deb: ipxe } }
      bare: { git: \(url), commit: \(commit) }
    targets:
      chain.ipxe:
        script: |
          #!ipxe
          dhcp
      undionly.kpxe: { ipxe: bin/undionly.kpxe, source: ipxe, embed: chain.ipxe }
      usb/bios.usb: { ipxe: bin/ipxe.usb, source: ipxe, embed: chain.ipxe }
      serial.kpxe:
        ipxe: bin/undionly.kpxe
        source: ipxe
        config: { console.h: { CONSOLE_SERIAL: true, CONSOLE_PCBIOS: false }, serial.h: { COMSPEED: 9600 } }
      ipxe32.efi: { ipxe: bin-i386-efi/ipxe.efi, source: ipxe, embed: chain.ipxe }
      ipxe.efi: { ipxe: bin-x86_64-efi/ipxe.efi, source: ipxe, embed: chain.ipxe, config: { general.h: { A: true } } }
      usb/efi.usb: { ipxe: bin-x86_64-efi/ipxe.usb, source: ipxe, embed: chain.ipxe }
      maybe.efi: { ipxe: bin-arm64-efi/ipxe.efi, source: bare, optional: true }

    """

  private static var lock: LockFile {
    var lock = LockFile()
    lock.pin(.init(url: url, reference: .tag("v1"), commit: commit))
    return lock
  }

  private func plan(
    _ text: String = ipxe, files: [String: String] = [:], _ paths: [String]? = nil,
    options: PlanOptions = PlanOptions(lock: lock)
  ) throws -> Plan {
    let site = try TemporarySite(files.merging(["a.yaml": text]) { one, _ in one })
    return try site.load().plan(targets: paths, options: options)
  }

  private func action(of target: String, in plan: Plan) throws -> PlannedAction {
    let found = try #require(plan.targets.first { $0.path == target })
    guard case .output(let id, _) = found.artifact else { throw NoAction(target: target) }
    return plan[id]
  }

  private struct NoAction: Error { let target: String }

  private func parameters(_ action: PlannedAction) -> [String: String] {
    if case .builtIn(_, _, let parameters) = action.operation { return parameters }
    return [:]
  }

  @Test("An ipxe target becomes one action that reads the tree, the time and its scripts")
  func ipxe() throws {
    let plan = try plan(Self.ipxe, ["undionly.kpxe"])
    #expect(plan.targets.map(\.path) == ["undionly.kpxe"])
    #expect(plan.targets[0].isCompiled)
    let tree = plan.actions[0]
    #expect(tree.outputs == ["source", "commit-time"])
    #expect(tree.isCacheable)
    #expect(
      tree.operation
        == .builtIn(
          "git-tree", version: 1, parameters: ["url": url, "commit": commit, "ref": "v1"]))
    let made = try action(of: "undionly.kpxe", in: plan)
    #expect(made.outputs == ["product"])
    #expect(
      made.inputs == [
        "source": .output(ActionID(index: 0), path: "source"),
        "commit-time": .output(ActionID(index: 0), path: "commit-time"),
        "embed/chain.ipxe": .bytes(Array("#!ipxe\ndhcp\n".utf8)),
      ])
    #expect(
      parameters(made) == [
        "goal": "bin/undionly.kpxe", "goals": "bin/ipxe.usb,bin/undionly.kpxe", "commit": commit,
        "embed": "chain.ipxe", "trust": "", "certificates": "", "private-key": "", "debug": "",
        "cross": "",
      ])
    #expect(made.origin == "recipes/a.yaml:9:3")
  }

  @Test("Goals are shared with targets of the same options only, asked for or not")
  func goals() throws {
    let plan = try plan()
    let goals = try ["undionly.kpxe", "serial.kpxe", "ipxe.efi", "usb/efi.usb"].map {
      parameters(try action(of: $0, in: plan))["goals"]
    }
    #expect(
      goals == [
        "bin/ipxe.usb,bin/undionly.kpxe", "bin/undionly.kpxe", "bin-x86_64-efi/ipxe.efi",
        "bin-x86_64-efi/ipxe.usb",
      ])
    #expect(
      plan.actions.filter { $0.name == "source ipxe" }.count == 1, "one tree for all targets")
  }

  @Test("Options become headers with the same bytes in whatever order they are written")
  func config() throws {
    let made = try action(of: "serial.kpxe", in: try plan(Self.ipxe, ["serial.kpxe"]))
    let console = """
      /* Written by pxebuild from the recipe's config: */
      #undef CONSOLE_PCBIOS
      #undef CONSOLE_SERIAL
      #define CONSOLE_SERIAL

      """
    #expect(made.inputs["config/console.h"] == .bytes(Array(console.utf8)))
    let serial = """
      /* Written by pxebuild from the recipe's config: */
      #undef COMSPEED
      #define COMSPEED 9600

      """
    #expect(made.inputs["config/serial.h"] == .bytes(Array(serial.utf8)))
  }

  @Test("Certificates, keys, patches, debug and cross reach the action in their order")
  func everyOption() throws {
    let text = """
      sources: { ipxe: { git: \(url), commit: \(commit) } }
      targets:
        two.ipxe: { script: "#!ipxe\\nsecond\\n" }
        a.efi:
          ipxe: bin-arm64-efi/ipxe.usb
          source: ipxe
          embed: [files/one.ipxe, two.ipxe]
          trust: [certs/b.pem, certs/a.pem]
          certificates: certs/a.pem
          private-key: certs/key.pem
          debug: [dhcp, "net:3"]
          cross: aarch64-linux-gnu-
          patches: [z.patch, a.patch]

      """
    let files = [
      "files/one.ipxe": "#!ipxe\n", "certs/a.pem": "", "certs/b.pem": "", "certs/key.pem": "",
      "z.patch": "", "a.patch": "", "link-sets/x": "",
    ]
    let site = try TemporarySite(files.merging(["a.yaml": text]) { one, _ in one })
    let plan = try site.load().plan()
    let made = try action(of: "a.efi", in: plan)
    #expect(
      parameters(made) == [
        "goal": "bin-arm64-efi/ipxe.usb", "goals": "bin-arm64-efi/ipxe.usb", "commit": commit,
        "embed": "one.ipxe,two.ipxe", "trust": "b.pem,a.pem", "certificates": "a.pem",
        "private-key": "key.pem", "debug": "dhcp,net:3", "cross": "aarch64-linux-gnu-",
      ])
    #expect(
      made.inputs.keys.sorted() == [
        "certificates/a.pem", "commit-time", "embed/one.ipxe", "embed/two.ipxe", "link-sets",
        "patches/0001-z.patch", "patches/0002-a.patch", "private-key/key.pem", "source",
        "trust/a.pem", "trust/b.pem",
      ])
    #expect(made.inputs["embed/two.ipxe"] == .bytes(Array("#!ipxe\nsecond\n".utf8)))
    #expect(made.inputs["trust/a.pem"] == .local(path: "\(site.folder)/certs/a.pem"))
    #expect(made.inputs["link-sets"] == .local(path: "\(site.folder)/link-sets"))
    for tool in ["aarch64-linux-gnu-gcc", "gcc", "make", "patch", "openssl", "mformat", "mcopy"] {
      #expect(made.tools.contains(tool))
    }
    #expect(parameters(plan.actions[0]) == ["url": url, "commit": commit])
  }

  @Test("A tag that is not pinned is an error that names the remedy")
  func notPinned() throws {
    let error = #expect(throws: RecipeErrors.self) {
      try plan(Self.ipxe, ["undionly.kpxe", "ipxe.efi"], options: PlanOptions())
    }
    #expect(
      error?.rendered() == """
        error: source "ipxe": the lock file does not pin tag v1
         --> recipes/a.yaml:2:3
          |
        2 |   ipxe: { git: \(url), tag: v1, prebuilt: { deb: ipxe } }
          |   ^^^^
          = help: pxebuild lock looks it up and writes it down
        """)
  }

  @Test("A tag that could not be looked up becomes an action that says why")
  func unreachable() throws {
    let options = PlanOptions(unreachable: [.git(url: url, .tag("v1")): "no such host"])
    let plan = try plan(Self.ipxe, ["undionly.kpxe", "maybe.efi"], options: options)
    #expect(
      parameters(plan.actions[0])
        == ["url": url, "commit": "", "ref": "v1", "unreachable": "no such host"])
    #expect(!plan.actions[0].isCacheable)
    guard case .fail(let advice) = plan.targets[0].whenUnreachable else {
      Issue.record("expected .fail")
      return
    }
    #expect(advice == "--allow-prebuilt lets Debian's package ipxe stand in")
    guard case .skip(reason: nil) = plan.targets[1].whenUnreachable else {
      Issue.record("an optional target is skipped")
      return
    }
  }

  @Test("With --allow-prebuilt Debian's binaries stand in where they can")
  func prebuilt() throws {
    let options = PlanOptions(lock: Self.lock, allowPrebuilt: true)
    let plan = try plan(Self.ipxe, options: options)
    let lookUp = try #require(plan.actions.firstIndex { $0.name.hasSuffix("look up") })
    #expect(
      parameters(plan.actions[lookUp])
        == ["package": "ipxe", "locked-version": "", "locked-sha256": "", "locked": "false"])
    #expect(!plan.actions[lookUp].isCacheable)
    let package = ActionID(index: lookUp + 1)
    #expect(plan[package].outputs == ["files", "version"])
    var seen: [String: String] = [:]
    for target in plan.targets {
      switch target.whenUnreachable {
      case .fail: seen[target.path] = "fail"
      case .skip(let reason): seen[target.path] = "skip: \(reason ?? "")"
      case .standIn(.output(let id, let path), let version, let limitation):
        #expect(version == .output(package, path: "version"))
        seen[target.path] = "\(plan[id].name) \(path): \(limitation ?? "")"
      case .standIn: seen[target.path] = "?"
      }
    }
    let url = "chain.ipxe is not in it, so DHCP has to hand out the script's URL"
    let old =
      "an iPXE from before 2021, such as Debian 12's, does not read the script from an EFI stick"
      + " and does what DHCP says"
    #expect(
      seen == [
        "chain.ipxe": "fail",
        "undionly.kpxe": "Debian package ipxe files/usr/lib/ipxe/undionly.kpxe: \(url)",
        "usb/bios.usb": "usb/bios.usb: stand-in image: ",
        "serial.kpxe":
          "Debian package ipxe files/usr/lib/ipxe/undionly.kpxe: it is built without the recipe's config",
        "ipxe32.efi": "skip: Debian's package ipxe has no bin-i386-efi/ipxe.efi to stand in",
        "ipxe.efi":
          "Debian package ipxe files/boot/ipxe.efi: \(url); it is built without the recipe's config",
        "usb/efi.usb": "usb/efi.usb: stand-in image: \(old)",
        "maybe.efi": "skip: ",
      ])
    let usb = try #require(plan.actions.first { $0.name == "usb/efi.usb: stand-in" })
    #expect(parameters(usb) == ["kind": "efi", "script": "chain.ipxe"])
    #expect(usb.tools == ["mformat", "mcopy"])
    #expect(
      usb.inputs == [
        "ipxe.efi": .output(package, path: "files/boot/ipxe.efi"),
        "script": .bytes(Array("#!ipxe\ndhcp\n".utf8)),
      ])
  }

  @Test("A locked package is passed on")
  func lockedPackage() throws {
    var lock = Self.lock
    lock.pin(.init(package: "ipxe", version: "1.0-2", sha256: "ab", architecture: "all"))
    let options = PlanOptions(lock: lock, allowPrebuilt: true, isLocked: true)
    let plan = try plan(Self.ipxe, ["undionly.kpxe"], options: options)
    let lookUp = try #require(plan.actions.first { $0.name.hasSuffix("look up") })
    #expect(
      parameters(lookUp) == [
        "package": "ipxe", "locked-version": "1.0-2", "locked-sha256": "ab", "locked": "true",
      ])
  }

  @Test("Downloads are made once, with a member taken out by an action of its own")
  func fetch() throws {
    let digest = String(repeating: "ab", count: 32)
    let text = """
      targets:
        tool: { fetch: "https://example.org/t", sha256: \(digest), executable: true }
        one: { fetch: "https://example.org/a.zip", sha256: \(digest), mirrors: ["https://b.org/a.zip", "file:///m/a.zip"], member: dir/one }
        two: { fetch: "https://example.org/a.zip", sha256: \(digest), mirrors: ["https://b.org/a.zip", "file:///m/a.zip"], member: two, executable: true }

      """
    let plan = try plan(text)
    #expect(plan.actions.map(\.name) == ["tool", "one", "one: extract", "two: extract"])
    #expect(
      parameters(plan.actions[0]) == [
        "url": "https://example.org/t", "sha256": digest, "mirrors": "", "executable": "true",
      ])
    #expect(
      parameters(plan.actions[1])["mirrors"] == "https://b.org/a.zip\nfile:///m/a.zip")
    #expect(parameters(plan.actions[2]) == ["member": "dir/one", "executable": "false"])
    #expect(plan.actions[3].inputs == ["archive": .output(ActionID(index: 1), path: "file")])
    #expect(plan.targets[2].artifact == .output(ActionID(index: 3), path: "member"))
  }

  @Test("A download without a digest comes from the lock file or is an error")
  func fetchFromLock() throws {
    let text = "targets:\n  tool: { fetch: \"https://example.org/t\" }\n"
    let site = try TemporarySite(["a.yaml": text])
    let recipes = try site.load()
    var lock = LockFile()
    let open = try recipes.unresolvedSources(lock: lock)
    #expect(open.map(\.request) == [.url("https://example.org/t", mirrors: [])])
    #expect(open.map(\.names) == [["tool"]])
    let error = #expect(throws: RecipeErrors.self) {
      try recipes.plan(options: PlanOptions(lock: lock))
    }
    #expect(
      error?.diagnostics.map(\.message)
        == ["tool: no SHA-256 is known for https://example.org/t"])
    let digest = String(repeating: "0", count: 64)
    lock.pin(.init(url: "https://example.org/t", sha256: digest))
    #expect(try recipes.unresolvedSources(lock: lock).isEmpty)
    let plan = try recipes.plan(options: PlanOptions(lock: lock))
    #expect(parameters(plan.actions[0])["sha256"] == digest)
  }

  @Test("Files come from beside the recipe or from inside a source of any kind")
  func files() throws {
    let digest = String(repeating: "ab", count: 32)
    let text = """
      sources:
        tree: { path: data }
        code: { git: \(url), commit: \(commit) }
        disk: { url: "https://example.org/x.tar", sha256: \(digest), member: top }
        package: { deb: syslinux-common }
      targets:
        a: { file: data/one }
        b: { file: one, source: tree }
        c: { file: contrib/x, source: code }
        d: { file: inside, source: disk }
        e: { file: usr/lib/x, source: package }
        f: { file: ., source: disk }
        g: { deb: syslinux-common, path: usr/share/y }

      """
    let site = try TemporarySite(["a.yaml": text, "data/one": "1"])
    let plan = try site.load().plan()
    let found = plan.targets.map { target -> String in
      switch target.artifact {
      case .local(let path): path.replacing(site.folder, with: "FOLDER")
      case .output(let id, let path): "\(plan[id].name): \(path)"
      case .bytes, .localInPlace, .link, .emptyFolder: "something else"
      }
    }
    #expect(
      found == [
        "FOLDER/data/one", "FOLDER/data/one", "source code: source/contrib/x",
        "source disk: extract: member/inside", "Debian package syslinux-common: files/usr/lib/x",
        "source disk: extract: member", "Debian package syslinux-common: files/usr/share/y",
      ])
  }

  @Test("Targets are asked for by path or by folder, and a wrong path has a suggestion")
  func asked() throws {
    #expect(
      try plan(Self.ipxe, ["usb/"]).targets.map(\.path) == ["usb/bios.usb", "usb/efi.usb"])
    #expect(
      try plan(Self.ipxe, ["usb", "chain.ipxe"]).targets.map(\.path)
        == ["chain.ipxe", "usb/bios.usb", "usb/efi.usb"])
    let error = #expect(throws: RecipeErrors.self) { try plan(Self.ipxe, ["ipxe33.efi", "us"]) }
    #expect(
      error?.rendered() == """
        error: there is no target "ipxe33.efi"
          = help: did you mean "ipxe32.efi"?

        error: there is no target "us"
          = help: targets: chain.ipxe, ipxe.efi, ipxe32.efi, maybe.efi, serial.kpxe, undionly.kpxe, usb/bios.usb, usb/efi.usb
        """)
  }

  @Test("Requests name everyone who makes them, packages included, each once")
  func requests() throws {
    let site = try TemporarySite(["a.yaml": Self.ipxe])
    let recipes = try site.load()
    #expect(
      try recipes.requestedSources().map(\.request) == [
        .git(url: url, .tag("v1")), .deb(package: "ipxe"),
      ])
    #expect(try recipes.requestedSources(for: ["maybe.efi"]).isEmpty)
    #expect(try recipes.unresolvedSources(lock: LockFile(), for: ["chain.ipxe"]).isEmpty)
    #expect(
      try recipes.unresolvedSources(lock: LockFile(), for: ["ipxe.efi"]).map(\.names) == [["ipxe"]])
  }
}
