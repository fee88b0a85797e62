/// Reads one entry of `targets:`.
enum TargetReader {
  static func read(_ name: Scalar, _ value: LocatedValue, _ checker: inout Checker) -> Target? {
    if let problem = TargetPath.problem(with: name.text) {
      checker.error(
        "\(quoted(name.text)) cannot be a target: \(problem)", at: name.location,
        help: "a target's name is its path below the output folder, like usb/bios.usb")
      return nil
    }
    if name.text.utf8.contains(UInt8(ascii: "{")), name.text.contains("{{") {
      checker.error(
        "names of targets are not substituted", at: name.location,
        help: "write the name itself")
      return nil
    }
    let owner = "target \(quoted(name.text))"
    guard case .mapping(let mapping) = value else {
      checker.error(
        "\(owner) must be a mapping, found \(value.kindName)", at: value.location,
        help: "write \(name.text): {RULE: …} with one of the rules \(ruleNames)")
      return nil
    }
    guard let rule = rule(of: mapping, owner, name, &checker) else { return nil }
    checker.references = []
    checker.sourceReferences = []
    checker.servedReferences = []
    let record = rule.record.read(mapping, owner: owner, at: name.location, &checker)
    if record.isComplete { rule.check(record, &checker) }
    return Target(
      path: name.text, location: name.location, rule: rule, values: record,
      references: checker.references, sourceReferences: checker.sourceReferences,
      servedReferences: checker.servedReferences)
  }

  private static var ruleNames: String { Rule.all.map(\.name).joined(separator: ", ") }

  private static func rule(
    of mapping: LocatedMapping, _ owner: String, _ name: Scalar, _ checker: inout Checker
  ) -> Rule? {
    let found = mapping.entries.compactMap { key, _ in Rule.byName[key.text].map { ($0, key) } }
    // A key may have the name of another rule (iso: of winpe), but not the other way round.
    let owners = found.filter { rule, _ in
      found.allSatisfy { other, _ in
        other === rule || rule.record.keys.contains { $0.name == other.name }
      }
    }
    if let (rule, _) = owners.first { return rule }
    if found.count > 1 {
      checker.error(
        "\(owner) has two rules, \(found[0].0.name) and \(found[1].0.name)",
        at: found[1].1.location,
        help: "keep one of the two")
      return nil
    }
    for (key, _) in mapping.entries {
      guard let near = nearest(to: key.text, among: Rule.byName.keys) else { continue }
      checker.error(
        "unknown rule \(quoted(key.text)) in \(owner)", at: key.location,
        help: "did you mean \(quoted(near))?")
      return nil
    }
    checker.error(
      "\(owner) names no rule", at: name.location, help: "give it one of the keys \(ruleNames)")
    return nil
  }
}
