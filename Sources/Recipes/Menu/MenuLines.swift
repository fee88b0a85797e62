/// One entry of `items:`, as it was read.
struct MenuLine: Sendable {
  let kind: ItemKind
  let values: Record

  /// The line that the menu shows.
  var title: String {
    let key = kind.isTitled ? Key(kind.name, .menuText, "") : ItemKeys.title
    return values[key] ?? ""
  }

  var location: SourceLocation { values.location }
}

extension ValueType<[MenuLine]> {
  /// The list of a menu's entries, each of one of the kinds of `ItemKind`.
  static var menuLines: ValueType {
    let choices = ItemKind.all.map { $0.record.schema.described($0.summary) }
    let schema: JSON = ["type": "array", "items": ["oneOf": .array(choices)]]
    return ValueType(name: "a list of items", schema: schema) { value, checker in
      guard case .list(let elements, _) = value else {
        checker.error(
          "expected a list of items, found \(value.kindName)", at: value.location,
          help: "write items: [{shell: iPXE shell}]")
        return nil
      }
      let lines = elements.compactMap { MenuLineReader.read($0, &checker) }
      guard lines.count == elements.count else { return nil }
      if !lines.contains(where: { $0.kind.name != ItemKind.separator.name }) {
        checker.error("a menu needs an item that can be chosen", at: value.location)
        return nil
      }
      return lines
    }
  }
}

/// Reads one entry of `items:`.
private enum MenuLineReader {
  static func read(_ value: LocatedValue, _ checker: inout Checker) -> MenuLine? {
    guard case .mapping(let mapping) = value else {
      checker.error(
        "an item must be a mapping, found \(value.kindName)", at: value.location,
        help: "write it like {shell: iPXE shell}")
      return nil
    }
    guard let kind = kind(of: mapping, &checker) else { return nil }
    let owner = kind.name == ItemKind.separator.name ? "separator" : "\(kind.name) item"
    let place = mapping[kind.name]?.key.location ?? mapping.location
    let record = kind.record.read(mapping, owner: owner, at: place, &checker)
    guard record.isComplete else { return nil }
    let errors = checker.diagnostics.count
    kind.check(record, &checker)
    return checker.diagnostics.count == errors ? MenuLine(kind: kind, values: record) : nil
  }

  private static func kind(of mapping: LocatedMapping, _ checker: inout Checker) -> ItemKind? {
    // `kernel`, `initrd` and others are keys of several kinds; the names of kinds are keys of none.
    let found = ItemKind.all.filter { mapping[$0.name] != nil }
    if found.count == 1 { return found[0] }
    if found.count > 1, let second = mapping[found[1].name] {
      checker.error(
        "an item is of two kinds, \(found[0].name) and \(found[1].name)", at: second.key.location,
        help: "keep one of the two keys")
      return nil
    }
    let names = ItemKind.all.map(\.name)
    let common = Set(ItemKeys.common.map(\.name) + [ItemKeys.title.name])
    for (key, _) in mapping.entries where !common.contains(key.text) {
      guard let near = nearest(to: key.text, among: names) else { continue }
      checker.error(
        "unknown kind of item \(quoted(key.text))", at: key.location,
        help: "did you mean \(quoted(near))?")
      return nil
    }
    checker.error(
      "this item does not say what it is", at: mapping.location,
      help: "give it one of the keys \(names.joined(separator: ", "))")
    return nil
  }
}

/// A menu's items with their names: those that a person gave, and for the others the name of the kind, with
/// a number from the second on.
struct NamedLines {
  let names: [String?]

  init(_ lines: [MenuLine]) {
    var taken = Set(lines.compactMap { $0.values[ItemKeys.name] })
    names = lines.map { line in
      if line.kind.name == ItemKind.separator.name { return nil }
      if let written = line.values[ItemKeys.name] { return written }
      var name = line.kind.name
      var number = 2
      while !taken.insert(name).inserted {
        name = "\(line.kind.name)-\(number)"
        number += 1
      }
      return name
    }
  }
}
