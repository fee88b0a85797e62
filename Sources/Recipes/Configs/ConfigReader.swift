/// Reads one entry of `configs:`.
enum ConfigReader {
  static func read(_ name: Scalar, _ value: LocatedValue, _ checker: inout Checker) -> Config? {
    if let problem = TargetPath.problem(with: name.text) {
      checker.error(
        "\(quoted(name.text)) cannot be a config: \(problem)", at: name.location,
        help: "a config's name is its path in the folder for configs, like dhcpd.conf")
      return nil
    }
    if name.text.utf8.contains(UInt8(ascii: "{")), name.text.contains("{{") {
      checker.error(
        "names of configs are not substituted", at: name.location, help: "write the name itself")
      return nil
    }
    let owner = "config \(quoted(name.text))"
    guard case .mapping(let mapping) = value else {
      checker.error(
        "\(owner) must be a mapping, found \(value.kindName)", at: value.location,
        help: "write \(name.text): {KIND: SERVER} with one of the kinds \(kindNames)")
      return nil
    }
    guard let kind = kind(of: mapping, owner, name, &checker) else { return nil }
    let record = kind.record.read(mapping, owner: owner, at: name.location, &checker)
    return Config(path: name.text, location: name.location, kind: kind, values: record)
  }

  private static var kindNames: String { ConfigKind.all.map(\.name).joined(separator: ", ") }

  private static func kind(
    of mapping: LocatedMapping, _ owner: String, _ name: Scalar, _ checker: inout Checker
  ) -> ConfigKind? {
    let found = mapping.entries.compactMap { key, _ in
      ConfigKind.byName[key.text].map { (kind: $0, key: key) }
    }
    if found.count > 1 {
      checker.error(
        "\(owner) is of two kinds, \(found[0].kind.name) and \(found[1].kind.name)",
        at: found[1].key.location, help: "write a config for each")
      return nil
    }
    if let found = found.first { return found.kind }
    for (key, _) in mapping.entries {
      guard let near = nearest(to: key.text, among: ConfigKind.byName.keys) else { continue }
      checker.error(
        "unknown kind \(quoted(key.text)) of \(owner)", at: key.location,
        help: "did you mean \(quoted(near))?")
      return nil
    }
    checker.error(
      "\(owner) does not say for which server it is", at: name.location,
      help: "give it one of the keys \(kindNames)")
    return nil
  }
}

extension ValueType where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
  /// One word of a list.
  ///
  /// - Parameter name: What each of them is: "a DHCP server".
  static func word(_ name: String) -> ValueType {
    let words = Value.allCases.map(\.rawValue)
    return .scalar(name, schema: textSchema(pattern: words.joined(separator: "|"))) {
      text, scalar, checker in
      if let value = Value(rawValue: text) { return value }
      checker.error(
        "expected \(name), found \(quoted(text))", at: scalar.location,
        help: checker.help(for: text, among: words, listing: "known words")
          ?? "known words: \(words.joined(separator: ", "))")
      return nil
    }
  }
}
