import Foundation
import Testing

@Suite("A NetBoot folder for Macs")
struct NetBootFolderTests {
  /// What Python's own reader of property lists makes of a file.
  private func plist(_ path: String, in site: Site) async throws -> [String: Any] {
    let script =
      "import json,plistlib,sys; json.dump(plistlib.load(open(sys.argv[1],'rb')),sys.stdout)"
    // Python may be where only the person's own PATH leads.
    let search = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin"
    let text = try await mustRun(
      ["env", "python3", "-c", script, path], in: site.output, environment: ["PATH": search])
    return try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test("its property lists say to a real parser what the recipe says")
  func lists() async throws {
    try await withSite { site in
      try site.write("MZ not really iPXE", to: "recipes/ipxe.efi")
      try site.recipe(
        """
        targets:
          macs/menu.nbi:
            nbi: ipxe.efi
            name: Fish & <Chips> "größer"
            description: "]]> &amp; no entity"
            index: 4096
            models: ["iMac14,2", "MacBookPro11,3"]
            boards: Mac-031B6874CF7F642A

        """)
      let run = try await site.run("all")
      #expect(run.status == 0, "\(run.errors)")
      #expect(
        site.served == [
          "macs/menu.nbi/NBImageInfo.plist", "macs/menu.nbi/NetBoot.dmg",
          "macs/menu.nbi/i386/PlatformSupport.plist", "macs/menu.nbi/i386/booter",
          "macs/menu.nbi/i386/com.apple.Boot.plist",
        ])
      #expect(site.read("out/macs/menu.nbi/i386/booter") == "MZ not really iPXE")
      let info = try await plist("macs/menu.nbi/NBImageInfo.plist", in: site)
      #expect(info["Name"] as? String == "Fish & <Chips> \"größer\"")
      #expect(info["Description"] as? String == "]]> &amp; no entity")
      #expect(info["Index"] as? Int == 4096)
      #expect(info["IsDefault"] as? Bool == true)
      #expect(info["IsEnabled"] as? Bool == true)
      #expect(info["EnabledSystemIdentifiers"] as? [String] == ["iMac14,2", "MacBookPro11,3"])
      #expect(info["DisabledSystemIdentifiers"] as? [String] == [])
      let bootFile = try #require(info["BootFile"] as? String)
      let root = try #require(info["RootPath"] as? String)
      for architecture in try #require(info["Architectures"] as? [String]) {
        #expect(site.exists("out/macs/menu.nbi/\(architecture)/\(bootFile)"))
      }
      #expect(site.exists("out/macs/menu.nbi/\(root)"))
      let platforms = try await plist("macs/menu.nbi/i386/PlatformSupport.plist", in: site)
      #expect(platforms["SupportedBoardIds"] as? [String] == ["Mac-031B6874CF7F642A"])
      #expect(
        platforms["SupportedModelProperties"] as? [String] == ["iMac14,2", "MacBookPro11,3"])
      let options = try await plist("macs/menu.nbi/i386/com.apple.Boot.plist", in: site)
      #expect(options["Kernel Flags"] as? String == "")
    }
  }

  @Test("it is built once, and again when its program changes")
  func onceOnly() async throws {
    try await withSite { site in
      try site.write("one", to: "recipes/ipxe.efi")
      try site.recipe("targets: { a.nbi: { nbi: ipxe.efi } }\n")
      #expect(try await site.run("all").status == 0)
      let before = site.snapshot(of: "out/a.nbi")
      #expect(try await site.run("all").status == 0)
      #expect(site.snapshot(of: "out/a.nbi") == before)
      try site.write("two", to: "recipes/ipxe.efi")
      #expect(try await site.run("all").status == 0)
      #expect(site.read("out/a.nbi/i386/booter") == "two")
    }
  }
}
