/// Checks what holds between targets: references, cycles, paths inside one another.
struct ReferenceCheck {
  let recipes: RecipeSet
  /// All names that were written, also those whose definition has an error of its own.
  let targetNames: Set<String>
  let sourceNames: Set<String>

  func run(_ checker: inout Checker) {
    var isGood = true
    for target in recipes.targets {
      for reference in target.references where !targetNames.contains(reference.name) {
        isGood = checkFile(reference, &checker) && isGood
      }
      for reference in target.servedReferences {
        isGood = checkServed(reference, &checker) && isGood
      }
      for reference in target.sourceReferences where !sourceNames.contains(reference.name) {
        isGood = false
        checker.error(
          "there is no source \(quoted(reference.name))", at: reference.location,
          help: checker.help(
            for: reference.name, among: Array(sourceNames), listing: "known sources")
            ?? (sourceNames.isEmpty ? "no recipe defines sources:" : nil))
      }
      checkFolders(of: target, &checker)
    }
    isGood = checkCycles(&checker) && isGood
    guard isGood else { return }
    for target in recipes.targets where target.values.isComplete {
      target.rule.checkReferences(target, recipes, &checker)
    }
    BootCheck.run(recipes, &checker)
    SigningCheck(recipes).run(&checker)
  }

  private func checkFile(_ reference: ArtifactReference, _ checker: inout Checker) -> Bool {
    let path = absolutePath(reference.name, from: reference.folder)
    guard let problem = LocalFile.problem(path) else { return true }
    if problem == "no such file or folder" {
      checker.error(
        "there is no target and no file \(quoted(reference.name))", at: reference.location,
        help: checker.help(for: reference.name, among: Array(targetNames))
          ?? "files are looked up beside the recipe: \(printable(path))")
    } else {
      checker.error("\(problem): \(quoted(reference.name))", at: reference.location)
    }
    return false
  }

  /// A machine can load only what is in the tree, which a file beside the recipe is not by itself.
  private func checkServed(_ reference: ServedReference, _ checker: inout Checker) -> Bool {
    guard case .tree(let path) = reference.place else { return true }
    let parts = path.split(separator: "/")
    let prefixes = (1...max(1, parts.count)).map { parts.prefix($0).joined(separator: "/") }
    if prefixes.contains(where: targetNames.contains) { return true }
    var help = reference.help ?? checker.help(for: path, among: Array(targetNames))
    if help == nil, case .success = LocalFile.kind(absolutePath(path, from: reference.folder)) {
      help = "the file beside the recipe is not served: give it a target of its own with file:"
    }
    for prefix in prefixes.dropLast() where help == nil {
      guard let near = nearest(to: prefix, among: targetNames) else { continue }
      help = "did you mean \(quoted(near + path.dropFirst(prefix.count)))?"
    }
    checker.error(
      "there is no target \(quoted(path))", at: reference.location,
      help: help
        ?? "a target's name is its path; a path inside a target that is a folder will do too")
    return false
  }

  /// A target cannot be a file and a folder that holds another one.
  private func checkFolders(of target: Target, _ checker: inout Checker) {
    var folder = target.path[...]
    while let slash = folder.lastIndex(of: "/") {
      folder = folder[..<slash]
      guard let other = recipes.target(String(folder)) else { continue }
      checker.error(
        "target \(quoted(target.path)) is inside target \(quoted(other.path))",
        at: target.location, notes: [.init("the other one is defined here", at: other.location)],
        help: "rename one of the two: a path is a file or a folder, not both")
    }
  }

  // MARK: cycles

  private enum Mark { case open, done }

  private func checkCycles(_ checker: inout Checker) -> Bool {
    var marks: [String: Mark] = [:]
    var isGood = true
    for target in recipes.targets
    where !(target.references.isEmpty && target.servedReferences.isEmpty)
      && marks[target.path] == nil
    {
      isGood = follow(target, &marks, &checker) && isGood
    }
    return isGood
  }

  /// Depth first with a stack of its own: a chain of references may be longer than the thread's stack.
  private func follow(
    _ start: Target, _ marks: inout [String: Mark], _ checker: inout Checker
  ) -> Bool {
    typealias Named = [(target: Target, location: SourceLocation)]
    var stack: [(target: Target, named: Named, next: Int)] = [
      (start, recipes.targets(namedBy: start), 0)
    ]
    marks[start.path] = .open
    var isGood = true
    while let (target, named, next) = stack.last {
      guard next < named.count else {
        marks[target.path] = .done
        stack.removeLast()
        continue
      }
      stack[stack.count - 1].next += 1
      let (needed, place) = named[next]
      switch marks[needed.path] {
      case .done: continue
      case .open:
        isGood = false
        let first = stack.firstIndex { $0.target.path == needed.path } ?? 0
        let names = stack[first...].map(\.target.path) + [needed.path]
        checker.error(
          "targets need one another: \(names.joined(separator: " -> "))", at: place,
          help: "remove one of these references")
      case nil:
        marks[needed.path] = .open
        stack.append((needed, recipes.targets(namedBy: needed), 0))
      }
    }
    return isGood
  }
}
