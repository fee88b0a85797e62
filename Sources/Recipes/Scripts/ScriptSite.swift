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

/// Which script starts which.
private struct ScriptGraph {
  private struct Edge {
    /// The script started; nil for a name that only what the program embeds can explain.
    let script: Int?
    let name: String
    let isSure: Bool
  }

  private let list: ScriptList
  private let programs: [CompiledProgram]
  private let recipes: RecipeSet

  init(_ list: ScriptList, _ programs: [CompiledProgram], _ recipes: RecipeSet) {
    self.list = list
    self.programs = programs
    self.recipes = recipes
  }

  func reaches() -> [[ScriptSite.Reach]] {
    var result = [[ScriptSite.Reach]](repeating: [], count: list.scripts.count)
    guard !list.scripts.isEmpty else { return result }
    let edges = list.scripts.map(edges(of:))
    let offered = Set(recipes.configs.compactMap(DHCPKind.scriptName)).compactMap {
      list.targets[$0]
    }
    var plain: [Int] = []
    for (number, program) in programs.enumerated() {
      let embedded = program.target.values[IPXERule.embed] ?? []
      // A program without a script runs what DHCP names.
      if embedded.isEmpty { plain.append(number) }
      let first = embedded.first.map { [list.index(of: $0)].compactMap(\.self) }
      follow(number, from: first ?? offered, embedded, edges, &result)
    }
    guard offered.isEmpty else { return result }
    // Without a DHCP server of the recipes, that may be any script of the tree.
    for index in result.indices where result[index].isEmpty && list.scripts[index].target != nil {
      result[index] = plain.map { ScriptSite.Reach(program: $0, via: nil, isSure: false) }
    }
    return result
  }

  /// Breadth first, all that is sure before what is not, so that each script keeps the better way.
  private func follow(
    _ program: Int, from start: [Int], _ embedded: [ArtifactReference], _ edges: [[Edge]],
    _ result: inout [[ScriptSite.Reach]]
  ) {
    var names: [String: Int] = [:]
    for reference in embedded {
      if let index = list.index(of: reference) { names[baseName(reference.name)] = index }
    }
    var seen: Set<Int> = []
    var later: [(script: Int, via: Int?)] = []
    for isSure in [true, false] {
      var queue = isSure ? start.map { (script: $0, via: nil) } : later
      var next = 0
      while next < queue.count {
        let (script, via) = queue[next]
        next += 1
        guard seen.insert(script).inserted else { continue }
        result[script].append(ScriptSite.Reach(program: program, via: via, isSure: isSure))
        for edge in edges[script] {
          guard let target = names[edge.name] ?? edge.script else { continue }
          let staysSure = edge.isSure && !list.scripts[script].asksForMachine
          if staysSure || !isSure {
            queue.append((target, script))
          } else {
            later.append((target, script))
          }
        }
      }
    }
  }

  private static let starting: Set<String> = [
    "chain", "imgexec", "boot", "kernel", "imgselect", "imgload", "imgfetch",
  ]

  private func edges(of script: CheckedScript) -> [Edge] {
    var edges: [Edge] = []
    for call in script.calls where !call.files.isEmpty {
      guard Self.starting.contains(call.command.name.text), let file = call.files.first,
        file.value.isWhole
      else { continue }
      let target = self.script(file, from: script)
      edges.append(Edge(script: target, name: file.value.text, isSure: !file.value.isGuess))
    }
    return edges
  }

  /// The script that a file is, a relative path from the folder of the script that uses it.
  private func script(_ file: CommandCall.File, from script: CheckedScript) -> Int? {
    if file.scheme != nil { return file.path.flatMap { list.targets[$0] } }
    let path = file.value.text
    if let own = script.target?.path, let slash = own.utf8.lastIndex(of: UInt8(ascii: "/")),
      let found = list.targets["\(own[...slash])\(path)"]
    {
      return found
    }
    return list.targets[path.hasPrefix("/") ? String(path.dropFirst()) : path]
  }
}
