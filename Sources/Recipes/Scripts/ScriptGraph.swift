/// Which script starts which, and so who runs each.
struct ScriptGraph {
  private struct Edge {
    /// The script started; nil for a name that only what the program embeds can explain.
    let script: Int?
    let name: String
    let isSure: Bool
  }

  /// A script that is run next, and the script that starts it.
  private typealias Step = (script: Int, via: Int?)

  private let list: ScriptList
  private let programs: [CompiledProgram]
  private let recipes: RecipeSet
  /// The scripts that each menu can start, also by its submenus.
  private let menus: [String: [Int]]

  init(_ list: ScriptList, _ programs: [CompiledProgram], _ recipes: RecipeSet) {
    self.list = list
    self.programs = programs
    self.recipes = recipes
    var menus: [String: [Int]] = [:]
    for target in recipes.targets where target.ruleName == MenuRule.rule.name {
      menus[target.path] = Self.scripts(behind: target, list, recipes)
    }
    self.menus = menus
  }

  private static func scripts(behind menu: Target, _ list: ScriptList, _ recipes: RecipeSet)
    -> [Int]
  {
    var seen: Set<String> = [menu.path]
    var open = [menu]
    var scripts: [Int] = []
    while let next = open.popLast() {
      for reference in next.servedReferences {
        guard case .tree(let path) = reference.place, seen.insert(path).inserted else { continue }
        if let script = list.targets[path] {
          scripts.append(script)
        } else if let other = recipes.target(path), other.ruleName == MenuRule.rule.name {
          open.append(other)
        }
      }
    }
    return scripts
  }

  func reaches() -> [[ScriptSite.Reach]] {
    var result = [[ScriptSite.Reach]](repeating: [], count: list.scripts.count)
    guard !list.scripts.isEmpty else { return result }
    let edges = list.scripts.map(edges(of:))
    let offered = Set(recipes.configs.compactMap(DHCPKind.scriptName)).filter(recipes.hasTarget)
    var plain: [Int] = []
    for (number, program) in programs.enumerated() {
      let embedded = program.target.values[IPXERule.embed] ?? []
      // A program without a script runs what DHCP names.
      if embedded.isEmpty { plain.append(number) }
      let first = embedded.first.map { reference in
        list.index(of: reference).map { [$0] } ?? []
      }
      let sure = first ?? offered.sorted().compactMap { list.targets[$0] }
      let shown = embedded.first.map { [$0.name] } ?? offered.sorted()
      follow(
        number, from: sure, orPerhaps: shown.flatMap { menus[$0] ?? [] }, embedded, edges, &result)
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
    _ program: Int, from sure: [Int], orPerhaps unsure: [Int], _ embedded: [ArtifactReference],
    _ edges: [[Edge]], _ result: inout [[ScriptSite.Reach]]
  ) {
    var names: [String: Int] = [:]
    for reference in embedded {
      if let index = list.index(of: reference) { names[baseName(reference.name)] = index }
    }
    var seen: Set<Int> = []
    var later: [Step] = unsure.map { ($0, nil) }
    for isSure in [true, false] {
      var queue = isSure ? sure.map { (script: $0, via: nil) } : later
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
      let name = file.value.text
      let path = path(of: file, from: script)
      let target = path.flatMap { list.targets[$0] }
      edges.append(Edge(script: target, name: name, isSure: !file.value.isGuess))
      guard target == nil, let path, let behind = menus[path] else { continue }
      // Which of its items a machine sees, and chooses, is another matter.
      edges += behind.map { Edge(script: $0, name: "", isSure: false) }
    }
    return edges
  }

  /// The path in the tree that a file is at, a relative path from the folder of the script that uses it.
  private func path(of file: CommandCall.File, from script: CheckedScript) -> String? {
    if file.scheme != nil { return file.path }
    let name = file.value.text
    if name.hasPrefix("/") { return String(name.dropFirst()) }
    guard let own = script.target?.path, let slash = own.utf8.lastIndex(of: UInt8(ascii: "/"))
    else { return name }
    let beside = "\(own[...slash])\(name)"
    return recipes.hasTarget(beside) ? beside : name
  }
}
