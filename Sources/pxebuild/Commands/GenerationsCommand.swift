import ArgumentParser
import BuildEngine
import Recipes
import SystemPackage

struct GenerationsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generations", abstract: "List the last states of the output tree.",
    discussion: "pxebuild diff compares two of them, pxebuild rollback brings one back.")

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let tree = try SiteTree(site)
    let console = Console(terminal)
    let text = GenerationList(tree: tree.name, generations: try tree.generations())
    if terminal.json {
      try console.printResult(text.json)
    } else {
      try console.printResults(text.lines)
    }
  }
}
