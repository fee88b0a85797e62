import Testing

@testable import Recipes

@Suite struct ScriptCheckTests {
  /// Five programs and their script, and a menu that the script fetches.
  private func site(menu: String, _ more: [String: String] = [:]) throws -> TemporarySite {
    let lines = menu.split(separator: "\n", omittingEmptySubsequences: false)
    let indented = lines.map { $0.isEmpty ? "" : "      \($0)" }.joined(separator: "\n")
    let text = """
      site: { server: 10.0.0.200 }
      sources:
        ipxe: { git: "https://github.com/ipxe/ipxe.git", tag: v2.0.0 }
      targets:
        chain.ipxe:
          script: |
            #!ipxe

            dhcp
            chain http://10.0.0.200/install.ipxe
        undionly.kpxe: { ipxe: bin/undionly.kpxe,       source: ipxe, embed: chain.ipxe }
        ipxe.efi:      { ipxe: bin-x86_64-efi/ipxe.efi, source: ipxe, embed: chain.ipxe }
        ipxe32.efi:    { ipxe: bin-i386-efi/ipxe.efi,   source: ipxe, embed: chain.ipxe }
        usb/bios.usb:  { ipxe: bin/ipxe.usb,            source: ipxe, embed: chain.ipxe }
        usb/efi.usb:   { ipxe: bin-x86_64-efi/ipxe.usb, source: ipxe, embed: chain.ipxe }
        install.ipxe:
          script: |
      \(indented)

      """
    return try TemporarySite(more.merging(["a.yaml": text]) { one, _ in one })
  }

  /// What a person arrives at with the wiki page: its menu, completed with each of its entries.
  private let wikiMenu = """
    #!ipxe

    set menu-timeout 9000000
    set submenu-timeout ${menu-timeout}
    isset ${menu-default} || set menu-default debian
    set server_ip 10.0.0.200

    menu
    item --gap --           -------------SYSTÈMES----------------
    item ubuntuinstall      Ubuntu
    item debian             Debian
    item winpe              Windows PE
    item --gap --           -------------OUTILS----------------
    item memtest86        Memtest86 7.4
    item shell              Shell iPXE
    item exit              	Exit

    choose --timeout ${menu-timeout} --default ${menu-default} target && goto ${target}

    :ubuntuinstall
    kernel http://${server_ip}/tftpboot/ubuntuinstall/casper/vmlinuz
    initrd http://${server_ip}/tftpboot/ubuntuinstall/casper/initrd
    imgargs vmlinuz initrd=initrd root=/dev/nfs boot=casper netboot=nfs nfsroot=${server_ip}:/var/lib/tftpboot/ubuntuinstall ip=dhcp --
    boot

    :debian
    #Paramètres de démarrage

    :winpe
    kernel http://${server_ip}/tftpboot/wimboot
    initrd http://${server_ip}/tftpboot/winpe/Boot/BCD         BCD
    initrd http://${server_ip}/tftpboot/winpe/Boot/boot.sdi    boot.sdi
    initrd http://${server_ip}/tftpboot/winpe/sources/boot.wim boot.wim
    boot

    :memtest86
    sanboot http://${server_ip}/tftpboot/Memtest86-7.4.iso

    :shell
    shell

    :exit
    exit
    """

