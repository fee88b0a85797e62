/// Reads a folder of recipes. One instance reads one folder once.
struct RecipeLoader {
  private let folder: String
  private let name: String
  private var diagnostics: [Diagnostic] = []
  private var site = Section()
  private var sources = Section()
  private var targets = Section()
  private var configs = Section()
  private var knownBugs = Section()

  /// One top-level key, gathered from all files.
  private struct Section {
    var entries: [(key: Scalar, value: LocatedValue)] = []
    var location: SourceLocation?
    var seen: [String: SourceLocation] = [:]

    var mapping: LocatedMapping? { location.map { LocatedMapping(entries: entries, location: $0) } }

    mutating func add(_ mapping: LocatedMapping, _ diagnostics: inout [Diagnostic]) {
      if location == nil { location = mapping.location }
      for entry in mapping.entries {
        if let first = seen[entry.key.text] {
          diagnostics.append(.definedTwice(entry.key, first: first))
        } else {
          seen[entry.key.text] = entry.key.location
          entries.append(entry)
        }
      }
    }
  }

  /// The top-level keys, with what each may hold.
  static let sections: [(name: String, summary: String)] = [
    ("site", "The place that is served."),
    ("sources", "What comes from outside, by name."),
    ("targets", "What is made, by path in the output tree."),
    ("configs", "What servers read, by path in the folder for configs."),
    ("known-bugs", "Kernel arguments that some images need, by a name for the bug."),
  ]

  init(folder: String, name: String) {
    self.name = name
    self.folder = absolutePath(folder, from: LocalFile.currentFolder() ?? "/")
  }

  mutating func load() throws(RecipeErrors) -> RecipeSet {
    try readFiles()
    var checker = Checker(variables: SiteReader.variables(of: site.mapping))
    checker.diagnostics = diagnostics
    let place = SiteReader.read(site.mapping, &checker)
    let siteIsGood = !checker.hasErrors
    let known = sources.entries.compactMap { SourceReader.read($0.key, $0.value, &checker) }
    let read = targets.entries.compactMap { TargetReader.read($0.key, $0.value, &checker) }
    let bugs = knownBugs.entries.compactMap { KnownBugReader.read($0.key, $0.value, &checker) }
    let readConfigs = configs.entries.compactMap { ConfigReader.read($0.key, $0.value, &checker) }
    var recipes = RecipeSet(
      folder: folder, name: name, site: place, sources: known, targets: read, configs: readConfigs)
    recipes.knownBugs = KnownBugReader.merged(with: bugs)
    ReferenceCheck(
      recipes: recipes, targetNames: Set(targets.seen.keys), sourceNames: Set(sources.seen.keys)
    ).run(&checker)
    // What a config lacks may be what could not be read.
    if siteIsGood, read.count == targets.entries.count { recipes.checkConfigs(&checker) }
    let count = checker.diagnostics.count
    ScriptCheck.run(recipes, isWhole: !checker.hasErrors, &checker)
    if checker.hasErrors {
      throw RecipeErrors(checker.diagnostics)
    }
    recipes.scriptWarnings = Diagnostic.sorted(Array(checker.diagnostics[count...]))
    checker.diagnostics.removeSubrange(count...)
    if recipes.targets.isEmpty {
      checker.warn("no recipe in \(quoted(name)) defines a target", at: nil)
    }
    recipes.warnings = Diagnostic.sorted(checker.diagnostics)
    recipes.filesRead = checker.filesRead
    return recipes
  }

  /// Reads every file; when one of them is not YAML, nothing else is checked, because what is missing
  /// from it would make errors everywhere.
  private mutating func readFiles() throws(RecipeErrors) {
    let files: [String]
    switch LocalFile.names(in: folder) {
    case .success(let names):
      files = names.filter {
        !$0.hasPrefix(".") && ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml"))
      }
    case .failure(let error):
      throw RecipeErrors(
        Diagnostic(
          "cannot read the recipe folder \(quoted(name)): \(error.text)", at: nil,
          help: "name the folder with --recipes, or make one with pxebuild init"))
    }
    guard !files.isEmpty else {
      throw RecipeErrors(
        Diagnostic(
          "the folder \(quoted(name)) has no recipe (*.yaml)", at: nil,
          help: "name the folder with --recipes, or make one with pxebuild init"))
    }
    var isComplete = true
    for file in files {
      let shown =
        name.isEmpty || name == "." ? file : name + (name.hasSuffix("/") ? "" : "/") + file
      isComplete = readFile("\(folder)/\(file)", printable(shown)) && isComplete
    }
    if !isComplete { throw RecipeErrors(diagnostics) }
  }

  private mutating func readFile(_ path: String, _ shown: String) -> Bool {
    switch LocalFile.read(path) {
    case .failure(let error):
      diagnostics.append(Diagnostic("cannot read \(shown): \(error.text)", at: nil))
      return false
    case .success(let bytes):
      let file: SourceFile
      do {
        file = try SourceFile.decode(bytes, name: shown, folder: folder)
      } catch {
        diagnostics += error.diagnostics
        return false
      }
      var reader = YAMLReader(file)
      let root = reader.read()
      diagnostics += reader.diagnostics
      if let root { gather(root) }
      return reader.isComplete
    }
  }

  private mutating func gather(_ root: LocatedValue) {
    guard case .mapping(let mapping) = root else {
      if case .scalar(let scalar) = root, scalar.isNull { return }
      diagnostics.append(
        Diagnostic(
          "a recipe is a mapping, found \(root.kindName)", at: root.location,
          help: "start it with one of the keys \(Self.sections.map(\.name).joined(separator: ", "))"
        ))
      return
    }
    for (key, value) in mapping.entries {
      guard Self.sections.contains(where: { $0.name == key.text }) else {
        diagnostics.append(
          Diagnostic(
            "unknown key \(quoted(key.text)) in a recipe", at: key.location,
            help: suggestion(
              for: key.text, among: Self.sections.map(\.name), listing: "known keys")))
        continue
      }
      guard case .mapping(let content) = value else {
        // A section whose entries are all commented out is empty, not wrong.
        if case .scalar(let scalar) = value, scalar.isNull { continue }
        diagnostics.append(
          Diagnostic("\(key.text): must be a mapping, found \(value.kindName)", at: value.location))
        continue
      }
      switch key.text {
      case "site": site.add(content, &diagnostics)
      case "sources": sources.add(content, &diagnostics)
      case "known-bugs": knownBugs.add(content, &diagnostics)
      case "configs": configs.add(content, &diagnostics)
      default: targets.add(content, &diagnostics)
      }
    }
  }
}
