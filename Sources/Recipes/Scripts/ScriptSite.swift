/// All hand-written scripts of the recipes, with the programs that run them.
struct ScriptSite: Sendable {
  /// How a program comes to run a script.
  struct Reach: Sendable {
    /// An index in `programs`.
    let program: Int
    /// The script that leads there, an index in `scripts`; nil for one that the program embeds.
    let via: Int?
    /// False when it depends on the machine, or on what DHCP says.
    let isSure: Bool
  }

  let recipes: RecipeSet
  let scripts: [CheckedScript]
  let programs: [CompiledProgram]
  /// Of each script, who runs it.
  let reaches: [[Reach]]

  init(_ recipes: RecipeSet) {
    self.recipes = recipes
    var gathered = ScriptList(recipes)
    for target in recipes.targets where target.values.isComplete { gathered.add(target) }
    programs = recipes.targets.compactMap { CompiledProgram($0, recipes) }
    for program in programs {
      for reference in program.target.values[IPXERule.embed] ?? [] {
        gathered.add(reference)
      }
    }
    scripts = gathered.scripts
    reaches = ScriptGraph(gathered, programs, recipes).reaches()
  }

  /// True when the recipes compile iPXE and all of it is upstream's of a version that the tables know.
  var isUpstream: Bool { !programs.isEmpty && programs.allSatisfy(\.isSure) }
}

/// Scripts in the order they were met, each once.
struct ScriptList {
  private(set) var scripts: [CheckedScript] = []
  /// By path in the tree.
  private(set) var targets: [String: Int] = [:]
  /// By absolute path; nil for a file that is no script.
  private var files: [String: Int?] = [:]
  private let recipes: RecipeSet
  private let address: SiteAddress

  init(_ recipes: RecipeSet) {
    self.recipes = recipes
    address = SiteAddress(recipes.site)
  }

  mutating func add(_ target: Target) {
    guard let script = CheckedScript(target, recipes, address) else { return }
    targets[target.path] = scripts.count
    if target.ruleName == FileRule.rule.name {
      files[FileRule.localPath(of: target)] = .some(scripts.count)
    }
    scripts.append(script)
  }

  mutating func add(_ reference: ArtifactReference) {
    let path = absolutePath(reference.name, from: reference.folder)
    guard !recipes.hasTarget(reference.name), files[path] == nil else { return }
    let script = CheckedScript(reference, recipes, address)
    files[path] = .some(script == nil ? nil : scripts.count)
    if let script { scripts.append(script) }
  }

  /// The script that a reference names.
  func index(of reference: ArtifactReference) -> Int? {
    if recipes.hasTarget(reference.name) { return targets[reference.name] }
    return files[absolutePath(reference.name, from: reference.folder)] ?? nil
  }
}
