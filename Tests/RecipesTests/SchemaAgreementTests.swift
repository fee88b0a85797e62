import Testing

@testable import Recipes

/// The schema and the reader judge the same recipes alike, as far as a schema can tell: it knows
/// nothing of other files, references and cycles.
@Suite struct SchemaAgreementTests {
  private func files(in folder: String) throws -> [(name: String, value: LocatedValue)] {
    let names = try LocalFile.names(in: folder).get().filter {
      !$0.hasPrefix(".") && ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml"))
    }
    return try names.compactMap { name in
      let bytes = try LocalFile.read("\(folder)/\(name)").get()
      var reader = YAMLReader(try SourceFile.decode(bytes, name: name, folder: folder))
      return reader.read().map { (name, $0) }
    }
  }

  @Test("The shipped recipes are valid")
  func shipped() throws {
    let files = try files(in: "\(repository)/recipes")
    #expect(files.count >= 3)
    for (name, value) in files {
      #expect(SchemaJudge.problem(of: value, in: RecipeSchema.schema) == nil, "\(name)")
    }
  }

  @Test(
    "Recipes that a reader of one file refuses are invalid",
    arguments: [
      "unknown-key", "unknown-rule", "wrong-type", "network-without-subnet", "target-path",
    ])
  func refused(_ fixture: String) throws {
    // A range without its subnet is a rule between two keys, which the schema leaves to the reader.
    let isKnown = fixture != "network-without-subnet"
    for (name, value) in try files(in: "\(FixtureTests.root)/\(fixture)") {
      let problem = SchemaJudge.problem(of: value, in: RecipeSchema.schema)
      #expect((problem != nil) == isKnown, "\(fixture)/\(name)")
    }
  }

  @Test("Each entry with a wrong value is invalid by itself")
  func eachEntry() throws {
    // What the schema cannot say: which of three keys must stand, and forms left to the reader.
    let beyond: Set = ["ipxe", "three", "h"]
    let entries = try files(in: "\(FixtureTests.root)/wrong-type").flatMap { _, value in
      guard case .mapping(let root) = value else { return [(String, String, LocatedValue)]() }
      return ["sources", "targets"].flatMap { section -> [(String, String, LocatedValue)] in
        guard case .mapping(let entries)? = root[section]?.value else { return [] }
        return entries.entries.map { (section, $0.key.text, $0.value) }
      }
    }
    #expect(entries.count > 10)
    for (section, name, value) in entries where !beyond.contains(name) {
      let root = LocatedMapping(entries: [], location: value.location)
      var inner = root
      inner.entries = [(Scalar(text: name, style: .plain, location: value.location), value)]
      var outer = root
      outer.entries = [
        (Scalar(text: section, style: .plain, location: value.location), .mapping(inner))
      ]
      let problem = SchemaJudge.problem(of: .mapping(outer), in: RecipeSchema.schema)
      #expect(problem != nil, "\(section).\(name)")
    }
  }

  @Test("The schema uses only keywords that this test understands")
  func keywords() { #expect(SchemaJudge.unknownKeywords(in: RecipeSchema.schema) == []) }
}

/// The part of JSON Schema 2020-12 that our schema uses, applied to YAML values as an editor types
/// them.
enum SchemaJudge {
  private static let keywords: Set = [
    "$schema", "title", "description", "type", "properties", "required", "additionalProperties",
    "propertyNames", "pattern", "anyOf", "oneOf", "items", "minItems", "maxItems",
  ]

  static func unknownKeywords(in schema: JSON) -> [String] {
    guard case .object(let members) = schema else { return [] }
    return members.flatMap { name, value -> [String] in
      if name == "properties", case .object(let properties) = value {
        return properties.flatMap { unknownKeywords(in: $0.1) }
      }
      let inner: [JSON]
      if case .array(let elements) = value { inner = elements } else { inner = [value] }
      return (keywords.contains(name) ? [] : [name]) + inner.flatMap(unknownKeywords)
    }
  }

  /// Why a value is invalid, or nil.
  static func problem(of value: LocatedValue, in schema: JSON) -> String? {
    guard case .object(let members) = schema else { return nil }
    let parts = Dictionary(members.map { ($0.0, $0.1) }, uniquingKeysWith: { one, _ in one })
    if let type = parts["type"], !allows(type, value) { return "type at \(value.location)" }
    if case .array(let choices)? = parts["anyOf"],
      !choices.contains(where: { problem(of: value, in: $0) == nil })
    {
      return "anyOf at \(value.location)"
    }
    if case .array(let choices)? = parts["oneOf"],
      choices.filter({ problem(of: value, in: $0) == nil }).count != 1
    {
      return "oneOf at \(value.location)"
    }
    switch value {
    case .scalar(let scalar): return problem(of: scalar, parts)
    case .list(let elements, _):
      if case .number(let least)? = parts["minItems"], elements.count < least { return "minItems" }
      if case .number(let most)? = parts["maxItems"], elements.count > most { return "maxItems" }
      guard let items = parts["items"] else { return nil }
      return elements.lazy.compactMap { problem(of: $0, in: items) }.first
    case .mapping(let mapping): return problem(of: mapping, parts)
    }
  }

  private static func problem(of scalar: Scalar, _ parts: [String: JSON]) -> String? {
    guard case .string(let pattern)? = parts["pattern"], types(of: scalar).contains("string")
    else { return nil }
    guard let regex = try? Regex(pattern) else { return "not a pattern: \(pattern)" }
    return scalar.text.contains(regex) ? nil : "pattern at \(scalar.location)"
  }

  private static func problem(of mapping: LocatedMapping, _ parts: [String: JSON]) -> String? {
    if case .array(let names)? = parts["required"] {
      for case .string(let name) in names where mapping[name] == nil { return "lacks \(name)" }
    }
    var properties: [String: JSON] = [:]
    if case .object(let members)? = parts["properties"] {
      properties = Dictionary(members.map { ($0.0, $0.1) }, uniquingKeysWith: { one, _ in one })
    }
    for (key, value) in mapping.entries {
      if let names = parts["propertyNames"],
        let found = problem(
          of: .scalar(Scalar(text: key.text, style: .quoted, location: key.location)), in: names)
      {
        return found
      }
      if let schema = properties[key.text] {
        if let found = problem(of: value, in: schema) { return found }
      } else if case .bool(false)? = parts["additionalProperties"] {
        return "unknown key at \(key.location)"
      } else if let schema = parts["additionalProperties"],
        let found = problem(of: value, in: schema)
      {
        return found
      }
    }
    return nil
  }

  private static func allows(_ type: JSON, _ value: LocatedValue) -> Bool {
    let found: Set<String>
    switch value {
    case .scalar(let scalar): found = types(of: scalar)
    case .list: found = ["array"]
    case .mapping: found = ["object"]
    }
    switch type {
    case .string(let name): return found.contains(name)
    case .array(let names):
      return names.contains {
        if case .string(let name) = $0 { found.contains(name) } else { false }
      }
    default: return true
    }
  }

  private static func types(of scalar: Scalar) -> Set<String> {
    if scalar.isNull { return ["null"] }
    guard scalar.style == .plain else { return ["string"] }
    if ["true", "false"].contains(scalar.text) { return ["boolean"] }
    if Int(scalar.text) != nil { return ["integer", "number"] }
    return Double(scalar.text) != nil ? ["number"] : ["string"]
  }
}
