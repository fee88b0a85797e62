import Foundation
import Testing

/// Menus of recipes, shown by a real iPXE.
@Suite("Menus")
struct MenuTests {
  /// Builds the site, serves its tree, and runs `body` with a machine that boots from its menu.
  private func boot(
    _ recipe: String, on firmware: VirtualMachine.Firmware = .bios,
    _ body: (VirtualMachine, FileServer, Site) async throws -> Void
  ) async throws {
    try await withSite { site in
      let server = try FileServer()
      defer { server.stop() }
      let address = "http://10.0.2.2:\(server.port)"
      try site.recipe("site: { server: 10.0.2.2, http: \"\(address)\" }\n" + recipe)
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      for name in site.served {
        server.put("/\(name)", try #require(site.bytes("out/\(name)")))
      }
      let machine = try VirtualMachine(
        site, script: "\(address)/install.ipxe", firmware: firmware)
      guard let machine else {
        #expect(
          ProcessInfo.processInfo.environment["CI"] == nil, "CI has what Debian's packages bring")
        return
      }
      do { try await body(machine, server, site) } catch {
        await machine.stop()
        throw error
      }
      await machine.stop()
    }
  }

  private static let menus = """
    targets:
      install.ipxe:
        menu: MENU-UNDER-TEST
        default: auto
        timeout: 2
        colours: { normal: white on blue, selected: black on cyan }
        items:
          - separator: "-- SEPARATOR --"
          - title: "#1 FAILING || ITEM"
            key: f
            linux: http://10.0.2.2:1/nothing
          - { title: AUTO-ITEM, name: auto, chain: auto.ipxe }
          - { title: EFI-ONLY-ITEM, platform: efi, chain: auto.ipxe }
          - { title: BIOS-ONLY-ITEM, platform: pcbios, architecture: [i386, x86_64], key: o, chain: auto.ipxe }
          - title: OWN-ITEM
            key: l
            script: |
              imgfetch {{site.http}}/own-${platform} ||
              imgfetch {{site.http}}/broken
              imgfetch {{site.http}}/never-reached ||
          - { title: TOOLS-ITEM, key: t, submenu: tools.ipxe }
          - { exit: EXIT-ITEM }
      tools.ipxe:
        menu: TOOLS-MENU
        items:
          - title: PROOF-ITEM
            key: p
            script: |
              imgfetch {{site.http}}/from-tools ||
          - { back: BACK-ITEM, key: b }
          - { exit: LEAVE-ITEM, key: x }
      auto.ipxe:
        script: |
          #!ipxe
          imgfetch {{site.http}}/chosen-by-${platform} ||

    """

  @Test("a menu counts to its default once, survives what fails, goes into submenus and leaves")
  func wholeMenu() async throws {
    try await boot(Self.menus) { machine, server, _ in
      let title = "MENU-UNDER-TEST"
      try await machine.wait("the default item") {
        server.requests.contains("GET /chosen-by-pcbios")
      }
      try await machine.wait(for: title, times: 2)
      let shown = machine.screen
      #expect(shown.contains("-- SEPARATOR --"))
      #expect(shown.contains("  #1 FAILING || ITEM"))
      #expect(shown.contains("BIOS-ONLY-ITEM"))
      #expect(!shown.contains("EFI-ONLY-ITEM"))

      try machine.press("f")
      try await machine.wait(for: "#1 FAILING || ITEM did not start: error ")
      try await machine.wait(for: "(https://ipxe.org/")
      try await machine.wait(for: "Press a key to go back to the menu.")
      try machine.press("spc")
      try await machine.wait(for: title, times: 3)

      try machine.press("l")
      try await machine.wait(for: "OWN-ITEM did not start: error ")
      #expect(server.requests.contains("GET /own-pcbios"))
      #expect(!server.requests.contains("GET /never-reached"))
      try machine.press("spc")
      try await machine.wait(for: title, times: 4)

      try machine.press("t")
      try await machine.wait(for: "TOOLS-MENU")
      try machine.press("p")
      try await machine.wait("the submenu's item") { server.requests.contains("GET /from-tools") }
      try await machine.wait(for: "TOOLS-MENU", times: 2)
      try machine.press("b")
      try await machine.wait(for: title, times: 5)
      // The mark is where the person was, and Enter chooses it again.
      try machine.press("ret")
      try await machine.wait(for: "TOOLS-MENU", times: 3)
      try machine.press("esc")
      try await machine.wait(for: title, times: 6)
      try machine.press("t")
      try await machine.wait(for: "TOOLS-MENU", times: 4)
      try machine.press("x")
      try await machine.wait(for: "No bootable device")
      #expect(server.requests.filter { $0 == "GET /chosen-by-pcbios" }.count == 1)
    }
  }

