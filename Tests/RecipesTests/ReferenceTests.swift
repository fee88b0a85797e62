import Testing

@testable import Recipes

/// The reference in docs/recipes keeps step with the code.
@Suite struct ReferenceTests {
  static let folder = "\(repository)/docs/recipes"

  private func page(_ name: String) throws -> String {
    String(decoding: try LocalFile.read("\(Self.folder)/\(name)").get(), as: UTF8.self)
  }

  /// What holds for one: nothing here looks into it.
  private static let certificate =
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

  /// The fenced blocks of a page.
  private func blocks(_ kind: String, in page: String) -> [String] {
    var blocks: [String] = []
    var current: [Substring]?
    for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
      if let lines = current {
        if line == "```" {
          blocks.append(lines.joined(separator: "\n") + "\n")
          current = nil
        } else {
          current = lines + [line]
        }
      } else if line == "```\(kind)" {
        current = []
      }
    }
    return blocks
  }

  static var pages: [String] {
    guard case .success(let names) = LocalFile.names(in: folder) else { return [] }
    return names.filter { $0.hasSuffix(".md") } + [
      "../from-the-wiki.md", "../../README.md", "../signing.md",
    ]
  }

  @Test("Every example is a site that loads without a warning", arguments: pages)
  func examples(_ name: String) throws {
    let beside = [
      "extra.ipxe": "#!ipxe\n", "certs/root.pem": "", "certs/client.pem": "",
      "certs/client.key": "", "patches/first.patch": "", "patches/second.patch": "",
      "images/ubuntu-20.04.6-desktop-amd64.iso": "", "images/Win10_1809_French_x64.iso": "",
      "images/memtest86.iso": "", "images/un_systeme.iso": "",
      "pictures/background.png": "", "install.ipxe.sig": "", "ipxe-checkout/src/Makefile": "",
      "ubuntu-content/casper/vmlinuz": "", "ubuntu-content/casper/initrd": "", "ubuntu.iso": "",
      "winpe-content/Boot/BCD": "", "winpe-content/Boot/boot.sdi": "",
      "winpe-content/sources/boot.wim": "", "wimboot": "", "gparted.iso": "",
      "memtest64.bin": "", "memtest64.efi": "", "rescue-content/vmlinuz": "",
      "rescue-content/initrd.img": "", "site.cpio": "", "winpe-tools/tool.exe": "",
      "images/Win11_23H2_French_x64.iso": "", "drivers/e1d65x64.inf": "",
      "drivers/realtek/rt640x64.inf": "",
      "keys/signer.pem": Self.certificate, "keys/root.pem": Self.certificate,
      "keys/db.pem": Self.certificate,
    ]
    let examples = blocks("yaml", in: try page(name))
    #expect(!examples.isEmpty || name == "lock.md")
    for example in examples {
      let site = try TemporarySite(beside.merging(["example.yaml": example]) { one, _ in one })
      let recipes = try site.load()
      // An example may show a part of a site only: one without targets.
      #expect(recipes.warnings.filter { $0.location != nil } == [])
      #expect(recipes.scriptWarnings.filter { !$0.message.hasPrefix("no target makes") } == [])
      var reader = YAMLReader(
        SourceFile(name: name, folder: "/", bytes: Array(example.utf8)))
      let read = reader.read()
      let value = try #require(read)
      #expect(SchemaJudge.problem(of: value, in: RecipeSchema.schema) == nil)
    }
  }

  @Test(
    "The French pages show the examples of the English ones",
    arguments: [
      ("../README.fr.md", "../../README.md"), ("../from-the-wiki.fr.md", "../from-the-wiki.md"),
    ])
  func french(_ translation: String, _ original: String) throws {
    let examples = blocks("yaml", in: try page(original))
    #expect(!examples.isEmpty)
    #expect(blocks("yaml", in: try page(translation)) == examples)
  }

  @Test("The lock file's example is a lock file as pxebuild writes it")
  func lockExample() throws {
    let example = try #require(blocks("", in: try page("lock.md")).first)
    #expect(try LockFile.parse(Array(example.utf8), name: "lock.md").serialised() == example)
  }

  @Test("Every rule has a page that lists every key")
  func rules() throws {
    for rule in Rule.all {
      let text = try page("\(rule.name).md")
      #expect(text.hasPrefix("# `\(rule.name)`"))
      for key in rule.record.keys {
        #expect(text.contains("\n- `\(key.name)`: "), "\(rule.name).md lacks \(key.name)")
      }
    }
  }

  @Test("Every kind of config has a page that lists every key")
  func configs() throws {
    let index = try page("configs.md")
    for kind in ConfigKind.all {
      #expect(index.contains("\n| `\(kind.name)` | "), "configs.md lacks \(kind.name)")
      let text = try page("\(kind.name).md")
      #expect(text.hasPrefix("# `\(kind.name)`"))
      for key in kind.record.keys {
        #expect(text.contains("\n- `\(key.name)`: "), "\(kind.name).md lacks \(key.name)")
      }
    }
  }

  @Test("The page of the rule iso lists every key of a known bug")
  func knownBugs() throws {
    let text = try page("iso.md")
    for key in KnownBugKeys.record.keys {
      #expect(text.contains("\n- `\(key.name)`: "), "iso.md lacks \(key.name)")
    }
  }

  @Test("The pages of site and sources list every key")
  func others() throws {
    let site = try page("site.md")
    for key in SiteKeys.record.keys + SiteKeys.networkRecord.keys + HostKeys.record.keys
      + SigningKeys.record.keys + SigningKeys.bootRecord.keys
    {
      #expect(site.contains("- `\(key.name)`: "), "site.md lacks \(key.name)")
    }
    for name in SiteKeys.variableNames {
      #expect(site.contains("`{{\(name)}}`"), "site.md lacks {{\(name)}}")
    }
    let sources = try page("sources.md")
    for kind in SourceKind.all {
      #expect(sources.contains("\n## \(kind.name)\n"))
      for key in kind.record.keys {
        #expect(sources.contains("- `\(key.name)`: "), "sources.md lacks \(key.name)")
      }
    }
  }
}
