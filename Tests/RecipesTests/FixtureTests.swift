import Glibc
import Testing

@testable import Recipes

/// Folders of bad recipes, each with the whole text of what pxebuild says about them.
/// `UPDATE_FIXTURES=1 swift test --filter FixtureTests` writes that text anew, for reading in a diff.
@Suite struct FixtureTests {
  static let root = "\(repository)/Tests/RecipesTests/Fixtures"

  static var cases: [String] {
    guard case .success(let names) = LocalFile.names(in: root) else { return [] }
    return names.filter { !$0.hasPrefix(".") }
  }

  @Test("Bad recipes are refused or warned of with the expected text", arguments: cases)
  func refused(_ name: String) throws {
    let folder = "\(Self.root)/\(name)"
    var found = "(no error)\n"
    do {
      let recipes = try RecipeSet.load(folder: folder, name: "recipes")
      let warnings = recipes.warnings + recipes.scriptWarnings
      if !warnings.isEmpty { found = Diagnostic.rendered(warnings) + "\n" }
    } catch {
      found = error.rendered().replacing(Self.root, with: "FIXTURES") + "\n"
    }
    let path = "\(folder)/expected.txt"
    if getenv("UPDATE_FIXTURES") != nil {
      let file = try #require(fopen(path, "w"))
      fputs(found, file)
      fclose(file)
    }
    let expected = String(decoding: try LocalFile.read(path).get(), as: UTF8.self)
    #expect(found == expected)
  }

  @Test("There are fixtures")
  func present() { #expect(Self.cases.count > 15) }
}