  @Test(
    "the menu that ships is shown by BIOS and UEFI, and an item of it is chosen",
    arguments: VirtualMachine.Firmware.allCases)
  func shipped(_ firmware: VirtualMachine.Firmware) async throws {
    let file = try String(contentsOfFile: "\(Self.repository)/recipes/menu.yaml", encoding: .utf8)
    let end = try #require(file.range(of: "\n  # Boots Windows images"))
    try await boot(String(file[..<end.lowerBound]), on: firmware) { machine, _, _ in
      try await machine.wait(for: "Boot menu of 10.0.2.2")
      try await machine.wait(for: "iPXE shell")
      // From "Leave iPXE" over restart, switch off and a separator.
      for _ in 0..<3 { try machine.press("down") }
      try machine.press("ret")
      let shown = firmware == .bios ? "pcbios on i386" : "efi on x86_64"
      try await machine.wait(for: "Firmware: \(shown), iPXE 1.")
      try await machine.wait(for: "Press a key to go back.")
      try machine.press("spc")
      try await machine.wait(for: "Boot menu of 10.0.2.2", times: 2)
    }
  }

  private static let repository =
    #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }

  @Test("a machine gets its own page, and the general menu when it goes back from there")
  func page() async throws {
    let recipe = """
      targets:
        install.ipxe:
          menu: GENERAL-MENU
          machines:
            - { hostname: no-such-machine, page: other.ipxe }
            - { mac: "52-54-00-12-34-56", page: page.ipxe }
          items: [{ shell: iPXE shell }]
        page.ipxe:
          menu: PAGE-MENU
          items: [{ back: The general menu, key: b }]
        other.ipxe: { script: "#!ipxe\\n" }

      """
    try await boot(recipe) { machine, server, _ in
      try await machine.wait(for: "PAGE-MENU")
      #expect(!server.requests.contains("GET /other.ipxe"))
      try machine.press("b")
      try await machine.wait(for: "GENERAL-MENU")
    }
  }

  // MARK: What only the build can know

  @Test("an item whose optional target cannot be had is left out, and comes back with it")
  func optional() async throws {
    try await withSite { site in
      let server = try FileServer(["/tool": Data("tool".utf8)])
      defer { server.stop() }
      func recipe(port: UInt16) -> String {
        """
        site: { server: 10.0.0.1 }
        targets:
          install.ipxe:
            menu: Menu
            default: tool
            timeout: 5
            items:
              - { linux: tool, title: The tool, name: tool }
              - { exit: Exit }
          tool: { fetch: "http://127.0.0.1:\(port)/tool", optional: true }

        """
      }
      try site.recipe(recipe(port: 1))
      let without = try await site.run("all")
      #expect(without.status == 0, "\(without.errors)")
      #expect(without.output.contains("skipped    tool"), "\(without.output)")
      let left = "\"The tool\" is left out: what it boots is not in the tree"
      #expect((without.output + without.errors).contains(left), "\(without.output)")
      let short = try #require(site.read("out/install.ipxe"))
      #expect(short.contains("# Left out, because what it boots is not in the tree: The tool\n"))
      #expect(!short.contains("item tool") && !short.contains("menu-timeout"))
      // Alone, too: nothing else asks for the tool, and the next run tries again.
      #expect(try await site.run("build", "install.ipxe").status == 0)
      try site.recipe(recipe(port: server.port))
      #expect(try await site.run("build", "install.ipxe").status == 0)
      let whole = try #require(site.read("out/install.ipxe"))
      #expect(whole.contains("\nitem tool The tool\n"))
      #expect(whole.contains("kernel http://10.0.0.1/tool || goto failed\n"))
    }
  }

