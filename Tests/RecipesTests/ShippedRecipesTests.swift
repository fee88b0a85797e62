import BuildEngine
import Testing

@testable import Recipes

@Suite struct ShippedRecipesTests {
  @Test("The shipped site loads without a warning and plans with its lock file")
  func shippedSite() throws {
    let recipes = try RecipeSet.load(folder: "\(repository)/recipes", name: "recipes")
    #expect(recipes.warnings == [])
    #expect(recipes.scriptWarnings == [])
    let lock = try LockFile.load(recipes.lockPath)
    #expect(try recipes.unresolvedSources(lock: lock).isEmpty)
    let plan = try recipes.plan(options: PlanOptions(lock: lock))
    #expect(
      plan.targets.map(\.path) == [
        "chain.ipxe", "undionly.kpxe", "ipxe.efi", "ipxe32.efi", "usb/bios.usb", "usb/efi.usb",
        "install.ipxe", "wimboot", "usb/ipxe.lkrn", "usb/stick.img",
      ])
    #expect(recipes.suggestedStick == "usb/stick.img")
    #expect(
      recipes.configs.map(\.path)
        == [
          "dhcpd.conf", "kea-dhcp4.conf", "dnsmasq-proxy.conf", "tftpd-hpa", "nginx.conf",
          "apache2.conf", "nftables.conf",
        ])
  }

  static var exampleNames: [String] {
    guard case .success(let names) = LocalFile.names(in: "\(repository)/recipes/examples") else {
      return []
    }
    return names.filter { !$0.hasPrefix(".") }
  }

  /// What a person brings to an example, beside its recipes.
  private static let media = [
    "wiki": [
      "media/ubuntu-18.04.3-desktop-amd64.iso", "media/winpe.iso", "media/Memtest86-7.4.iso",
    ],
    "windows": [
      "media/Win10_22H2_French_x64.iso", "media/Win11_23H2_French_x64.iso", "drivers/net/card.inf",
    ],
  ]

  /// An example with what a person brings to it.
  private func example(_ name: String) throws -> (TemporarySite, RecipeSet) {
    let folder = "\(repository)/recipes/examples/\(name)"
    let site = try TemporarySite()
    for file in try LocalFile.names(in: folder).get() where !file.hasPrefix(".") {
      try site.write(file, try LocalFile.read("\(folder)/\(file)").get())
    }
    for file in Self.media[name] ?? [] { try site.write(file, []) }
    return (site, try RecipeSet.load(folder: site.folder, name: name))
  }

  @Test("The wiki page's site has every entry of the page")
  func wiki() throws {
    let (site, recipes) = try example("wiki")
    let plan = try recipes.plan(options: PlanOptions(lock: LockFile.load(recipes.lockPath)))
    withExtendedLifetime(site) {}
    let menu = try #require(recipes.target("install.ipxe"))
    let lines = menu.values[MenuRule.items] ?? []
    #expect(
      lines.map { "\($0.kind.name): \($0.title)" } == [
        "separator: -------------SÉPARATION 1----------------", "casper: Ubuntu Install",
        "wimboot: Windows PE", "separator: -------------SÉPARATION 2----------------",
        "sanboot: Memtest86 7.4", "shell: Shell iPXE", "exit: Exit",
      ])
    #expect(recipes.serviceNeeds.map(\.need) == [.nfsExport(folder: "ubuntuinstall")])
    #expect(plan.targets.count == 12)
  }

  @Test("Each example is a site that loads without a warning and plans", arguments: exampleNames)
  func examples(_ name: String) throws {
    let (site, recipes) = try example(name)
    defer { withExtendedLifetime(site) {} }
    #expect(recipes.warnings == [])
    #expect(recipes.scriptWarnings == [])
    let lock = try LockFile.load(recipes.lockPath)
    #expect(try recipes.unresolvedSources(lock: lock).isEmpty)
    #expect(try !recipes.plan(options: PlanOptions(lock: lock)).targets.isEmpty)
  }
}
