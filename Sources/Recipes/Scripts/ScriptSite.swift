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
  let address: SiteAddress
  let scripts: [CheckedScript]
  let programs: [CompiledProgram]
  /// Of each script, who runs it.
  let reaches: [[Reach]]

  init(_ recipes: RecipeSet) {
    self.recipes = recipes
    address = SiteAddress(recipes.site)
    var gathered = ScriptList()
    for target in recipes.targets where target.values.isComplete { gathered.add(target, recipes) }
    programs = recipes.targets.compactMap { CompiledProgram($0, recipes) }
    for program in programs {
      for reference in program.target.values[IPXERule.embed] ?? [] {
        gathered.add(reference, recipes)
      }
    }
    scripts = gathered.scripts
    reaches = ScriptGraph(gathered, programs, recipes, address).reaches()
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

  mutating func add(_ target: Target, _ recipes: RecipeSet) {
    guard let script = CheckedScript(target, recipes) else { return }
    targets[target.path] = scripts.count
    if target.ruleName == FileRule.rule.name {
      files[FileRule.localPath(of: target)] = .some(scripts.count)
    }
    scripts.append(script)
  }

  mutating func add(_ reference: ArtifactReference, _ recipes: RecipeSet) {
    let path = absolutePath(reference.name, from: reference.folder)
    guard recipes.target(reference.name) == nil, files[path] == nil else { return }
    let script = CheckedScript(reference, recipes)
    files[path] = .some(script == nil ? nil : scripts.count)
    if let script { scripts.append(script) }
  }

  /// The script that a reference names.
  func index(of reference: ArtifactReference, _ recipes: RecipeSet) -> Int? {
    if recipes.target(reference.name) != nil { return targets[reference.name] }
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
  private let address: SiteAddress

  init(
    _ list: ScriptList, _ programs: [CompiledProgram], _ recipes: RecipeSet, _ address: SiteAddress
  ) {
    self.list = list
    self.programs = programs
    self.recipes = recipes
    self.address = address
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
      let first = embedded.first.map { [list.index(of: $0, recipes)].compactMap(\.self) }
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
      if let index = list.index(of: reference, recipes) { names[baseName(reference.name)] = index }
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
    script.calls.compactMap { call in
      guard Self.starting.contains(call.command.name.text), let word = call.arguments.first else {
        return nil
      }
      let value = script.settings.expand(word)
      guard value.isWhole else { return nil }
      let target = self.script(value.text, from: script)
      return Edge(script: target, name: value.text, isSure: !value.isGuess)
    }
  }

  /// The script that a URL means, a relative one from the folder of the script that uses it.
  private func script(_ url: String, from script: CheckedScript) -> Int? {
    if SiteAddress.scheme(url) != nil { return address.path(url).flatMap { list.targets[$0] } }
    let folder = script.target.map {
      $0.path.split(separator: "/").dropLast().joined(separator: "/")
    }
    if let folder, !folder.isEmpty, let found = list.targets["\(folder)/\(url)"] { return found }
    return list.targets[url.hasPrefix("/") ? String(url.dropFirst()) : url]
  }
}
