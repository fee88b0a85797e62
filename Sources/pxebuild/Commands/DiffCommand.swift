import ArgumentParser
import BuildEngine

struct DiffCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Say which targets differ between two states of the output tree, and why.",
    discussion: "Without numbers: the last state before this one, and this one.")

  @Argument(help: "The number of the older state, as pxebuild generations lists it.")
  var from: Int?

  @Argument(help: "The number of the newer one; the last one when left out.")
  var to: Int?

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let tree = try SiteTree(site)
    let old = try tree.generation(from)
    let new = try to.map { try tree.generation($0) } ?? tree.newest()
    let difference = ManifestDifference(from: old.manifest, to: new.manifest)
    let console = Console(terminal)
    if terminal.json {
      return try console.printResult(
        .object([
          "from": .integer(Int64(old.number)), "to": .integer(Int64(new.number)),
          "changes": difference.json,
        ]))
    }
    let count = difference.changes.count
    try console.printResults(
      difference.lines(console.outputStyle) + [
        "\(count == 0 ? "no target differs" : count == 1 ? "1 target differs" : "\(count) targets differ")"
          + " between generations \(old.number) and \(new.number) of \(tree.name.printable())"
      ])
  }
}
