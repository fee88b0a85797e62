/// Reads one entry of `sources:`.
enum SourceReader {
  static func read(_ name: Scalar, _ value: LocatedValue, _ checker: inout Checker) -> Source? {
    let owner = "source \(quoted(name.text))"
    guard isVariableName(name.text) else {
      checker.error(
        "the name of a source has letters, digits, \"-\" and \"_\" only", at: name.location)
      return nil
    }
    guard case .mapping(let mapping) = value else {
      checker.error(
        "\(owner) must be a mapping, found \(value.kindName)", at: value.location,
        help: "write \(name.text): {git: URL, tag: NAME}")
      return nil
    }
    let kinds = SourceKind.all.filter { kind in mapping[kind.name] != nil }
    guard let kind = kinds.first, kinds.count == 1 else {
      unclear(kinds, mapping, owner, name, &checker)
      return nil
    }
    let record = kind.record.read(mapping, owner: owner, at: name.location, &checker)
    guard let made = kind.make(record, &checker) else { return nil }
    return Source(
      name: name.text, kind: made, prebuiltPackage: record[SourceKeys.prebuilt],
      location: name.location)
  }

  private static func unclear(
    _ kinds: [SourceKind], _ mapping: LocatedMapping, _ owner: String, _ name: Scalar,
    _ checker: inout Checker
  ) {
    let names = SourceKind.all.map(\.name)
    if kinds.count > 1, let second = mapping[kinds[1].name] {
      checker.error(
        "\(owner) is of two kinds, \(kinds[0].name) and \(kinds[1].name)", at: second.key.location,
        help: "keep one of the two keys")
      return
    }
    for (key, _) in mapping.entries {
      guard let near = nearest(to: key.text, among: names) else { continue }
      checker.error(
        "unknown kind of source \(quoted(key.text))", at: key.location,
        help: "did you mean \(quoted(near))?")
      return
    }
    checker.error(
      "\(owner) does not say what it is", at: name.location,
      help: "give it one of the keys \(names.joined(separator: ", "))")
  }
}
