import ArgumentParser
import BuildEngine
import Recipes

struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Read the recipes and report everything that is wrong with them.",
    discussion: "Nothing is fetched and nothing is built.")

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let console = Console(terminal)
    let loader = SiteLoader(
      site: site, isLocked: false, isOffline: true, allowsPrebuilt: false,
      note: { console.printNotes([$0]) })
    let loaded = try await loader.load(resolving: false)
    _ = try loaded.plan(nil)
    let warnings = loaded.recipes.warnings + loaded.recipes.scriptWarnings
    console.show(warnings: warnings)
    let count = loaded.recipes.targets.count
    let configs = loaded.recipes.configs.count
    if terminal.json {
      return try console.printResult(
        .object([
          "event": .string("checked"), "time": .seconds(console.seconds),
          "recipes": .string(site.recipeFolder), "targets": .integer(Int64(count)),
          "configs": .integer(Int64(configs)), "warnings": .integer(Int64(warnings.count)),
        ]))
    }
    try console.printResults([
      "\(site.recipeFolder): \(countText(count, "target"))"
        + (configs > 0 ? ", \(countText(configs, "config"))" : "") + ", no errors"
        + (warnings.isEmpty ? "" : ", \(countText(warnings.count, "warning"))")
    ])
  }
}
