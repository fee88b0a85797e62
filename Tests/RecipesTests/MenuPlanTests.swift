import BuildEngine
import FoundationEssentials
import Menus
import Testing

@testable import Recipes

/// What becomes of a menu's values.
@Suite struct MenuPlanTests {
  private struct Planned {
    let action: PlannedAction
    let request: MenuRequest
    let plan: Plan

    var items: [String: MenuItem] {
      Dictionary(uniqueKeysWithValues: request.menu.items.map { ($0.name, $0) })
    }
  }

  private func plan(_ text: String, files: [String: String] = [:]) throws -> Planned {
    let site = try TemporarySite(files.merging(["a.yaml": text]) { one, _ in one })
    let recipes = try site.load()
    #expect(recipes.warnings == [])
    let plan = try recipes.plan()
    let action = try #require(plan.actions.first { $0.name == "install.ipxe" })
    guard case .bytes(let json, _)? = action.inputs["menu.json"] else { throw NoMenu() }
    return Planned(
      action: action, request: try JSONDecoder().decode(MenuRequest.self, from: Data(json)),
      plan: plan)
  }

  private struct NoMenu: Error {}

  private static let digest = String(repeating: "ab", count: 32)
  private static let site = "site: { server: 10.0.0.200, output: /srv/boot }\n"