  @Test("The wiki page's menu has no error, and a warning for each file that no target makes")
  func wiki() throws {
    let found = try site(menu: wikiMenu).load().scriptWarnings
    #expect(
      found.map(\.message) == [
        "no target makes \"tftpboot/ubuntuinstall/casper/vmlinuz\"",
        "no target makes \"tftpboot/ubuntuinstall/casper/initrd\"",
        "no target makes \"tftpboot/wimboot\"",
        "no target makes \"tftpboot/winpe/Boot/BCD\"",
        "no target makes \"tftpboot/winpe/Boot/boot.sdi\"",
        "no target makes \"tftpboot/winpe/sources/boot.wim\"",
        "no target makes \"tftpboot/Memtest86-7.4.iso\"",
      ])
    #expect(found.allSatisfy { $0.severity == .warning })
  }

  @Test("Menus as people write them give neither errors nor warnings")
  func usualMenus() throws {
    let menu = """
      #!ipxe
      set boot-url http://${next-server}
      set esc:hex 1b
      set bold ${esc:string}[1m
      cpuid --ext 29 && set arch amd64 || set arch i386
      isset ${ip} || dhcp || echo DHCP failed
      isset ${menu-default} || set menu-default exit
      console --x 1024 --y 768 --picture ${boot-url}/logo.png --keep ||
      colour --basic 1 --rgb 0xff0000 1 ||
      ntp pool.ntp.org ||
      chain --autofree boot.ipxe.cfg ||
      chain --replace --autofree mac-${mac:hexraw}.ipxe ||
      :start
      menu iPXE boot menu for ${initiator-iqn}
      item
      item --gap -- ----- Operating systems -----
      item --key u ubuntu ${bold}Ubuntu (${arch})
      item --gap Tools
      item --key x exit Exit (x)
      choose --timeout ${menu-timeout} --default ${menu-default} selected || goto cancel
      set menu-timeout 0
      goto ${selected}
      :cancel
      echo You cancelled the menu, dropping you to a shell
      :shell
      echo Type 'exit' to get back to the menu
      shell
      set menu-timeout 0
      goto start
      :failed
      echo Booting failed: ${errno}; prompt --key 0x02 --timeout 2000 Press Ctrl-B ... && shell || goto start
      :ubuntu
      set base http://archive.example.org/ubuntu/${arch}
      kernel ${base}/linux quiet url=${boot-url}/preseed?x=${uuid} -- console=tty0 || goto failed
      initrd --name initrd.gz ${base}/initrd.gz || goto failed
      imgstat
      boot || goto failed
      goto start
      :iscsi
      sanboot --keep --drive 0x80 iscsi:${next-server}::::iqn.2010.org.example:disk ||
      sanboot --no-describe --drive 0x80 ||
      sanhook --drive 0x81 iscsi:10.0.0.1::::iqn.2010.org.example:install ;; sanunhook --drive 0x81
      iseq ${platform} pcbios && exit 1 ||
      imgexec || reboot
      :login
      login && chain http://${username:uristring}:${password:uristring}@example.org/ ||
      :exit
      exit
      """
    let site = try site(
      menu: menu.replacing(";; ", with: "; "), ["extra.ipxe": "#!ipxe\necho hello\n"])
    let warnings = try site.load().scriptWarnings
    // A BIOS program has no console command, which the || says is no matter.
    #expect(
      warnings.map(\.message) == [
        "undionly.kpxe and usb/bios.usb do not have the command \"console\"",
        "undionly.kpxe and usb/bios.usb do not have the command \"colour\"",
        "undionly.kpxe and usb/bios.usb do not have the command \"ntp\"",
      ])
  }

  @Test("A script that is only embedded is checked at its own lines, once for all programs")
  func embeddedFile() throws {
    let site = try TemporarySite([
      "a.yaml": """
      sources: { ipxe: { git: "https://github.com/ipxe/ipxe.git", tag: v2.0.0 } }
      targets:
        a.kpxe: { ipxe: bin/undionly.kpxe, source: ipxe, embed: [one.ipxe, "two.ipxe"] }
        b.kpxe: { ipxe: bin/undionly.kpxe, source: ipxe, embed: one.ipxe, config: { general.h: { POWEROFF_CMD: false } } }

      """, "one.ipxe": "#!ipxe\nchain two.ipxe ||\npoweroff\n",
      "two.ipxe": "#!ipxe\nimgtrust\ngoto one\n",
    ])
    #expect(
      try site.errors() == """
        error: b.kpxe does not have the command "poweroff"
         --> recipes/one.ipxe:3:1
          |
        3 | poweroff
          | ^^^^^^^^
          = help: give it config: {general.h: {POWEROFF_CMD: true}}
        note: b.kpxe embeds this script
         --> recipes/a.yaml:4:59
          |
        4 |   b.kpxe: { ipxe: bin/undionly.kpxe, source: ipxe, embed: one.ipxe, config: { general.h: { POWEROFF_CMD: false } } }
          |                                                           ^^^^^^^^

        error: a.kpxe does not have the command "imgtrust"
         --> recipes/two.ipxe:2:1
          |
        2 | imgtrust
          | ^^^^^^^^
          = help: give it config: {general.h: {IMAGE_TRUST_CMD: true}}
        note: a.kpxe comes here from "one.ipxe"
         --> recipes/a.yaml:3:60
          |
        3 |   a.kpxe: { ipxe: bin/undionly.kpxe, source: ipxe, embed: [one.ipxe, "two.ipxe"] }
          |                                                            ^^^^^^^^

        error: there is no label "one"
         --> recipes/two.ipxe:3:6
          |
        3 | goto one
          |      ^^^
          = help: write the line :one in front of what it should jump to
        """)
  }

  @Test("A program without a script runs the one that the recipes' DHCP server names")
  func namedByDHCP() throws {
    let recipe = """
      site:
        server: 10.0.0.1
        network: { subnet: 10.0.0.0/24, range: [10.0.0.100, 10.0.0.199] }
      sources: { ipxe: { git: "https://github.com/ipxe/ipxe.git", tag: v2.0.0 } }
      targets:
        a.kpxe: { ipxe: bin/undionly.kpxe, source: ipxe, boots: 0 }
        install.ipxe: { script: "#!ipxe\\nping 10.0.0.1\\n" }
        other.ipxe: { script: "#!ipxe\\nping 10.0.0.1\\n" }
      configs: { dhcpd.conf: { dhcp: isc } }

      """
    #expect(
      try TemporarySite(["a.yaml": recipe]).errors() == """
        error: a.kpxe does not have the command "ping"
         --> recipes/a.yaml:7:27
          |
        7 |   install.ipxe: { script: "#!ipxe\\nping 10.0.0.1\\n" }
          |                           ^^^^^^^^^^^^^^^^^^^^^^^^^
          = help: give it config: {general.h: {PING_CMD: true}}
        note: a.kpxe embeds no script and runs this one, which DHCP names
         --> recipes/a.yaml:6:3
          |
        6 |   a.kpxe: { ipxe: bin/undionly.kpxe, source: ipxe, boots: 0 }
          |   ^^^^^^
        """)
  }

  @Test("A menu leads to the scripts that its items and its submenus' items name")
  func throughMenus() throws {
    let recipe = """
      site: { server: 10.0.0.1 }
      sources: { ipxe: { git: "https://github.com/ipxe/ipxe.git", tag: v2.0.0 } }
      targets:
        a.kpxe: { ipxe: bin/undionly.kpxe, source: ipxe, embed: chain.ipxe }
        chain.ipxe: { script: "#!ipxe\\nchain http://10.0.0.1/menu.ipxe\\n" }
        menu.ipxe: { menu: Boot, items: [{ chain: one.ipxe, title: One }, { submenu: more.ipxe, title: More }] }
        more.ipxe: { menu: More, items: [{ chain: two.ipxe, title: Two }, { back: Back }] }
        one.ipxe: { script: "#!ipxe\\nping 10.0.0.1\\n" }
        two.ipxe: { script: "#!ipxe\\nnslookup x example.org\\n" }
        other.ipxe: { script: "#!ipxe\\nping 10.0.0.1\\n" }

      """
    let warnings = try TemporarySite(["a.yaml": recipe]).load().scriptWarnings
    #expect(
      warnings.map(\.message) == [
        "a.kpxe does not have the command \"ping\"",
        "a.kpxe does not have the command \"nslookup\"",
      ])
    #expect(warnings.map(\.location?.line) == [8, 9])
  }

  @Test("What a BIOS program embeds may be too large for it, what an EFI program embeds not")
  func embedSize() throws {
    let recipe = """
      sources: { ipxe: { git: "https://github.com/ipxe/ipxe.git", tag: v2.0.0 } }
      targets:
        small.ipxe: { script: "#!ipxe\\n" }
        large: { file: large.bin }
        ipxe.efi: { ipxe: bin-x86_64-efi/ipxe.efi, source: ipxe, embed: [small.ipxe, large] }
        ipxe.kpxe: { ipxe: bin/undionly.kpxe, source: ipxe, embed: [small.ipxe, large] }

      """
    func warnings(_ size: Int) throws -> String {
      let site = try TemporarySite(["a.yaml": recipe])
      let content = Array("#!ipxe\n".utf8) + [UInt8](repeating: UInt8(ascii: "#"), count: size - 7)
      try site.write("large.bin", content)
      return Diagnostic.rendered(try site.load().scriptWarnings)
    }
    #expect(try warnings(623_616 - 7) == "")
    #expect(
      try warnings(623_616 - 6) == """
        warning: target "ipxe.kpxe" embeds 623617 bytes, a BIOS program has room for 623616
         --> recipes/a.yaml:6:62
          |
        6 |   ipxe.kpxe: { ipxe: bin/undionly.kpxe, source: ipxe, embed: [small.ipxe, large] }
          |                                                              ^
          = help: embed a small script that fetches the rest over HTTP
        """)
  }

  @Test("Text that is no script is left alone, and so is what only a build can know")
  func noScript() throws {
    let site = try TemporarySite([
      "a.yaml": """
      sources: { here: { path: . } }
      targets:
        preseed.cfg: { script: "goto nowhere\\nd-i foo" }
        script.txt: { script: "#!ipxeish\\ngoto nowhere" }
        bare.ipxe: { script: "#!ipxe" }
        folder: { file: menus }
        inside.ipxe: { file: menus/broken.ipxe, source: here }

      """, "menus/broken.ipxe": "#!ipxe\ngoto nowhere\n",
    ])
    #expect(try site.load().scriptWarnings == [])
  }

  @Test("A script of many lines, all of them wrong, is told of", .timeLimit(.minutes(5)))
  func manyFaults() throws {
    var menu = "#!ipxe\n"
    for number in 0..<1000 { menu += "goto nowhere\(number)\n:label\(number)\nkernl x\n" }
    let site = try site(menu: menu)
    #expect(throws: RecipeErrors.self) { try site.load() }
  }

  // The limit is a guard against quadratic work in a debug build on a loaded machine.
  @Test("Ten thousand small scripts are checked", .timeLimit(.minutes(5)))
  func many() throws {
    var text = """
      site: { server: 10.0.0.1 }
      sources: { ipxe: { git: "https://github.com/ipxe/ipxe.git", tag: v2.0.0 } }
      targets:
        a.kpxe: { ipxe: bin/undionly.kpxe, source: ipxe, embed: s/0.ipxe }
        a.efi: { ipxe: bin-x86_64-efi/ipxe.efi, source: ipxe, embed: s/0.ipxe }

      """
    for number in 0..<10_000 {
      text += "  s/\(number).ipxe: { script: \"#!ipxe\\nset base http://10.0.0.1\\n"
      text += "kernel ${base}/s/\((number + 1) % 10_000).ipxe quiet || goto failed\\nboot\\n"
      text += ":failed\\necho failed\\n\" }\n"
    }
    let site = try TemporarySite(["a.yaml": text])
    let recipes = try site.load()
    var checker = Checker(variables: Variables(settable: []))
    ScriptCheck.run(recipes, isWhole: true, &checker)
    #expect(checker.diagnostics == [])
  }
}
