import Testing

@testable import Menus

@Suite("The script of a menu")
struct MenuScriptTests {
  private func script(_ menu: Menu, _ findings: BuildFindings = BuildFindings()) throws -> String {
    try MenuScript.text(of: menu, findings: findings)
  }

  private func item(_ name: String, _ action: ItemAction, title: String = "Title") -> MenuEntry {
    .item(MenuItem(name: name, title: title, action: action))
  }

  /// The lines of one item, without its label.
  private func lines(of action: ItemAction, _ findings: BuildFindings = BuildFindings()) throws
    -> [String]
  {
    let text = try script(Menu(title: "T", entries: [item("x", action)]), findings)
    let all = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let start = try #require(all.firstIndex(of: ":item-x"))
    return Array(all[(start + 1)...].prefix { !$0.isEmpty })
  }

  private let a = BootFile(url: "http://s/a")
  private let b = BootFile(url: "http://s/b")

  @Test("a whole menu, with a timeout, a key, a separator and an item for some machines")
  func whole() throws {
    let menu = Menu(
      title: "Boot menu", timeout: 30, defaultItem: "disk",
      entries: [
        .separator("---- One ----"),
        .item(
          MenuItem(
            name: "linux", title: "Linux", hotkey: "l", platforms: ["efi"],
            architectures: ["x86_64", "arm64"],
            action: .linux(LinuxBoot(kernel: a, initrds: [b], arguments: ["quiet"])))),
        item("disk", .exit, title: "Boot from the disk"),
      ])
    #expect(
      try script(menu) == """
        #!ipxe
        # Written by pxebuild from the recipe, which is the place to change it.
        set menu-leave no
        set menu-timeout 30000
        set menu-choice disk

        :start
        menu -- Boot menu
        item --gap -- ---- One ----
        iseq ${platform}-${buildarch} efi-x86_64 && item --key l linux Linux ||
        iseq ${platform}-${buildarch} efi-arm64 && item --key l linux Linux ||
        item disk Boot from the disk
        choose --timeout ${menu-timeout} --default ${menu-choice} menu-choice || goto again
        set menu-timeout 0
        goto item-${menu-choice}

        :again
        set menu-timeout 0
        goto start

        :item-linux
        set menu-title Linux
        imgfree
        kernel http://s/a initrd=initrd quiet || goto failed
        initrd --name initrd http://s/b || goto failed
        boot || goto failed
        goto start

        :item-disk
        set menu-leave yes
        exit

        :failed
        echo
        echo ${menu-title} did not start: error ${errno:hexraw} (https://ipxe.org/${errno:hexraw})
        prompt Press a key to go back to the menu. ||
        goto start

        """)
  }

  @Test(
    "without a timeout nothing counts, and a default that is not there is not chosen by a count")
  func noTimeout() throws {
    let endless = try script(
      Menu(title: "T", timeout: 0, defaultItem: "a", entries: [item("a", .shell)]))
    #expect(!endless.contains("timeout"))
    let gone = Menu(
      title: "T", timeout: 9, defaultItem: "a",
      entries: [
        .item(MenuItem(name: "a", title: "A", action: .chain(a, arguments: []), needs: ["a"])),
        item("b", .shell),
      ])
    #expect(!(try script(gone, BuildFindings(missing: ["a"])).contains("timeout")))
    #expect(try script(gone).contains("set menu-timeout 9000\n"))
  }

  @Test("a default for some machines counts on those only")
  func conditionalDefault() throws {
    let text = try script(
      Menu(
        title: "T", timeout: 9, defaultItem: "a",
        entries: [
          .item(MenuItem(name: "a", title: "A", platforms: ["efi"], action: .shell)),
          item("b", .exit),
        ]))
    #expect(
      text.contains("set menu-timeout 0\niseq ${platform} efi && set menu-timeout 9000 ||\n"))
  }

  @Test("an item without its target is left out, with a comment")
  func leftOut() throws {
    let menu = Menu(
      title: "T",
      entries: [
        .item(MenuItem(name: "w", title: "Windows", action: .sanboot("x"), needs: ["wimboot"])),
        item("s", .shell),
      ])
    let findings = BuildFindings(missing: ["wimboot"])
    let text = try script(menu, findings)
    #expect(text.contains("# Left out, because what it boots is not in the tree: Windows\n"))
    #expect(!text.contains("item-w") && !text.contains("item w"))
    #expect(MenuScript.leftOut(of: menu, findings: findings) == ["Windows"])
  }

  @Test("a menu of which a machine would see no item has a shell")
  func neverEmpty() throws {
    let text = try script(
      Menu(
        title: "T",
        entries: [.item(MenuItem(name: "a", title: "A", platforms: ["efi"], action: .exit))]))
    #expect(text.contains("\nitem menu-shell iPXE shell\n"))
    #expect(text.contains("\n:item-menu-shell\nshell ||\ngoto start\n"))
  }

  @Test("machines get their page first, and the menu when the page fails or goes back")
  func pages() throws {
    let text = try script(
      Menu(
        title: "T",
        pages: [
          MachinePage(key: .mac, value: "52:54:00:12:34:56", url: "http://s/p"),
          MachinePage(key: .serial, value: "A B", url: "http://s/q", need: "q"),
          MachinePage(key: .hostname, value: "lab", url: "http://s/p"),
          MachinePage(key: .uuid, value: "4c", url: "http://s/gone", need: "gone"),
        ], entries: [item("s", .shell)]), BuildFindings(missing: ["gone"]))
    #expect(
      text.contains(
        """
        iseq ${netX/mac} 52:54:00:12:34:56 && goto page1 ||
        iseq ${serial} A${menu-blank:string}B && goto page2 ||
        iseq ${hostname} lab && goto page1 ||
        goto start

        :page1
        chain --autofree http://s/p || goto start
        iseq ${menu-leave} yes && exit ||
        goto start

        :page2
        """))
    #expect(text.hasPrefix("#!ipxe\nset menu-blank:hex 20\n"))
    #expect(!text.contains("gone"))
  }

  @Test("a submenu goes back, and leaves with its parent when it leaves")
  func submenus() throws {
    let child = try script(
      Menu(title: "T", entries: [item("back", .back), item("exit", .exit)]))
    #expect(child.contains("choose --default ${menu-choice} menu-choice || exit\n"))
    #expect(child.contains(":item-back\nexit\n"))
    #expect(
      try lines(of: .submenu("http://s/tools.ipxe")) == [
        "set menu-title Title", "chain --autofree http://s/tools.ipxe || goto failed",
        "iseq ${menu-leave} yes && exit ||", "set menu-choice x", "goto start",
      ])
  }

  @Test("casper's arguments stand where the page has them, those of the image among them")
  func image() throws {
    let kernel = BootFile(
      choices: [
        .init(name: "vmlinuz", url: "http://s/u/casper/vmlinuz"),
        .init(name: "vmlinuz.efi", url: "http://s/u/casper/vmlinuz.efi"),
      ], folder: "u/casper")
    let linux = ItemAction.linux(
      LinuxBoot(
        kernel: kernel, initrds: [a, b], arguments: ["ip=dhcp"], image: "u", lastArguments: ["---"])
    )
    var findings = BuildFindings(
      facts: ["u": ImageFacts(identity: ImageIdentity(), addedArguments: ["toram", "x=${y}"])],
      folders: ["u/casper": ["vmlinuz.efi", "initrd"]])
    #expect(
      try lines(of: linux, findings)[2...].prefix(3) == [
        "kernel http://s/u/casper/vmlinuz.efi initrd=initrd initrd=initrd2 ip=dhcp toram ---"
          + " || goto failed",
        "initrd --name initrd http://s/a || goto failed",
        "initrd --name initrd2 http://s/b || goto failed",
      ])
    findings.folders = ["u/casper": ["other"]]
    #expect(
      throws: MenuError(
        item: "Title", wanted: ["vmlinuz", "vmlinuz.efi"], folder: "u/casper", found: ["other"])
    ) { try lines(of: linux, findings) }
  }

  @Test("every other kind of item")
  func kinds() throws {
    #expect(try lines(of: .shell).last == "goto start")
    #expect(try lines(of: .config) == ["config ||", "goto start"])
    #expect(try lines(of: .reboot) == ["set menu-title Title", "reboot || goto failed"])
    #expect(try lines(of: .poweroff) == ["set menu-title Title", "poweroff || goto failed"])
    #expect(
      try lines(of: .sanboot("http://s/m.iso"))[1...] == [
        "imgfree", "sanboot http://s/m.iso || goto failed", "goto start",
      ])
    #expect(
      try lines(of: .chain(a, arguments: ["||", "x"]))[2]
        == "chain --autofree http://s/a ${menu-nothing}|| x || goto failed")
    #expect(
      try lines(of: .memtest(a, efi: b))[2...] == [
        "iseq ${platform} efi && goto efi-x ||", "kernel http://s/a || goto failed",
        "boot || goto failed", "goto start", ":efi-x", "kernel http://s/b || goto failed",
        "boot || goto failed", "goto start",
      ])
    let windows = WindowsBoot(
      program: a, arguments: ["gui"], files: [.init(name: "BCD", file: b)])
    #expect(
      try lines(of: .wimboot(windows))[2...] == [
        "kernel http://s/a gui || goto failed", "initrd --name BCD http://s/b BCD || goto failed",
        "boot || goto failed", "goto start",
      ])
  }

  @Test(
    "lines of a person's own get the way out that every other line has",
    arguments: [
      ("kernel x", "kernel x || goto failed"), ("  echo  a", "echo a || goto failed"),
      ("echo a # why", "echo a || goto failed # why"), ("# why", "# why"), ("", ""),
      (":label", ":label"), (":label echo", ":label echo || goto failed"),
      ("config ||", "config ||"), ("config || # x", "config || # x"),
      ("kernel x \\", "kernel x \\"), ("a && b || c", "a && b || c || goto failed"),
    ])
  func own(_ line: String, _ expected: String) { #expect(MenuScript.failing(line) == expected) }

  @Test("colours and a background are tried, and no reason to fail")
  func looks() throws {
    let text = try script(
      Menu(
        title: "T", background: "http://s/p.png",
        colours: [
          .init(part: .normal, foreground: .white, background: .blue),
          .init(part: .url, foreground: .none, background: .black),
        ], entries: [item("s", .shell)]))
    #expect(
      text.contains(
        """
        console --picture http://s/p.png ||
        cpair --foreground 7 --background 4 1 ||
        cpair --foreground 9 --background 0 6 ||
        """))
  }

  @Test("a menu that verifies has a signature for everything that it loads, and runs nothing else")
  func verifying() throws {
    var menu = Menu(
      title: "T", background: "http://s/p.png",
      pages: [MachinePage(key: .serial, value: "1", url: "http://s/page")],
      entries: [
        item("linux", .linux(LinuxBoot(kernel: a, initrds: [b], arguments: ["quiet"]))),
        item("wim", .wimboot(WindowsBoot(program: a, files: [.init(name: "boot.wim", file: b)]))),
        item("memtest", .memtest(a, efi: b)),
        item("chain", .chain(a, arguments: ["one"])),
        item("submenu", .submenu("http://s/m")),
      ])
    let plain = try script(menu).split(separator: "\n").map(String.init)
    menu.verifies = true
    let lines = try script(menu).split(separator: "\n").map(String.init)
    #expect(Array(lines.prefix(4).dropFirst(2)) == ["imgtrust --permanent", "set menu-leave no"])
    #expect(
      lines.filter { !plain.contains($0) && $0 != "imgtrust --permanent" } == [
        "imgfetch --name menu-picture http://s/p.png && imgverify menu-picture http://s/p.png.sig && "
          + "console --picture menu-picture ||",
        "imgfetch --name menu-next http://s/page || goto start",
        "imgverify menu-next http://s/page.sig || goto start",
        "chain --autofree menu-next || goto start",
        "kernel --name menu-kernel http://s/a initrd=initrd quiet || goto failed",
        "imgverify menu-kernel http://s/a.sig || goto failed",
        "imgverify initrd http://s/b.sig || goto failed",
        "kernel --name menu-kernel http://s/a || goto failed",
        "imgverify menu-kernel http://s/a.sig || goto failed",
        "imgverify boot.wim http://s/b.sig || goto failed",
        "kernel --name menu-kernel http://s/a || goto failed",
        "imgverify menu-kernel http://s/a.sig || goto failed",
        "kernel --name menu-kernel http://s/b || goto failed",
        "imgverify menu-kernel http://s/b.sig || goto failed",
        "imgfetch --name menu-next http://s/a || goto failed",
        "imgverify menu-next http://s/a.sig || goto failed",
        "chain --autofree menu-next one || goto failed",
        "imgfetch --name menu-next http://s/m || goto failed",
        "imgverify menu-next http://s/m.sig || goto failed",
        "chain --autofree menu-next || goto failed",
      ])
  }
}
