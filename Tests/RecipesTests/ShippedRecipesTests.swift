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
        "install.ipxe", "wimboot",
      ])
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

  @Test("Each example is a site that loads without a warning and plans", arguments: exampleNames)
  func examples(_ name: String) throws {
    let recipes = try RecipeSet.load(
      folder: "\(repository)/recipes/examples/\(name)", name: name)
    #expect(recipes.warnings == [])
    #expect(recipes.scriptWarnings == [])
    let lock = try LockFile.load(recipes.lockPath)
    #expect(try recipes.unresolvedSources(lock: lock).isEmpty)
    #expect(try !recipes.plan(options: PlanOptions(lock: lock)).targets.isEmpty)
  }
}
