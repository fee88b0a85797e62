/// The JSON Schema of a recipe file, for editors.
public enum RecipeSchema {
  /// The schema (draft 2020-12) as text, made from the same descriptions that read recipes.
  public static var json: String { schema.serialised() + "\n" }

  static var schema: JSON {
    [
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "pxebuild recipe",
      "type": ["object", "null"],
      "properties": .object(RecipeLoader.sections.map { ($0.name, section($0.name, $0.summary)) }),
      "additionalProperties": false,
    ]
  }

  private static func section(_ name: String, _ summary: String) -> JSON {
    switch name {
    case "site": SiteKeys.record.schema.orNull.described(summary)
    case "sources":
      entries("^[A-Za-z0-9_-]+$", SourceKind.all.map { ($0.record, $0.name) }).described(summary)
    case "known-bugs":
      entries("^.+$", [(KnownBugKeys.record, "A known bug.")]).described(summary)
    case "configs":
      entries(targetPattern, ConfigKind.all.map { ($0.record, $0.summary) }).described(summary)
    default: entries(targetPattern, Rule.all.map { ($0.record, $0.summary) }).described(summary)
    }
  }

  /// No component is empty, "." or "..", and no character is a control character.
  private static let targetPattern =
    "^(?!(.*/)?\\.{0,2}(/|$))[^\\x00-\\x1f\\x7f]+$"

  /// A mapping of names to one of several records.
  private static func entries(
    _ names: String, _ records: [(record: RecordDescription, summary: String)]
  ) -> JSON {
    let choices = records.map { $0.record.schema.described($0.summary) }
    return [
      "type": ["object", "null"], "propertyNames": ["pattern": .string(names)],
      "additionalProperties": ["oneOf": .array(choices)],
    ]
  }
}

extension JSON {
  /// An object's schema that also takes nothing, as an empty YAML section is.
  fileprivate var orNull: JSON {
    guard case .object(let members) = self else { return self }
    return .object(members.map { $0.0 == "type" ? ("type", ["object", "null"]) : $0 })
  }
}
