extension Rule {
  /// Every rule there is, by name.
  static let all: [Rule] = [
    DebRule.rule, FetchRule.rule, FileRule.rule, IPXERule.rule, ScriptRule.rule,
  ]

  static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
}
