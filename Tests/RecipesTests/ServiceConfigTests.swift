import Testing

@testable import Recipes

/// Configs whose content follows from what targets need.
@Suite("Configs of services")
struct ServiceConfigTests {
  /// The texts of all configs, by their paths.
  private func texts(
    _ recipe: String, output: String = "/srv/tree", files: [String: String] = [:]
  ) throws -> (texts: [String: String], warnings: [String]) {
    let site = try TemporarySite(files.merging(["a.yaml": recipe]) { one, _ in one })
    let recipes = try site.load()
    let written = try recipes.writtenConfigs(output: output)
    var texts: [String: String] = [:]
    for entry in written.entries {
      for file in entry.files {
        let path = file.path.isEmpty ? entry.config.path : "\(entry.config.path)/\(file.path)"
        texts[path] = String(decoding: file.bytes, as: UTF8.self)
      }
    }
    return (texts, recipes.warnings.map(\.message))
  }

  private static let live = """
    site: { server: 10.0.0.200, output: /srv/tree, network: { subnet: 10.0.0.0/24 } }
    targets:
      images/ubuntu: { file: ubuntu }
      menu.ipxe:
        menu: A menu
        items:
          - casper: images/ubuntu
            title: Ubuntu

    """

  private static let ubuntu = ["ubuntu/casper/vmlinuz": "x", "ubuntu/casper/initrd": "x"]

