/// A boot program that is compiled here, with what is known of its configuration.
struct CompiledProgram: Sendable {
  /// Whether something is in a program.
  enum Answer: Sendable {
    case yes
    case no
    /// It depends on what the recipes do not say.
    case unknown
  }

  let target: Target
  let machine: UpstreamMachine
  /// The version of iPXE; nil for one that the tables do not know.
  let version: UpstreamVersion?
  /// False when the source is not upstream's as it is, so that its defaults may be others.
  let isSure: Bool
  private let config: [String: [String: IPXEConfig.Define]]

  /// Nil for a target that is not compiled here, or runs on what nobody boots over a network.
  init?(_ target: Target, _ recipes: RecipeSet) {
    guard let goal = target.values[IPXERule.goal], let machine = UpstreamMachine(goal),
      let reference = target.values[IPXERule.source], let source = recipes.source(reference.name)
    else { return nil }
    self.target = target
    self.machine = machine
    config = target.values[IPXERule.config] ?? [:]
    if case .git(_, let reference) = source.kind {
      version = UpstreamVersion(reference)
    } else {
      version = nil
    }
    isSure = version != nil && target.values[IPXERule.patches] == nil
  }

  /// Whether an option of the configuration is defined.
  func has(_ name: String) -> Answer {
    guard let option = UpstreamOption.byName[name] else { return .unknown }
    if let define = config[option.header]?[name] { return define == .off ? .no : .yes }
    return answer { option.isDefault(on: machine, in: $0) }
  }

  /// Whether the source has something that came with a version.
  func isSince(_ since: UpstreamVersion) -> Answer { answer { since <= $0 } }

  private func answer(_ test: (UpstreamVersion) -> Bool) -> Answer {
    if let version { return test(version) ? .yes : .no }
    let all = UpstreamVersion.allCases.map(test)
    if all.allSatisfy({ $0 }) { return .yes }
    return all.contains(true) ? .unknown : .no
  }

  /// Whether one of several options is defined; true for none.
  func has(anyOf names: [String]) -> Answer {
    let answers = names.map(has)
    if answers.isEmpty || answers.contains(.yes) { return .yes }
    return answers.contains(.unknown) ? .unknown : .no
  }
}
