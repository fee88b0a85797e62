import BuildEngine

/// Which targets differ between two manifests, and why as far as those tell.
struct ManifestDifference: Sendable {
  struct Change: Sendable, Equatable {
    enum Kind: String, CaseIterable, Sendable { case added, removed, changed }
    var kind: Kind
    var target: String
    /// A line each; empty for a target that came or went.
    var reasons: [String] = []
    /// Of a target of many files: which of them.
    var files: [String] = []
  }

  let changes: [Change]

  init(from old: Manifest, to new: Manifest) {
    let (old, new) = (old.withoutRecords, new.withoutRecords)
    let before = Dictionary(old.targets.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
    let after = Dictionary(new.targets.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
    changes = Set(before.keys).union(after.keys).sorted().compactMap { path in
      switch (before[path], after[path]) {
      case (nil, _?): return Change(kind: .added, target: path)
      case (_?, nil): return Change(kind: .removed, target: path)
      case (let one?, let other?) where one.files != other.files || one.state != other.state:
        return Change(
          kind: .changed, target: path,
          reasons: Self.reasons(one, old.facts, other, new.facts), files: Self.files(one, other))
      default: return nil
      }
    }
  }

  /// The files of a target that differ, where it has more than one.
  private static func files(_ one: Manifest.Target, _ other: Manifest.Target) -> [String] {
    guard one.files.count > 1 || other.files.count > 1 else { return [] }
    let before = Dictionary(one.files.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
    let after = Dictionary(other.files.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
    return Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.sorted()
  }

  private static func reasons(
    _ one: Manifest.Target, _ before: ManifestFacts, _ other: Manifest.Target,
    _ after: ManifestFacts
  ) -> [String] {
    var reasons: [String] = []
    if one.rule == SiteSigning.rule, other.rule == SiteSigning.rule {
      return ["signed anew: what it signs has changed, or the certificate"]
    }
    if one.state != other.state {
      reasons.append("\(one.state.words) then, \(other.state.words) now")
    } else if one.version != other.version {
      reasons.append("version \(one.version ?? "none"), now \(other.version ?? "none")")
    }
    if one.rule != other.rule { reasons.append("made by \(one.rule), now by \(other.rule)") }
    // A manifest of an older pxebuild says nothing of sources and tools.
    guard let sources = one.sources, let newSources = other.sources, let tools = one.tools,
      let newTools = other.tools
    else { return reasons + ["what it was made from was not recorded"] }
    reasons += compare(
      "source", sources.compactMap { before.sources[$0] }.map { ($0.name, $0.identity) },
      newSources.compactMap { after.sources[$0] }.map { ($0.name, $0.identity) })
    reasons += compare(
      "tool", tools.compactMap { before.tools[$0] }.map { ($0.name, $0.identity) },
      newTools.compactMap { after.tools[$0] }.map { ($0.name, $0.identity) })
    return reasons.isEmpty ? ["the recipe, or what the recipe names"] : reasons
  }

  private static func compare(
    _ noun: String, _ before: [(String, String)], _ after: [(String, String)]
  ) -> [String] {
    let old = Dictionary(before, uniquingKeysWith: { $1 })
    let new = Dictionary(after, uniquingKeysWith: { $1 })
    return Set(old.keys).union(new.keys).sorted().compactMap { name in
      switch (old[name], new[name]) {
      case (nil, let now?): "new \(noun) \(name): \(now)"
      case (_?, nil): "no more \(noun) \(name)"
      case (let then?, let now?): then == now ? nil : "\(noun) \(name): \(then), now \(now)"
      case (nil, nil): nil
      }
    }
  }

  /// For people.
  func lines(_ style: Style) -> [String] {
    let width = min(changes.map { $0.target.printable().columns }.max() ?? 0, 40)
    return changes.flatMap { change -> [String] in
      let paint: Style.Paint =
        change.kind == .changed ? .yellow : change.kind == .added ? .green : .red
      let head =
        "  " + style(paint, change.kind.rawValue.padded(toColumns: 7)) + "  "
        + change.target.printable().padded(toColumns: width)
      let shown = change.files.prefix(10).map { "           \($0.printable())" }
      let more =
        change.files.count > 10 ? ["           and \(change.files.count - 10) more files"] : []
      guard let first = change.reasons.first else {
        return [
          "  " + style(paint, change.kind.rawValue.padded(toColumns: 7)) + "  "
            + change.target.printable()
        ]
      }
      let indent = String(repeating: " ", count: 13 + width)
      return ["\(head)  \(first.printable())"]
        + change.reasons.dropFirst().map { indent + $0.printable() }
        + shown + more
    }
  }

  var json: JSON {
    .array(
      changes.map { change in
        .object([
          "target": .string(change.target), "change": .string(change.kind.rawValue),
          "reasons": .array(change.reasons.map(JSON.string)),
          "files": .array(change.files.map(JSON.string)),
        ])
      })
  }
}

extension Manifest.Source {
  /// What tells it from another of its name.
  fileprivate var identity: String {
    if let commit { return (reference.map { "\($0) " } ?? "") + commit.prefix(12) }
    return version ?? sha256.map { "sha256 \($0.prefix(12))…" } ?? "a folder"
  }
}

extension Manifest.Tool {
  fileprivate var identity: String {
    version.map { "\(package ?? name) \($0)" } ?? "sha256 \(sha256.prefix(12))…"
  }
}