  @Test("A folder is exported because an item boots from it, and not without the item")
  func exports() throws {
    let configs = "configs: { exports: { nfs: kernel } }\n"
    let (found, warnings) = try texts(Self.live + configs, files: Self.ubuntu)
    #expect(
      found["exports"] == """
        # For the kernel's NFS server: /etc/exports.d/pxebuild.exports
        # Written by pxebuild from the recipes: change those, not this file.
        /srv/tree/images/ubuntu 10.0.0.0/24(ro,async,no_subtree_check)

        """)
    #expect(warnings == [])
    let less = Self.live.split(separator: "  menu.ipxe:")[0]
    let (none, said) = try texts(less + configs, files: Self.ubuntu)
    #expect(none["exports"]?.contains("/srv/tree") == false)
    #expect(said == ["config \"exports\" exports nothing: no item needs NFS"])
  }

  @Test("A tree elsewhere is exported where it is, and items mount another folder")
  func exportsElsewhere() throws {
    let site = try TemporarySite(
      Self.ubuntu.merging(["a.yaml": Self.live + "configs: { exports: { nfs: kernel } }\n"]) {
        one, _ in one
      })
    let recipes = try site.load()
    #expect(try recipes.writtenConfigs(output: "/srv//tree/").warnings.isEmpty)
    let elsewhere = try recipes.writtenConfigs(output: "/tmp/dist")
    #expect(
      Diagnostic.rendered(elsewhere.warnings) == """
        warning: config "exports" exports "/tmp/dist", but items mount what is in "/srv/tree"
         --> recipes/a.yaml:9:12
          |
        9 | configs: { exports: { nfs: kernel } }
          |            ^^^^^^^
          = help: items name site.output: build there, or change it, before machines boot from this tree
        """)
  }

  @Test("The programs of servers follow from the configs")
  func programs() throws {
    let site = try TemporarySite([
      "a.yaml": """
      site:
        server: 10.0.0.200
        network: { subnet: 10.0.0.0/24, range: [10.0.0.100, 10.0.0.199] }
      targets:
        install.ipxe: { script: "#!ipxe\\n" }
      configs:
        a: { dhcp: isc }
        b: { dhcp: dnsmasq, mode: proxy }
        c: { tftp: hpa }
        d: { http: apache }
        e: { nfs: ganesha }
        f: { nfs: ports }
        g: { samba: shares }
        h: { firewall: nftables }

      """
    ])
    #expect(
      try site.load().serverPrograms.sorted() == [
        "apache2", "dhcpd", "dnsmasq", "ganesha.nfsd", "in.tftpd", "nft", "smbd",
      ])
  }

  @Test("Without a network everybody may mount, and odd names are written in octal")
  func oddExports() throws {
    let recipe = """
      targets:
        "a b/é#/x": { script: x }
      configs: { exports: { nfs: kernel, folders: "a b/é#/" } }

      """
    let (found, _) = try texts(recipe, output: "/srv/t (1)")
    #expect(
      found["exports"]?.contains(
        "\n/srv/t\\040\\0501\\051/a\\040b/\\303\\251\\043 *(ro,async,no_subtree_check)\n") == true)
  }

  @Test("A share for everybody takes any user; one with a user takes its password alone")
  func shares() throws {
    let recipe = """
      targets:
        win10/setup.exe: { script: x }
        tools/x/a.exe: { script: x }
      configs:
        smb.conf:
          samba: shares
          shares:
            win10: win10
            Tools & more: { folder: tools/x, user: install, password-file: secret }
        smbpasswd: { samba: users }

      """
    let (found, warnings) = try texts(recipe, files: ["secret": "password\nnot this\n"])
    #expect(warnings == [])
    #expect(
      found["smb.conf"] == """
        # For Samba: /etc/samba/smb.conf
        # Written by pxebuild from the recipes: change those, not this file.
        [global]
          server role = standalone server
          disable netbios = yes
          smb ports = 445
          load printers = no
          disable spoolss = yes
          log file = /var/log/samba/log.%m
          max log size = 1000
        # Windows wants to give a user and a password; any that is not known is a guest.
          map to guest = Bad User
          passdb backend = smbpasswd:/etc/samba/smbpasswd

        [Tools & more]
          path = /srv/tree/tools/x
          read only = yes
          valid users = install
        # A program runs without a mode that says so: setup.exe.
          acl allow execute always = yes
          follow symlinks = no

        [win10]
          path = /srv/tree/win10
          read only = yes
          guest ok = yes
        # A program runs without a mode that says so: setup.exe.
          acl allow execute always = yes
          follow symlinks = no

        """)
    #expect(
      found["smbpasswd"] == """
        # For Samba: /etc/samba/smbpasswd
        # Written by pxebuild from the recipes: change those, not this file.
        install:0:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:8846F7EAEE8FB117AD06BDD830B7586C:[U          ]:LCT-60000000:

        """)
  }

  @Test("A password is in a private file, and the recipes know which files they read")
  func secrets() throws {
    let site = try TemporarySite([
      "a.yaml": """
      targets: { win/x: { script: x } }
      configs:
        smb.conf: { samba: shares, shares: { win: { folder: win, user: a, password-file: p } } }
        smbpasswd: { samba: users }

      """, "p": "geheim",
    ])
    let recipes = try site.load()
    #expect(recipes.filesRead == ["\(site.folder)/p"])
    let files = try recipes.writtenConfigs(output: "/srv").entries.flatMap(\.files)
    #expect(files.map(\.isPrivate) == [false, true])
    for file in files { #expect(!String(decoding: file.bytes, as: UTF8.self).contains("geheim")) }
  }

  @Test("A script in the tree with a share's user and password is a warning")
  func toldSecret() throws {
    let recipe = """
      targets:
        win/x: { script: x }
        startnet.cmd: { script: "net use Y: \\\\\\\\10.0.0.1\\\\win /user:install geheim" }
        other.txt: { script: install it }
      configs:
        smb.conf: { samba: shares, shares: { win: { folder: win, user: install, password: geheim } } }
        smbpasswd: { samba: users }

      """
    #expect(
      try texts(recipe).warnings == [
        "target \"startnet.cmd\" tells everybody who is served the password of share \"win\""
      ])
  }

  @Test("A link inside a share is an error that names it; one beside is none")
  func links() throws {
    let site = try TemporarySite([
      "a.yaml": """
      targets: { win/x: { script: x }, winter/x: { script: x } }
      configs:
        smb.conf: { samba: shares, shares: { win: win } }

      """
    ])
    let recipes = try site.load()
    _ = try recipes.writtenConfigs(output: "/srv", links: ["winter/l", "win"])
    let error = #expect(throws: RecipeErrors.self) {
      try recipes.writtenConfigs(output: "/srv", links: ["win/b", "win/a/l", "winter/l"])
    }
    #expect(
      error?.rendered() == """
        error: 2 symbolic links inside share "win": win/a/l
         --> recipes/a.yaml:3:40
          |
        3 |   smb.conf: { samba: shares, shares: { win: win } }
          |                                        ^^^
          = help: Windows cannot follow them: put the files themselves there, or share another folder
        """)
  }

  @Test("An image that stays elsewhere is a link too, known before anything is built")
  func linkedImages() throws {
    let site = try TemporarySite([
      "a.yaml": """
      targets: { images/x.iso: { iso: x.iso, link: true } }
      configs: { smb.conf: { samba: shares, shares: { images: images } } }

      """, "x.iso": "x",
    ])
    #expect(try site.errors().contains("1 symbolic link inside share \"images\": images/x.iso"))
  }

  @Test("A folder on a mounted image is exported with a number, and the image gets a unit")
  func mountedImages() throws {
    let recipe = """
      site: { server: 10.0.0.200, output: /srv/tree }
      targets:
        live: { iso: live.iso, mount: true }
        plain/x: { script: x }
        menu.ipxe:
          menu: A menu
          items:
            - casper: live
              title: Ubuntu
              kernel: casper/vmlinuz
              initrd: casper/initrd
      configs:
        exports: { nfs: kernel, folders: plain }
        units: { mounts: systemd }

      """
    let (found, _) = try texts(recipe, files: ["live.iso": "x"])
    #expect(
      found["exports"]?.hasSuffix(
        "\n/srv/tree/live *(ro,async,no_subtree_check,fsid=1)\n"
          + "/srv/tree/plain *(ro,async,no_subtree_check)\n") == true, "\(found)")
    let unit = try #require(found["units/srv-tree-live.mount"])
    #expect(unit.contains("\nWhere=/srv/tree/live\n"))
    #expect(unit.contains("/live.iso\nWhere="))
  }

  @Test("MD4 gives what RFC 1320 says")
  func md4() {
    func text(_ message: String) -> String {
      NTHash.md4(Array(message.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
    #expect(text("") == "31d6cfe0d16ae931b73c59d7e0c089c0")
    #expect(text("a") == "bde52cb31de33e46245e05fbdbd6fb24")
    #expect(text("message digest") == "d9130a8164549fe818874806e1c7014b")
    let digits = String(repeating: "1234567890", count: 8)
    #expect(text(digits) == "e33b4ddc9c38f2199c3e7b164fcc0536")
    #expect(NTHash.text(of: "password") == "8846F7EAEE8FB117AD06BDD830B7586C")
  }

  @Test("A mount unit is named by its escaped path, and its values are escaped too")
  func mounts() {
    let unit = MountUnit(image: "/img/50% a.iso", place: "/srv/.tree/größe x-1/a.b:c_d")
    #expect(unit.fileName == "srv-.tree-gr\\xc3\\xb6\\xc3\\x9fe\\x20x\\x2d1-a.b:c_d.mount")
    #expect(
      unit.text(note: "# x") == """
        # x
        [Unit]
        Description=The content of /img/50%% a.iso
        # Nothing is served before it is there.
        Before=nfs-server.service nfs-ganesha.service smbd.service nginx.service apache2.service
        RequiresMountsFor="/img/50%% a.iso"

        [Mount]
        What=/img/50%% a.iso
        Where=/srv/.tree/größe x-1/a.b:c_d
        Options=loop,ro,nodev,nosuid

        [Install]
        WantedBy=multi-user.target

        """)
    #expect(MountUnit(image: "/a", place: "/.x").fileName == "\\x2ex.mount")
    for bad in ["/a\nb", "/a\\b", "/a\"b", "/a ", "/a/ b"] {
      #expect(MountUnit.problem(with: bad) != nil)
    }
  }

  @Test("The firewall opens exactly the ports that the other configs serve")
  func firewall() throws {
    let recipe = """
      site:
        server: 10.0.0.200
        http: http://10.0.0.200:8080
        network: { subnet: 10.0.0.0/24, range: [10.0.0.100, 10.0.0.199], interface: eth0 }
      targets:
        install.ipxe: { script: "#!ipxe" }
        undionly.kpxe: { script: x }
        live/x: { script: x }
      configs:
        fw: { firewall: nftables, also: tcp/22 }
        a: { dhcp: dnsmasq, mode: proxy, serve-tftp: true }
        b: { http: apache }
        c: { nfs: kernel, folders: live }
        d: { nfs: ports }
        e: { samba: shares, shares: { live: live } }

      """
    let (found, warnings) = try texts(recipe)
    #expect(warnings == [])
    #expect(
      found["fw"] == """
        #!/usr/sbin/nft -f
        # For nftables: /etc/nftables.conf
        # Written by pxebuild from the recipes: change those, not this file.
        # It replaces its own table and no other. Opened for: a, b, c, e
        table inet pxebuild
        delete table inet pxebuild

        table inet pxebuild {
          chain input {
            type filter hook input priority filter; policy drop;
            iifname "lo" accept
            # Answers, the parts of a file that TFTP sends from a port of its own among them.
            ct state established,related accept
            ct state invalid drop
            meta l4proto { icmp, ipv6-icmp } accept
            iifname "eth0" tcp dport { 22, 111, 445, 2049, 8080, 20048 } accept
            iifname "eth0" udp dport { 67, 69, 111, 2049, 4011, 20048 } accept
          }
        }

        """)
  }

  @Test("Each server's own ports, and nothing where there are no servers")
  func ports() throws {
    func opened(_ configs: String) throws -> [String] {
      let site = """
        site:
          server: 10.0.0.200
          network: { subnet: 10.0.0.0/24, range: [10.0.0.100, 10.0.0.199] }
        targets: { install.ipxe: { script: "#!ipxe" }, undionly.kpxe: { script: x }, live/x: { script: x } }
        configs: { fw: { firewall: nftables, also: [] }\(configs) }

        """
      let text = try #require(try texts(site).texts["fw"])
      let lines = text.split(separator: "\n").map(String.init).filter { $0.contains(" dport ") }
      return lines.map {
        $0.replacing("    ", with: "").replacing(" accept", with: "")
      }
    }
    #expect(try opened("") == [])
    #expect(try opened(", a: { tftp: hpa }") == ["udp dport { 69 }"])
    #expect(try opened(", a: { dhcp: isc }") == ["udp dport { 67 }"])
    #expect(try opened(", a: { http: nginx }") == ["tcp dport { 80 }"])
    #expect(
      try opened(", a: { nfs: ganesha, folders: live }")
        == ["tcp dport { 111, 2049, 20048 }", "udp dport { 111, 2049, 20048 }"])
    #expect(try opened(", a: { nfs: ports }, b: { samba: users }") == [])
  }

  @Test("A share is there, with its user, because a Windows PE installs from it")
  func installation() throws {
    let recipe = """
      site: { server: 10.0.0.200 }
      targets:
        winpe:
          winpe: windows.iso
          startnet: { setup: { share: win10, folder: files/win10, user: install, password: secret } }
        win11/startnet.cmd: { startnet: { setup: { share: files } } }
        files/win10/setup.exe: { script: "the content of the media" }
      configs:
        smb.conf: { samba: shares }
        smbpasswd: { samba: users }

      """
    let (texts, warnings) = try texts(recipe, files: ["windows.iso": ""])
    #expect(warnings == [])
    let shares = try #require(texts["smb.conf"])
    #expect(shares.contains("[win10]\n  path = /srv/tree/files/win10\n"))
    #expect(shares.contains("  valid users = install\n"))
    #expect(
      shares.contains("[files]\n  path = /srv/tree/files\n") && shares.contains("guest ok = yes"))
    let users = try #require(texts["smbpasswd"])
    #expect(users.contains("install:0:") && !users.contains("secret"))
    let other = recipe.replacing(
      "share: files }", with: "share: win10, folder: files/win10, user: admin, password: x }")
    let site = try TemporarySite(["a.yaml": other, "windows.iso": ""])
    #expect(
      try site.errors().contains("share \"win10\" is for two users, or for one with two passwords"))
  }
}
