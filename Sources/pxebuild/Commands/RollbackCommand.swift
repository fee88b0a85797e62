import ArgumentParser
import BuildEngine

struct RollbackCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback", abstract: "Bring an earlier state of the output tree back.",
    discussion: """
      Each file is replaced in one step, boot programs before the scripts that name them. The next pxebuild all goes \
      forward again: change the recipes back before. Configs stay as they are.
      """)

  @Argument(
    help:
      "The number of the state, as pxebuild generations lists it; the last one before this when left out."
  )
  var number: Int?

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let tree = try SiteTree(site)
    let wanted = try tree.generation(number)
    let changes = try await tree.bringBack(wanted, cache: try CacheDirectory(try site.cache))
    let console = Console(terminal)
    if terminal.json {
      return try console.printResult(
        .object([
          "generation": .integer(Int64(wanted.number)),
          "placed": .array(changes.placed.map(JSON.string)),
          "removed": .array(changes.removed.map(JSON.string)),
        ]))
    }
    try console.printResults(
      changes.placed.map { "placed   \($0.printable())" }
        + changes.removed.map { "removed  \($0.printable())" } + [
          "\(tree.name.printable()) is as generation \(wanted.number) was: "
            + "\(changes.placed.count) placed, \(changes.removed.count) removed"
        ])
  }
}
