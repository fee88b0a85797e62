import Menus

/// What can be wrong with a `menu` target beyond single values.
enum MenuCheck {
  static func values(_ record: Record, _ checker: inout Checker) {
    let lines = record[MenuRule.items] ?? []
    let names = NamedLines(lines).names
    checkNames(lines, names, &checker)
    checkHotkeys(lines, &checker)
    checkLabels(lines, &checker)
    if let wanted = record[MenuRule.defaultItem], !names.contains(wanted) {
      let known = names.compactMap { $0 }
      checker.error(
        "no item of this menu is named \(quoted(wanted))",
        at: record.location(MenuRule.defaultItem),
        help: checker.help(for: wanted, among: known, listing: "names"))
    }
    if let timeout = record[MenuRule.timeout], timeout > 0, record[MenuRule.defaultItem] == nil {
      checker.error(
        "a timeout needs an item to choose when it is over",
        at: record.keyLocation(MenuRule.timeout), help: "add default: NAME")
    }
  }

  private static func checkNames(
    _ lines: [MenuLine], _ names: [String?], _ checker: inout Checker
  ) {
    var first: [String: SourceLocation] = [:]
    for (line, name) in zip(lines, names) where line.values.isWritten(ItemKeys.name.name) {
      guard let name else { continue }
      let place = line.values.location(ItemKeys.name)
      if let other = first[name] {
        checker.error(
          "two items are named \(quoted(name))", at: place,
          notes: [.init("the other one is here", at: other)], help: "rename one of the two")
      } else {
        first[name] = place
      }
    }
  }

  private static func checkHotkeys(_ lines: [MenuLine], _ checker: inout Checker) {
    var seen: [(line: MenuLine, key: String)] = []
    for line in lines {
      guard let key = line.values[ItemKeys.hotkey] else { continue }
      if let other = seen.first(where: { $0.key == key && overlap($0.line, line) }) {
        checker.error(
          "two items have the key \(quoted(key))", at: line.values.location(ItemKeys.hotkey),
          notes: [.init("the other one is here", at: other.line.values.location(ItemKeys.hotkey))],
          help: "give one of them another key")
      }
      seen.append((line, key))
    }
  }

  /// True when some machine sees both.
  private static func overlap(_ one: MenuLine, _ other: MenuLine) -> Bool {
    func meet<Word: Hashable>(_ key: Key<[Word]>) -> Bool {
      guard let left = one.values[key], let right = other.values[key] else { return true }
      return !Set(left).isDisjoint(with: right)
    }
    return meet(ItemKeys.platform) && meet(ItemKeys.architecture)
  }

  private static func checkLabels(_ lines: [MenuLine], _ checker: inout Checker) {
    var first: [String: SourceLocation] = [:]
    for line in lines where line.kind.name == ItemKind.script.name {
      guard let text = line.values[ItemKind.scriptKey],
        case .scalar(let scalar)? = line.values.written(ItemKind.scriptKey)
      else { continue }
      for (label, number) in OwnScript.labels(of: text) {
        let place = OwnScript.place(of: number, in: scalar)
        if let other = first[label] {
          checker.error(
            "the label \(quoted(label)) stands twice in this menu", at: place,
            notes: [.init("the other one is here", at: other)], help: "rename one of the two")
        } else {
          first[label] = place
        }
      }
    }
  }

  static func references(_ target: Target, _ recipes: RecipeSet, _ checker: inout Checker) {
    checkAddress(target, recipes, &checker)
    var check = ItemCheck(recipes: recipes, checker: checker)
    check.isFile(target.values[MenuRule.background])
    for entry in target.values[MenuRule.machines] ?? [] { check.isFile(entry.page) }
    for line in target.values[MenuRule.items] ?? [] {
      line.kind.checkReferences(line.values, &check)
      check.isSeen(line)
    }
    checker = check.checker
  }

  /// A menu that names files has to say where the machine finds them.
  private static func checkAddress(
    _ target: Target, _ recipes: RecipeSet, _ checker: inout Checker
  ) {
    let named = target.servedReferences.first {
      if case .tree = $0.place { true } else { false }
    }
    guard let named else { return }
    guard let http = recipes.site.http else {
      checker.error(
        "a menu that loads files needs the address they are served at", at: named.location,
        help: "add server: or http: to a site: section")
      return
    }
    if MenuText.isRefused(http), checker.isFirst("site.http in a menu") {
      checker.error(
        "iPXE would expand a part of site.http, \(quoted(http))", at: named.location,
        help: "write the address itself in site:")
    }
  }
}
