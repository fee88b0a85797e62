import BuildEngine
import Testing

@testable import Recipes

@Suite struct ShippedRecipesTests {
  @Test("The shipped site loads without a warning and plans with its lock file")
  func shippedSite() throws {
    let recipes = try RecipeSet.load(folder: "\(repository)/recipes", name: "recipes")
    #expect(recipes.warnings == [])
    let lock = try LockFile.load(recipes.lockPath)
    #expect(try recipes.unresolvedSources(lock: lock).isEmpty)
    let plan = try recipes.plan(options: PlanOptions(lock: lock))
    #expect(
      plan.targets.map(\.path) == [
        "chain.ipxe", "undionly.kpxe", "ipxe.efi", "ipxe32.efi", "usb/bios.usb", "usb/efi.usb",
        "install.ipxe", "wimboot",
      ])
  }
}
