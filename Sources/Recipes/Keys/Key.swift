/// What a key's value may be: how it is read, and how the JSON Schema says so.
struct ValueType<Value: Sendable>: Sendable {
  /// For people and the schema: "a URL", "true or false".
  let name: String
  let schema: JSON
  /// Reads a value; nil after a diagnostic.
  let read: @Sendable (LocatedValue, inout Checker) -> Value?
}

/// One key of a record, with the type of its value.
struct Key<Value: Sendable>: Sendable {
  let name: String
  let type: ValueType<Value>
  let isRequired: Bool
  /// One sentence, for the schema; the pages of the reference say more.
  let summary: String

  init(_ name: String, _ type: ValueType<Value>, isRequired: Bool = false, _ summary: String) {
    self.name = name
    self.type = type
    self.isRequired = isRequired
    self.summary = summary
  }

  /// The key without the type of its value, for lists of keys.
  var description: KeyDescription {
    let read = type.read
    return KeyDescription(
      name: name, summary: summary, isRequired: isRequired, schema: type.schema,
      read: { value, checker in read(value, &checker) })
  }
}

/// A key of any type.
struct KeyDescription: Sendable {
  let name: String
  let summary: String
  let isRequired: Bool
  let schema: JSON
  let read: @Sendable (LocatedValue, inout Checker) -> (any Sendable)?
}

/// A mapping with known keys: a target of one rule, a kind of source, `site:`.
struct RecordDescription: Sendable {
  let keys: [KeyDescription]

  /// Reads a mapping: unknown keys, missing keys and wrong values become diagnostics. `owner` is what
  /// messages call it (`target "undionly.kpxe"`).
  func read(
    _ mapping: LocatedMapping, owner: String, at place: SourceLocation, _ checker: inout Checker
  )
    -> Record
  {
    var record = Record(owner: owner, location: place)
    for (key, value) in mapping.entries {
      guard let description = keys.first(where: { $0.name == key.text }) else {
        checker.error(
          "unknown key \(quoted(key.text)) in \(owner)", at: key.location,
          help: checker.help(for: key.text, among: keys.map(\.name), listing: "known keys"))
        continue
      }
      if case .scalar(let scalar) = value, scalar.isNull {
        checker.error(
          "key \(quoted(key.text)) of \(owner) has no value", at: key.location,
          help: "give it a value or remove it")
        record.markBroken(description.name)
        continue
      }
      if let result = description.read(value, &checker) {
        record.set(description.name, to: result, key: key.location, written: value)
      } else {
        record.markBroken(description.name)
      }
    }
    for key in keys where key.isRequired && !record.isWritten(key.name) {
      checker.error(
        "\(owner) lacks the key \(quoted(key.name))", at: place,
        help: "\(key.name): \(key.summary)")
    }
    return record
  }

  /// The schema of the record as an object that takes nothing else.
  var schema: JSON {
    let properties = keys.map { ($0.name, $0.schema.described($0.summary)) }
    var parts: [(String, JSON)] = [("type", "object"), ("properties", .object(properties))]
    let required = keys.filter(\.isRequired).map { JSON.string($0.name) }
    if !required.isEmpty { parts.append(("required", .array(required))) }
    parts.append(("additionalProperties", false))
    return .object(parts)
  }
}

/// The values of a record that could be read.
struct Record: Sendable {
  let owner: String
  let location: SourceLocation
  // A record has a handful of keys: searching an array beats hashing.
  private var entries: [Entry] = []
  private var broken: [String] = []

  private struct Entry {
    let name: String
    let value: any Sendable
    let key: SourceLocation
    let written: LocatedValue
  }

  init(owner: String, location: SourceLocation) {
    self.owner = owner
    self.location = location
  }

  private func entry(_ name: String) -> Entry? { entries.first { $0.name == name } }

  subscript<Value>(key: Key<Value>) -> Value? { entry(key.name)?.value as? Value }

  /// The values of a type, whatever their keys, those in lists too.
  func values<Value>(of type: Value.Type) -> [Value] {
    entries.flatMap { entry in
      (entry.value as? Value).map { [$0] } ?? entry.value as? [Value] ?? []
    }
  }

  /// Where a key's value stands; the record itself when the key was not written.
  func location<Value>(_ key: Key<Value>) -> SourceLocation {
    entry(key.name)?.written.location ?? location
  }

  /// Where a key itself stands.
  func keyLocation<Value>(_ key: Key<Value>) -> SourceLocation {
    entry(key.name)?.key ?? location
  }

  /// A key's value as it was written.
  func written<Value>(_ key: Key<Value>) -> LocatedValue? { entry(key.name)?.written }

  /// True when the key was written, even if its value could not be read.
  func isWritten(_ name: String) -> Bool { entry(name) != nil || broken.contains(name) }

  /// - Precondition: the key has no value yet (a mapping holds no key twice).
  mutating func set(
    _ name: String, to value: any Sendable, key: SourceLocation, written: LocatedValue
  ) {
    entries.append(Entry(name: name, value: value, key: key, written: written))
  }

  mutating func markBroken(_ name: String) { broken.append(name) }

  /// True when every value that was written could be read.
  var isComplete: Bool { broken.isEmpty }
}
