import BuildEngine

// The objects that `--json` prints, one a line. docs/json.md describes every field; a test compares
// its examples with what this file writes.

extension BuildError {
  var json: JSON {
    .object([
      "kind": .string(kind.word),
      "message": .string(message),
      "origin": origin.map(JSON.string),
      "reason": reason.map(JSON.string),
      "advice": advice.map(JSON.string),
      "outputTail": outputTail.isEmpty ? nil : .array(outputTail.map(JSON.string)),
      "logPath": logPath.map(JSON.string),
    ])
  }
}

extension BuildError.Kind {
  fileprivate var word: String {
    switch self {
    case .failed: "failed"
    case .unreachable: "unreachable"
    case .recipe: "recipe"
    case .cannotWrite: "cannot-write"
    case .noPermission: "no-permission"
    case .cancelled: "cancelled"
    }
  }
}

extension StoredArtifact {
  var json: JSON {
    switch self {
    case .file(let digest, let executable):
      .object([
        "type": .string("file"), "sha256": .string(digest.hex), "size": .integer(digest.size),
        "executable": .bool(executable),
      ])
    case .directory(let digest):
      .object(["type": .string("directory"), "sha256": .string(digest.hex)])
    case .symlink(let target):
      .object(["type": .string("symlink"), "target": .string(target)])
    }
  }
}

extension TargetOutcome {
  /// The members that say what became of the target, after its name.
  fileprivate var stateMembers: [JSON.Member] {
    let pairs: KeyValuePairs<String, JSON>
    switch state {
    case .built(let artifact):
      pairs = [
        "state": .string("built"), "compiled": .bool(isCompiled), "artifact": artifact.json,
      ]
    case .prebuilt(let artifact, let version, let because, let limitation):
      pairs = [
        "state": .string("prebuilt"), "artifact": artifact.json, "version": .string(version),
        "because": .string(because), "limitation": limitation.map(JSON.string) ?? .null,
      ]
    case .skipped(let because): pairs = ["state": .string("skipped"), "because": .string(because)]
    case .failed(let error): pairs = ["state": .string("failed"), "error": error.json]
    case .notReached: pairs = ["state": .string("not-reached")]
    }
    return pairs.map { JSON.Member(name: $0.key, value: $0.value) }
  }

  /// The object without its event name, for the list in a summary.
  var json: JSON {
    .members(
      [
        .init(name: "target", value: .string(path)), .init(name: "rule", value: .string(rule)),
      ] + stateMembers)
  }
}

extension BuildEvent {
  /// The event as one object; `time` is in seconds since the build began.
  func json(at time: Double) -> JSON {
    switch self {
    case .wanted(let actions):
      return .object([
        "event": .string("wanted"), "time": .seconds(time), "actions": .integer(Int64(actions)),
      ])
    case .actionStarted(let id, let name):
      return .object([
        "event": .string("action-started"), "time": .seconds(time),
        "action": .integer(Int64(id.index)), "name": .string(name),
      ])
    case .actionProgress(let id, let progress):
      return .object([
        "event": .string("action-progress"), "time": .seconds(time),
        "action": .integer(Int64(id.index)), "done": .integer(progress.done),
        "total": progress.total.map(JSON.integer) ?? .null,
        "unit": .string(progress.unit.rawValue),
      ])
    case .actionNote(let id, let note):
      return .object([
        "event": .string("action-note"), "time": .seconds(time),
        "action": .integer(Int64(id.index)), "note": .string(note),
      ])
    case .actionFinished(let id, let name, let outcome, let seconds):
      let word: String
      var failure: BuildError?
      switch outcome {
      case .executed: word = "executed"
      case .cached: word = "cached"
      case .failed(let error): (word, failure) = ("failed", error)
      }
      return .object([
        "event": .string("action-finished"), "time": .seconds(time),
        "action": .integer(Int64(id.index)), "name": .string(name), "outcome": .string(word),
        "seconds": .seconds(seconds), "error": failure?.json,
      ])
    case .targetFinished(let outcome):
      guard case .members(let members) = outcome.json else { return outcome.json }
      return .members(
        [
          .init(name: "event", value: .string("target-finished")),
          .init(name: "time", value: .seconds(time)),
        ] + members)
    }
  }
}
