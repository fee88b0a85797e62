import BuildEngine

/// `file: PATH` — a file or folder of this machine, or of a source.
enum FileRule {
  static let file = Key("file", .path, isRequired: true, "The file or folder.")
  static let source = Key(
    "source", .source, "The source that the path is in; the recipe's own folder when left out.")

  static let rule = Rule(
    name: "file", version: 1, summary: "A file or folder as it is.",
    keys: [file.description, source.description, CheckedScript.check.description], check: check,
    plan: plan)

  private static func check(_ record: Record, _ checker: inout Checker) {
    guard let path = record[file] else { return }
    let place = record.location(file)
    if record[source] != nil {
      if let problem = TargetPath.problem(with: path), path != "." {
        checker.error("\(problem): \(quoted(path))", at: place)
      }
    } else if let problem = LocalFile.problem(absolutePath(path, from: place.file.folder)) {
      checker.error(
        "\(problem): \(quoted(path))", at: place,
        help: "looked at \(printable(absolutePath(path, from: place.file.folder)))")
    }
  }

  private static func plan(_ target: Target, _ planner: inout Planner) throws(RecipeErrors)
    -> RulePlan
  {
    let path = target.values[file] ?? ""
    guard let reference = target.values[source], let source = planner.recipes.source(reference.name)
    else {
      return RulePlan(artifact: .local(path: localPath(of: target)))
    }
    let whole = try planner.content(of: source)
    return RulePlan(artifact: path == "." ? whole : whole.appending(path))
  }

  /// - Precondition: the target names no source.
  static func localPath(of target: Target) -> String {
    absolutePath(target.values[file] ?? "", from: target.values.location(file).file.folder)
  }
}

extension Artifact {
  /// A file inside a directory.
  func appending(_ path: String) -> Artifact {
    switch self {
    case .output(let id, let base): .output(id, path: "\(base)/\(path)")
    case .local(let base): .local(path: "\(base)/\(path)")
    case .bytes, .localInPlace, .link, .emptyFolder: self
    }
  }
}
