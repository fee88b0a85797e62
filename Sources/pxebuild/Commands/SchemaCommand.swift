import ArgumentParser
import Recipes

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the JSON Schema of recipes, for editors.")

  @OptionGroup var terminal: TerminalOptions

  func run() throws { try Console(terminal).printResults([RecipeSchema.json]) }
}