  @Test("names are given where the person left them out, and URLs are whole")
  func names() throws {
    let planned = try plan(
      Self.site + """
        targets:
          install.ipxe:
            menu: Menu
            items:
              - { linux: a kernel, title: One }
              - { linux: "http://example.org/vmlinuz", title: Two, name: linux-2 }
              - { linux: "sub/a%b", title: Three, initrd: [a kernel, sub/a%b], arguments: "a  b" }
              - { separator: Line }
              - { shell: Shell, key: s, platform: [efi], architecture: arm64 }
          a kernel: { script: x }
          sub/a%b: { script: x }

        """)
    #expect(planned.request.menu.items.map(\.name) == ["linux", "linux-2", "linux-3", "shell"])
    let one = BootFile(url: "http://10.0.0.200/a%20kernel")
    let three = BootFile(url: "http://10.0.0.200/sub/a%25b")
    #expect(
      planned.items["linux-3"]?.action
        == .linux(LinuxBoot(kernel: three, initrds: [one, three], arguments: ["a", "b"])))
    #expect(
      planned.items["linux-2"]?.action
        == .linux(
          LinuxBoot(kernel: BootFile(url: "http://example.org/vmlinuz"), initrds: [])))
    #expect(planned.items["shell"]?.platforms == ["efi"])
    #expect(planned.items["shell"]?.architectures == ["arm64"])
    #expect(planned.request.menu.entries[3] == .separator("Line"))
    #expect(planned.action.inputs.keys.sorted() == ["menu.json"])
    #expect(planned.plan.targets[0].isEntryPoint)
  }

  @Test("what may be missing, and what only the build can know, is an input")
  func inputs() throws {
    let planned = try plan(
      Self.site + """
        targets:
          install.ipxe:
            menu: Menu
            machines: [{ serial: X, page: page.ipxe }]
            items:
              - { casper: ubuntu, title: Ubuntu }
              - { linux: ubuntu/casper/vmlinuz, title: Again }
              - { wimboot: winpe, title: Windows, arguments: gui }
              - { sanboot: gparted.iso, title: GParted, warn-above: 1 GiB }
          ubuntu: { fetch: "https://e.org/u.tar", sha256: \(Self.digest), member: u, optional: true }
          winpe: { file: pe }
          wimboot: { fetch: "https://e.org/wimboot", sha256: \(Self.digest), optional: true }
          gparted.iso: { fetch: "https://e.org/g.iso", sha256: \(Self.digest) }
          page.ipxe: { fetch: "https://e.org/p.ipxe", sha256: \(Self.digest), optional: true }

        """,
      files: ["pe/boot/BCD": "", "pe/boot/boot.sdi": "", "pe/SOURCES/BOOT.WIM": ""])
    #expect(
      planned.request.inputs.map { "\($0.kind) \($0.path) \($0.target)" } == [
        "presence ubuntu ubuntu", "folder ubuntu/casper ubuntu",
        "presence ubuntu/casper/vmlinuz ubuntu", "presence wimboot wimboot",
        "anyCase(\"Boot/BCD\") winpe/Boot/BCD winpe",
        "anyCase(\"Boot/boot.sdi\") winpe/Boot/boot.sdi winpe",
        "windowsImage(\"sources/boot.wim\", item: \"Windows\") winpe/sources/boot.wim winpe",
        "size(limit: 1073741824, item: \"GParted\") gparted.iso gparted.iso",
        "presence page.ipxe page.ipxe",
      ])
    let dispensable = planned.request.inputs.filter {
      planned.action.dispensable.contains($0.name)
    }
    #expect(
      dispensable.map(\.path) == [
        "ubuntu", "ubuntu/casper", "ubuntu/casper/vmlinuz", "wimboot", "page.ipxe",
      ])
    #expect(planned.items["casper"]?.needs == ["ubuntu"])
    #expect(planned.items["wimboot"]?.needs == ["wimboot"])
    #expect(planned.items["sanboot"]?.needs == [])
    #expect(planned.request.menu.pages.map(\.need) == ["page.ipxe"])
    guard case .wimboot(let windows)? = planned.items["wimboot"]?.action else { throw NoMenu() }
    #expect(windows.files.map(\.name) == ["BCD", "boot.sdi", "boot.wim"])
    #expect(
      windows.files.map { $0.file.choices.map(\.url) } == [
        ["http://10.0.0.200/winpe/Boot/BCD"], ["http://10.0.0.200/winpe/Boot/boot.sdi"],
        ["http://10.0.0.200/winpe/sources/boot.wim"],
      ])
  }

  @Test("casper over NFS needs an export, and by HTTP or from elsewhere it does not")
  func casper() throws {
    let text =
      Self.site + """
        targets:
          install.ipxe:
            menu: Menu
            items:
              - { casper: ubuntu, title: One, arguments: [toram], kernel: casper/hwe-vmlinuz }
              - { casper: ubuntu, title: Two, iso: ubuntu.iso, name: http }
              - { casper: ubuntu, title: Three, nfs-root: "nas:/u", name: nas }
          ubuntu: { file: u }
          ubuntu.iso: { file: u.iso }

        """
    let files = [
      "a.yaml": text, "u/casper/hwe-vmlinuz": "", "u/casper/vmlinuz": "", "u/casper/initrd.gz": "",
      "u.iso": "",
    ]
    let planned = try plan(text, files: files)
    func arguments(_ name: String) throws -> LinuxBoot {
      guard case .linux(let linux)? = planned.items[name]?.action else { throw NoMenu() }
      return linux
    }
    let nfs = try arguments("casper")
    #expect(
      nfs.arguments == [
        "root=/dev/nfs", "boot=casper", "netboot=nfs", "nfsroot=10.0.0.200:/srv/boot/ubuntu",
        "ip=dhcp", "toram",
      ])
    #expect(nfs.kernel == BootFile(url: "http://10.0.0.200/ubuntu/casper/hwe-vmlinuz"))
    #expect(nfs.initrds == [BootFile(url: "http://10.0.0.200/ubuntu/casper/initrd.gz")])
    #expect(nfs.lastArguments == ["---"])
    #expect(
      try arguments("http").arguments == [
        "boot=casper", "netboot=url", "url=http://10.0.0.200/ubuntu.iso", "ip=dhcp",
      ])
    #expect(try arguments("nas").arguments[3] == "nfsroot=nas:/u")
    let recipes = try TemporarySite(files)
    #expect(try recipes.load().serviceNeeds.map(\.need) == [.nfsExport(folder: "ubuntu")])
  }

  @Test("a large image of this machine is a warning, and so is an item that nobody sees")
  func warnings() throws {
    let text =
      Self.site + """
        targets:
          install.ipxe:
            menu: Menu
            items:
              - { sanboot: small.iso, title: Small }
              - { sanboot: small.iso, title: Large, warn-above: 3 B }
              - { shell: Nobody, platform: efi }
              - { shell: Some, architecture: [i386, arm64] }
          small.iso: { file: small.iso }
          undionly.kpxe: { file: small.iso }

        """
    let recipes = try TemporarySite(["a.yaml": text, "small.iso": "four"]).load()
    #expect(
      Diagnostic.rendered(recipes.warnings) == """
        warning: this image has 0 MB, which is much for sanboot
         --> recipes/a.yaml:7:20
          |
        7 |       - { sanboot: small.iso, title: Large, warn-above: 3 B }
          |                    ^^^^^^^^^
          = help: a system with disk drivers of its own loses the image once it runs; unpack it and boot its kernel, or raise warn-above:

        warning: no machine sees this item: no target boots machines of this kind
         --> recipes/a.yaml:8:36
          |
        8 |       - { shell: Nobody, platform: efi }
          |                                    ^^^
          = help: remove platform: and architecture:, or add a boot program for such machines
        """)
  }
}