  @Test(
    "files inside an image are found whatever they are called, and missed when they are not there")
  func insideAnImage() async throws {
    try await withSite { site in
      for path in ["u/casper/vmlinuz.efi", "u/casper/initrd.lz", "d/linux"] {
        try site.write("x", to: "disk/\(path)")
      }
      try await mustRun(
        ["tar", "-cf", "\(site.folder)/disk.tar", "-C", "\(site.folder)/disk", "u", "d"],
        in: site.top)
      let recipe = """
        site: { server: 10.0.0.1, output: /srv/boot }
        targets:
          install.ipxe:
            menu: Menu
            items: [{ casper: ubuntu, title: Ubuntu }]
          ubuntu: { fetch: "file://\(site.folder)/disk.tar", member: u }

        """
      try site.recipe(recipe)
      #expect(try await site.run("all").status == 0)
      let script = try #require(site.read("out/install.ipxe"))
      let kernel =
        "kernel http://10.0.0.1/ubuntu/casper/vmlinuz.efi initrd=initrd root=/dev/nfs boot=casper "
        + "netboot=nfs nfsroot=10.0.0.1:/srv/boot/ubuntu ip=dhcp --- || goto failed\n"
      #expect(script.contains(kernel), "\(script)")
      #expect(script.contains("initrd --name initrd http://10.0.0.1/ubuntu/casper/initrd.lz ||"))

      try site.recipe(
        recipe.replacingOccurrences(of: "{ casper: ubuntu,", with: "{ debian-installer: debian,")
          + "  debian: { fetch: \"file://\(site.folder)/disk.tar\", member: d }\n")
      let run = try await site.run("all")
      #expect(run.status == 1 || run.status == 65, "\(run.status ?? -1)")
      #expect(run.errors.contains("there is no \"initrd.gz\" in what it reads"), "\(run.errors)")
    }
  }

  @Test("an image's own release decides what its kernel is told, and what it is called")
  func images() async throws {
    try await withSite { site in
      for (path, text) in [
        ".disk/info": "Ubuntu 18.04.1 LTS \"Bionic Beaver\" - Release amd64 (20180725)",
        "casper/vmlinuz": "kernel", "casper/initrd.lz": "initrd",
      ] { try site.write(text, to: "disk/\(path)") }
      try await mustRun(
        [
          "xorriso", "-as", "mkisofs", "-R", "-quiet", "-V", "Ubuntu 18.04.1 LTS amd64", "-o",
          "\(site.recipes)/u.iso", "\(site.folder)/disk",
        ], in: site.top)
      for mount in [false, true] {
        try site.recipe(
          """
          site: { server: 10.0.0.1, output: /srv/boot }
          targets:
            install.ipxe:
              menu: Menu
              items: [{ casper: ubuntu, title: Ubuntu }]
            ubuntu: { iso: u.iso\(mount ? ", mount: true" : "") }

          """)
        let run = try await site.run("all")
        #expect(run.status == 0, "\(run.errors)")
        let script = try #require(site.read("out/install.ipxe"))
        #expect(
          script.contains(
            "nfsroot=10.0.0.1:/srv/boot/ubuntu ip=dhcp systemd.mask=tmp.mount --- || goto failed\n"),
          "\(script)")
        // What is only mounted is not looked into for names.
        let name = mount ? "initrd" : "initrd.lz"
        #expect(script.contains("http://10.0.0.1/ubuntu/casper/\(name) ||"), "\(script)")
      }
    }
  }
}
