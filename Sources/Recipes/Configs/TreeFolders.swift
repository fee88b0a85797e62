/// A folder of the output tree that a config names: the name of a target, or of a folder that targets are in.
struct TreeFolder: Hashable, Sendable {
  /// Below the output tree, without a slash at its end.
  var path: String
  var location: SourceLocation

  static func == (left: TreeFolder, right: TreeFolder) -> Bool { left.path == right.path }
  func hash(into hasher: inout Hasher) { hasher.combine(path) }

  /// The folder as an absolute path.
  func path(in output: String) -> String { output == "/" ? "/\(path)" : "\(output)/\(path)" }

  /// True when a target makes it, or something in it.
  func exists(in recipes: RecipeSet) -> Bool {
    recipes.target(path) != nil || recipes.targets.contains { $0.path.hasPrefix(path + "/") }
  }

  /// False after an error that names what is nearest.
  func check(_ served: ServedSite, _ checker: inout Checker) -> Bool {
    if exists(in: served.recipes) { return true }
    checker.error(
      "no target makes a folder \(quoted(path))", at: location,
      help: checker.help(for: path, among: Self.known(served.recipes), listing: "folders")
        ?? "name a target that is a folder, or a folder that targets are in")
    return false
  }

  /// The targets and the folders that they are in.
  private static func known(_ recipes: RecipeSet) -> [String] {
    var found: Set<String> = []
    for target in recipes.targets {
      var path = target.path[...]
      while found.insert(String(path)).inserted, let slash = path.lastIndex(of: "/") {
        path = path[..<slash]
      }
    }
    return found.sorted()
  }
}

extension ValueType<TreeFolder> {
  /// A folder of the output tree, by its path there. Whether it exists is asked when all targets are known.
  static var treeFolder: ValueType {
    .scalar("a folder of the output tree", schema: anyScalarSchema) { text, scalar, checker in
      var path = text[...]
      while path.hasSuffix("/") { path = path.dropLast() }
      if let problem = TargetPath.problem(with: String(path)) {
        checker.error("\(problem): \(quoted(text))", at: scalar.location)
        return nil
      }
      return TreeFolder(path: String(path), location: scalar.location)
    }
  }
}
