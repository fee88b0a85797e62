/// The make goals of all recipes by what they must share to be made in one tree of objects.
///
/// All that the recipes have, not only those asked for, so that a target's key does not depend on what
/// else is built.
struct SharedGoals: Sendable {
  private struct Group: Hashable {
    let source: String
    let folder: String
    let config: [String: [String: IPXEConfig.Define]]
    let patches: [String]
    let debug: [String]
    let cross: String

    init?(_ target: Target) {
      let values = target.values
      guard let goal = values[IPXERule.goal], let source = values[IPXERule.source] else {
        return nil
      }
      self.source = source.name
      folder = goal.folder
      config = values[IPXERule.config] ?? [:]
      patches = (values[IPXERule.patches] ?? []).map(\.name)
      debug = values[IPXERule.debug] ?? []
      cross = values[IPXERule.cross] ?? ""
    }
  }

  private let groups: [Group: [String]]

  init(_ targets: [Target]) {
    var found: [Group: Set<String>] = [:]
    for target in targets where target.ruleName == IPXERule.rule.name {
      guard let group = Group(target), let goal = target.values[IPXERule.goal] else { continue }
      found[group, default: []].insert(goal.text)
    }
    groups = found.mapValues { $0.sorted() }
  }

  /// The goals of a target's group, its own among them, sorted.
  func goals(with target: Target) -> [String] {
    Group(target).flatMap { groups[$0] } ?? []
  }
}
