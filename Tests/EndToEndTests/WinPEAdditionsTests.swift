import Foundation
import Testing

/// What a site adds to a Windows PE: drivers, a share to install from, a line of a menu.
@Suite("What is added to Windows PE")
struct WinPEAdditionsTests {
  // MARK: Drivers

  private static let inf = """
    [Version]
    Signature = "$Windows NT$"
    Class = Net
    Provider = %Maker%
    CatalogFile = card.cat
    DriverVer = 07/11/2018,12.17.10.8
    [Manufacturer]
    %Maker% = Card,NTamd64
    [Card.NTamd64]
    "A card" = Install,PCI\\VEN_8086
    [Install]
    CopyFiles = @card.sys
    [Strings]
    Maker = "A maker"

    """

  @Test("Drivers are laid into the image, loaded before the network, and listed")
  func drivers() async throws {
    try await withSite { site in
      let media = WindowsMedia(site: site)
      try await media.makeImage(count: 5)
      try media.makeMedium("medium")
      try site.write(Self.inf, to: "net/CARD.INF")
      try site.write(WindowsMedia.program(), to: "net/Card.sys")
      try site.write("a catalog", to: "net/card.cat")
      try site.write("not a part of it", to: "net/setup.exe")
      try site.write(
        Self.inf.replacingOccurrences(of: "CatalogFile = card.cat\n", with: ""),
        to: "pack/a/disk.inf")
      try site.write(WindowsMedia.program(), to: "pack/a/card.sys")
      try site.write(
        Self.inf.replacingOccurrences(of: "NTamd64", with: "NTx86"), to: "pack/b/old.inf")
      try site.recipe(
        "targets:\n  winpe: { winpe: ../medium, drivers: [../net/CARD.INF, ../pack] }\n")
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      #expect(
        run.errors.contains(
          "winpe: ../pack/b/old.inf is left out: it has no models for amd64; it has ntx86\n"),
        "\(run.errors)")
      #expect(
        run.errors.contains("winpe: ../pack/a/disk.inf is not signed: no catalog is beside it\n"))
      let wim = "out/winpe/sources/boot.wim"
      let paths = try await media.wimlib("dir", wim, "1", "--path=/Drivers")
      #expect(
        Set(paths.split(separator: "\n")) == [
          "/Drivers", "/Drivers/1", "/Drivers/1/CARD.INF", "/Drivers/1/Card.sys",
          "/Drivers/1/card.cat",
          "/Drivers/2", "/Drivers/2/disk.inf", "/Drivers/2/card.sys", "/Drivers/load.cmd",
        ])
      let load = try await media.text("/Drivers/load.cmd", in: wim)
      #expect(load.contains("drvload \"%~dp01\\CARD.INF\">>\"%pxebuildlog%\" 2>&1\r\n"))
      let startnet = try await media.text("/Windows/System32/startnet.cmd", in: wim)
      #expect(
        startnet
          == "@if exist %SystemDrive%\\Drivers\\load.cmd call %SystemDrive%\\Drivers\\load.cmd\r\n"
          + "wpeinit\r\n")
      let list = try await site.run("winpe", "list", "winpe")
      #expect(
        list.output == """
          image         Microsoft Windows Setup (x64)
          architecture  amd64
          version       unknown
          languages     unknown
          drivers       2
            /Drivers/1/CARD.INF  Net, A maker, 07/11/2018 12.17.10.8, catalog
            /Drivers/2/disk.inf  Net, A maker, 07/11/2018 12.17.10.8, not signed
          starts        /Windows/System32/startnet.cmd
            | @if exist %SystemDrive%\\Drivers\\load.cmd call %SystemDrive%\\Drivers\\load.cmd
            | wpeinit

          """, "\(list.errors)")
      let show = try await site.run("winpe", "show", "winpe", "windows\\system32\\STARTNET.CMD")
      #expect(show.output == startnet)
      let missing = try await site.run("winpe", "show", "winpe", "Windows/System32/startnet.bat")
      #expect(missing.status == 65)
      #expect(
        missing.errors == """
          error: winpe/sources/boot.wim has no file /Windows/System32/startnet.bat
            why: the nearest are '/Windows/System32/startnet.cmd'
            fix: did you mean /Windows/System32/startnet.cmd?

          """)
      let json = try await site.run("winpe", "list", "winpe", "--json")
      #expect(json.output.contains("\"signature\":\"catalog\""), "\(json.output)")
      let none = try await site.run("winpe", "list", "other")
      #expect(none.status == 65 && none.errors.hasPrefix("error: there is no target other\n"))
    }
  }

  @Test("The case of names on a medium is that of the menu's URLs")
  func menu() async throws {
    try await withSite { site in
      let media = WindowsMedia(site: site)
      try await media.makeImage(count: 5)
      try await media.wimlib("export", "boot.wim", "2", "one.wim", "--boot")
      try media.makeMedium("medium", image: "one.wim", spelling: .upper)
      try await media.makeISO("medium", to: "windows.iso")
      try site.recipe(
        """
        site: { server: 10.0.0.200 }
        targets:
          install.ipxe:
            menu: Windows
            items:
              - { wimboot: content, title: A, index: 1, gui: true, quiet: true, files: win10/startnet.cmd }
              - { wimboot: winpe, title: B }
              - { wimboot: one.wim, title: C }
          content: { iso: ../windows.iso }
          winpe: { winpe: ../windows.iso }
          one.wim: { file: ../one.wim }
          wimboot: { script: wimboot itself }
          win10/startnet.cmd: { startnet: { setup: { share: win10, folder: win10-files } } }
          win10-files/setup.exe: { script: "the content of the media" }
        configs:
          smb.conf: { samba: shares }
        """)
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      let script = try #require(site.read("out/install.ipxe"))
      let base = "http://10.0.0.200"
      for lines in [
        """
        imgfree
        kernel \(base)/wimboot gui quiet index=1 || goto failed
        initrd --name startnet.cmd \(base)/win10/startnet.cmd startnet.cmd || goto failed
        initrd --name BCD \(base)/content/BOOT/BCD BCD || goto failed
        initrd --name boot.sdi \(base)/content/BOOT/BOOT.SDI boot.sdi || goto failed
        initrd --name boot.wim \(base)/content/SOURCES/BOOT.WIM boot.wim || goto failed
        """,
        """
        initrd --name BCD \(base)/winpe/Boot/BCD BCD || goto failed
        initrd --name boot.sdi \(base)/winpe/Boot/boot.sdi boot.sdi || goto failed
        initrd --name boot.wim \(base)/winpe/sources/boot.wim boot.wim || goto failed
        """, "initrd --name boot.wim \(base)/one.wim boot.wim || goto failed\n",
      ] { #expect(script.contains(lines), "\(script)") }
      let startnet = try #require(site.read("out/win10/startnet.cmd"))
      #expect(startnet.contains("net use Y: \\\\10.0.0.200\\win10 /user:user pass\r\n"))
      #expect(try #require(site.read("out-conf/smb.conf")).contains("[win10]\n"))
    }
  }

  // MARK: Installing from a share

  @Test("A password is in the image, escaped, and in nothing that pxebuild prints or keeps beside")
  func password() async throws {
    try await withSite { site in
      let media = WindowsMedia(site: site)
      try await media.makeImage(count: 5)
      try media.makeMedium("medium")
      try site.write("S3cr%t \"&x\n", to: "recipes/password.txt")
      try site.recipe(
        """
        site: { server: 10.0.0.200 }
        targets:
          winpe: { winpe: ../medium, startnet: { setup: { share: WIN10 } } }
          files/win10/setup.exe: { script: "the content of the media" }
        configs:
          smb.conf:
            samba: shares
            shares:
              win10: { folder: files/win10, user: install, password-file: password.txt }
          smbpasswd: { samba: users }
        """)
      let run = try await site.run("all", "-v")
      #expect(run.status == 0, "\(run.errors)")
      let text = try await media.text(
        "/Windows/System32/startnet.cmd", in: "out/winpe/sources/boot.wim")
      #expect(
        text.contains(
          "net use Y: \\\\10.0.0.200\\win10 /user:install ^\"S3cr%%t \\^\"^&x^\"\r\n"))
      var printed = run.output + run.errors
      for words in [["plan", "--json"], ["why", "winpe"], ["all", "-n"]] {
        let said = try await site.run(words)
        printed += said.output + said.errors
      }
      for path in site.files(below: "cache/logs") {
        printed += site.read("cache/logs/\(path)") ?? ""
      }
      for path in ["out/.pxebuild/manifest.json", "out-conf/smb.conf", "out-conf/smbpasswd"] {
        printed += try #require(site.read(path))
      }
      #expect(!printed.contains("S3cr"))
      #expect(printed.contains("valid users = install"))
    }
  }

  // MARK: A script in place of startnet.cmd

  @Test("A start script takes the place of startnet.cmd, and an image can be compressed otherwise")
  func startScript() async throws {
    try await withSite { site in
      let media = WindowsMedia(site: site)
      try await media.makeImage(count: 5)
      try media.makeMedium("medium")
      try site.write(Self.inf, to: "net/card.inf")
      try site.write(WindowsMedia.program(), to: "net/card.sys")
      try site.write("wpeinit\nping 10.0.0.200\n", to: "recipes/start.cmd")
      try site.recipe(
        """
        targets:
          plain: { winpe: ../medium, start-script: start.cmd, compress: xpress }
          drivers: { winpe: ../medium, start-script: start.cmd, drivers: ../net/card.inf, compress: none }
        """)
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      for (target, compression, settings) in [
        ("plain", "XPRESS", "[LaunchApps]\r\n%SYSTEMDRIVE%\\start.cmd\r\n"),
        (
          "drivers", "None",
          "[LaunchApps]\r\n%SYSTEMDRIVE%\\Drivers\\load.cmd\r\n%SYSTEMDRIVE%\\start.cmd\r\n"
        ),
      ] {
        let wim = "out/\(target)/sources/boot.wim"
        #expect(try await media.wimlib("info", wim).contains("Compression:    \(compression)\n"))
        #expect(try await media.text("/Windows/System32/winpeshl.ini", in: wim) == settings)
        #expect(try await media.text("/start.cmd", in: wim) == "wpeinit\r\nping 10.0.0.200\r\n")
      }
    }
  }
}
