import Testing

@testable import Recipes

@Suite struct SchemaTests {
  /// The member of an object by name.
  private func member(_ name: String, of json: JSON?) -> JSON? {
    guard case .object(let members)? = json else { return nil }
    return members.first { $0.0 == name }?.1
  }

  private func names(_ json: JSON?) -> [String] {
    guard case .object(let members)? = json else { return [] }
    return members.map(\.0)
  }

  private func texts(_ json: JSON?) -> [String] {
    guard case .array(let elements)? = json else { return [] }
    return elements.map { if case .string(let text) = $0 { text } else { "?" } }
  }

  private func choices(of section: String) -> [JSON] {
    let entries = member(
      "additionalProperties", of: member(section, of: member("properties", of: RecipeSchema.schema))
    )
    guard case .array(let elements)? = member("oneOf", of: entries) else { return [] }
    return elements
  }

  @Test("The schema has every rule with every key, and no other")
  func rules() {
    let found = choices(of: "targets").map { names(member("properties", of: $0)) }
    #expect(found == Rule.all.map { $0.record.keys.map(\.name) })
    let required = choices(of: "targets").map { texts(member("required", of: $0)) }
    #expect(required == Rule.all.map { $0.record.keys.filter(\.isRequired).map(\.name) })
    #expect(
      choices(of: "configs").map { names(member("properties", of: $0)) }
        == ConfigKind.all.map { $0.record.keys.map(\.name) })
    for choice in choices(of: "targets") + choices(of: "sources") + choices(of: "configs") {
      guard case .bool(false)? = member("additionalProperties", of: choice) else {
        Issue.record("a record takes unknown keys")
        continue
      }
      #expect(!texts(member("required", of: choice)).isEmpty)
    }
  }

  @Test("The schema has every kind of source and every key of the site")
  func others() {
    #expect(
      choices(of: "sources").map { names(member("properties", of: $0)) }
        == SourceKind.all.map { $0.record.keys.map(\.name) })
    let properties = member("properties", of: RecipeSchema.schema)
    #expect(names(properties) == RecipeLoader.sections.map(\.name))
    #expect(
      names(member("properties", of: member("site", of: properties)))
        == SiteKeys.record.keys.map(\.name))
  }

  @Test(
    "The schema knows which names can be targets",
    arguments: [
      "a": true, "a/b.c": true, ".a": true, "...": true, "a b": true, "é/日本": true, "": false,
      "/a": false, "a/": false, "a//b": false, ".": false, "./a": false, "a/./b": false,
      "..": false, "a/..": false, "../a": false, "a\nb": false, "a\u{7f}": false,
    ])
  func targetNames(_ name: String, _ isGood: Bool) throws {
    let targets = member("targets", of: member("properties", of: RecipeSchema.schema))
    guard case .string(let pattern)? = member("pattern", of: member("propertyNames", of: targets))
    else {
      Issue.record("no pattern")
      return
    }
    #expect(name.contains(try Regex(pattern)) == isGood)
    #expect((TargetPath.problem(with: name) == nil) == isGood)
  }

  @Test("Every key says in one sentence what it is")
  func summaries() {
    let records =
      Rule.all.map(\.record) + SourceKind.all.map(\.record) + ConfigKind.all.map(\.record)
      + [SiteKeys.record, SiteKeys.networkRecord, HostKeys.record, KnownBugKeys.record]
      + [SigningKeys.record, SigningKeys.bootRecord]
    for key in records.flatMap(\.keys) {
      #expect(key.summary.hasSuffix("."), "\(key.name)")
      #expect(key.summary.count > 10, "\(key.name)")
    }
  }

  @Test("A key that bears another rule's name leaves no doubt which of the two the target has")
  func noConflict() {
    for rule in Rule.all {
      for key in rule.record.keys.dropFirst() {
        let keys = Rule.byName[key.name]?.record.keys.map(\.name) ?? []
        #expect(!keys.contains(rule.name), "\(rule.name): \(key.name)")
      }
      #expect(Set(rule.record.keys.map(\.name)).count == rule.record.keys.count)
    }
  }

  @Test("A kind's keys never bear another kind's name, which would make two kinds of one config")
  func noConflictOfKinds() {
    for kind in ConfigKind.all {
      for key in kind.record.keys.dropFirst() {
        #expect(ConfigKind.byName[key.name] == nil, "\(kind.name): \(key.name)")
      }
      #expect(Set(kind.record.keys.map(\.name)).count == kind.record.keys.count)
      #expect(kind.record.keys.first?.isRequired == true)
    }
  }

  @Test("Every kind of config has a fixture of bad values, and every file of Kinds/ is in the list")
  func kinds() throws {
    for kind in ConfigKind.all { #expect(FixtureTests.cases.contains("config-\(kind.name)")) }
    let names = try LocalFile.names(in: "\(repository)/Sources/Recipes/Configs/Kinds").get()
    let files = names.filter { $0.hasSuffix("Kind.swift") }
    let expected = ConfigKind.all.map { "\($0.name)kind.swift" }
    #expect(files.map { $0.lowercased() }.sorted() == expected.sorted())
  }

  @Test("Every rule has a fixture of bad values")
  func fixtures() {
    for rule in Rule.all { #expect(FixtureTests.cases.contains("rule-\(rule.name)")) }
  }

  @Test("Every file of Rules/ is in the list of rules")
  func listed() throws {
    let names = try LocalFile.names(in: "\(repository)/Sources/Recipes/Rules").get()
    let files = names.filter { $0.hasSuffix("Rule.swift") && $0 != "Rule.swift" }
    let expected = Rule.all.map { "\($0.name)rule.swift" }
    #expect(files.map { $0.lowercased() }.sorted() == expected.sorted())
  }
}
