import BuildEngine
import SystemPackage

/// Why a target would be made or placed anew: what `why` prints.
struct Explanation: Sendable {
  struct Difference: Sendable, Equatable {
    var fact: String
    /// Nil for what was not there.
    var old: String?
    var new: String?
  }

  /// Why an action would run.
  enum Cause: Sendable, Equatable {
    case neverBuilt
    /// The key is that of the last build.
    case resultIsGone
    /// The key is another one, and the messages behind the old one are no longer stored.
    case oldKeyIsGone
    case changed([Difference])
  }

  struct Step: Sendable {
    var name: String
    var state: Forecast.State
    var key: Digest?
    /// Only for an action that would run.
    var cause: Cause?
  }

  /// What would become of the target's files in the tree.
  struct Placement: Sendable {
    var changes: TreeChanges
    /// Of a text file of the target: the lines that leave and come, "- old", "+ new".
    var lines: [String]
  }

  var target: String
  var steps: [Step]
  /// Nil while it is not known what the target will consist of.
  var placement: Placement?
}

extension Explanation {
  /// The explanation for people.
  var lines: [String] {
    var result = steps.flatMap { $0.lines }
    guard let placement else { return result }
    let name = target.printable
    let count = placement.changes.placed.count
    if count == 0 {
      if steps.isEmpty { result.append("\(name): in the tree as the recipe says") }
    } else {
      let files = placement.changes.placed == [target] ? "" : ": \(countText(count, "file"))"
      result.append(
        "\(name): would be placed\(files), "
          + (placement.lines.isEmpty
            ? "the tree lacks it or has it otherwise" : "its text is not the one in the tree"))
      result += placement.lines.map { "    \($0)".printable }
    }
    return result
  }

  var json: JSON {
    .object([
      "target": .string(target), "actions": .array(steps.map(\.json)),
      "place": placement.map { .array($0.changes.placed.map(JSON.string)) } ?? .null,
    ])
  }
}

extension Explanation.Step {
  fileprivate var lines: [String] {
    let name = name.printable
    switch state {
    case .cached: return ["\(name): cached"]
    case .alwaysRuns: return ["\(name): runs at every build, it asks the outside world"]
    case .unknown(let names):
      return [
        "\(name): not known before these have run: \(names.joined(separator: ", ").printable)"
      ]
    case .wouldRun: break
    }
    switch cause {
    case nil: return ["\(name): would run"]
    case .neverBuilt: return ["\(name): would run, it was never built here"]
    case .resultIsGone: return ["\(name): would run, its result is no longer in the cache"]
    case .oldKeyIsGone:
      return ["\(name): would run, its key has changed; the old one is no longer in the cache"]
    case .changed(let differences):
      return ["\(name): would run, because these have changed since the last build"]
        + differences.map {
          "    \($0.fact): \($0.old ?? "nothing") -> \($0.new ?? "nothing")".printable
        }
    }
  }

  fileprivate var json: JSON {
    let word: String? =
      switch cause {
      case nil: nil
      case .neverBuilt: "never-built"
      case .resultIsGone: "result-is-gone"
      case .oldKeyIsGone: "old-key-is-gone"
      case .changed: "changed"
      }
    var differences: JSON?
    if case .changed(let all) = cause {
      differences = .array(
        all.map {
          .object([
            "fact": .string($0.fact), "old": $0.old.map(JSON.string) ?? .null,
            "new": $0.new.map(JSON.string) ?? .null,
          ])
        })
    }
    return .object([
      "name": .string(name), "state": .string(state.word),
      "waitingFor": state.waitingFor.map { .array($0.map(JSON.string)) },
      "key": key.map { .string($0.hex) }, "cause": word.map(JSON.string),
      "differences": differences,
    ])
  }
}

extension Forecast.State {
  /// As in docs/json.md.
  var word: String {
    switch self {
    case .cached: "cached"
    case .wouldRun: "would-run"
    case .alwaysRuns: "always-runs"
    case .unknown: "unknown"
    }
  }

  var waitingFor: [String]? {
    if case .unknown(let names) = self { names } else { nil }
  }
}
