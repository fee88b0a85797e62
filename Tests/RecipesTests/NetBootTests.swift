import BuildEngine
import Testing

@testable import Recipes

@Suite("NetBoot folders")
struct NetBootTests {
  private func inputs(_ text: String, of path: String) throws -> [String: Artifact] {
    let site = try TemporarySite(["a.yaml": text])
    let plan = try site.load().plan(targets: [path])
    guard case .output(let id, "folder")? = plan.targets.first?.artifact else { return [:] }
    return plan[id].inputs
  }

  private func text(_ artifact: Artifact?) -> String {
    if case .bytes(let bytes, executable: false)? = artifact {
      String(decoding: bytes, as: UTF8.self)
    } else {
      "no text"
    }
  }

  @Test("A folder holds the boot program, an empty image and the lists that servers read")
  func folder() throws {
    let inputs = try inputs(
      """
      targets:
        ipxe.efi: { script: "not really iPXE" }
        macs/menu.nbi: { nbi: ipxe.efi }

      """, of: "macs/menu.nbi")
    #expect(
      inputs.keys.sorted() == [
        "NBImageInfo.plist", "NetBoot.dmg", "i386/booter", "i386/com.apple.Boot.plist",
      ])
    #expect(text(inputs["i386/booter"]) == "not really iPXE")
    #expect(inputs["NetBoot.dmg"] == .bytes([]))
    #expect(
      text(inputs["NBImageInfo.plist"]) == """
        <?xml version="1.0" encoding="UTF-8"?>
        <!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
        <plist version="1.0">
        <dict>
        \t<key>Architectures</key>
        \t<array>
        \t\t<string>i386</string>
        \t</array>
        \t<key>BackwardCompatible</key>
        \t<false/>
        \t<key>BootFile</key>
        \t<string>booter</string>
        \t<key>Description</key>
        \t<string>menu</string>
        \t<key>DisabledSystemIdentifiers</key>
        \t<array/>
        \t<key>EnabledSystemIdentifiers</key>
        \t<array/>
        \t<key>Index</key>
        \t<integer>1</integer>
        \t<key>IsDefault</key>
        \t<true/>
        \t<key>IsEnabled</key>
        \t<true/>
        \t<key>IsInstall</key>
        \t<false/>
        \t<key>Kind</key>
        \t<integer>1</integer>
        \t<key>Language</key>
        \t<string>Default</string>
        \t<key>Name</key>
        \t<string>menu</string>
        \t<key>RootPath</key>
        \t<string>NetBoot.dmg</string>
        \t<key>SupportsDiskless</key>
        \t<false/>
        \t<key>Type</key>
        \t<string>HTTP</string>
        \t<key>imageType</key>
        \t<string>netboot</string>
        \t<key>osVersion</key>
        \t<string>10.x</string>
        </dict>
        </plist>

        """)
  }

  @Test("Names are escaped for XML, and only named Macs are said to be supported")
  func values() throws {
    let inputs = try inputs(
      """
      targets:
        ipxe.efi: { script: x }
        a.nbi:
          nbi: ipxe.efi
          name: <b>"Fish & Chips"</b>
          description: ä ]]> end
          index: 65535
          default: false
          models: ["iMac14,2", "MacBookPro11,3"]
          boards: Mac-031B6874CF7F642A

      """, of: "a.nbi")
    let info = text(inputs["NBImageInfo.plist"])
    for line in [
      "<string>&lt;b&gt;\"Fish &amp; Chips\"&lt;/b&gt;</string>",
      "<string>ä ]]&gt; end</string>", "<integer>65535</integer>",
      "\t\t<string>iMac14,2</string>\n\t\t<string>MacBookPro11,3</string>",
      "<key>IsDefault</key>\n\t<false/>",
    ] {
      #expect(info.contains(line))
    }
    let platforms = text(inputs["i386/PlatformSupport.plist"])
    #expect(platforms.contains("<string>Mac-031B6874CF7F642A</string>"))
    #expect(platforms.contains("<string>MacBookPro11,3</string>"))
  }

  @Test("What XML cannot hold at all is replaced, and a carriage return survives a parser")
  func unusable() {
    let list = PropertyList.string("a\u{1}b\u{FFFE}c\rd\te")
    #expect(list.document.contains("<string>a\u{FFFD}b\u{FFFD}c&#13;d\te</string>"))
  }
}
