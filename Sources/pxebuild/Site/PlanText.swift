import BuildEngine
import Recipes

extension Plan {
  /// The plan as lines for people: each target with the actions behind it.
  var lines: [String] {
    var lines: [String] = []
    for target in targets {
      lines.append("\(target.path.printable)  (\(target.rule.name), \(target.origin))")
      for id in actions(behind: target.artifact) {
        lines.append("    \(self[id].name.printable)")
      }
    }
    return lines
  }

  /// The graph in the DOT language, for Graphviz.
  var dot: [String] {
    var lines = ["digraph pxebuild {", "  rankdir=LR;", "  node [shape=box];"]
    for (index, action) in actions.enumerated() {
      lines.append("  a\(index) [label=\(dotText(action.name))];")
      for case .output(let source, _) in action.inputs.values.sorted(by: { "\($0)" < "\($1)" }) {
        lines.append("  a\(source.index) -> a\(index);")
      }
    }
    for (index, target) in targets.enumerated() {
      lines.append("  t\(index) [label=\(dotText(target.path)), style=bold];")
      if case .output(let id, _) = target.artifact { lines.append("  a\(id.index) -> t\(index);") }
    }
    return lines + ["}"]
  }

  private func dotText(_ text: String) -> String {
    let escaped = text.printable.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return "\"\(escaped)\""
  }

  /// The graph as one JSON value (docs/json.md), with the configs, which have no actions.
  func json(_ configs: [Config]) -> JSON {
    .object([
      "actions": .array(actions.enumerated().map { json(ActionID(index: $0), $1) }),
      "targets": .array(
        targets.map { target in
          .object([
            "path": .string(target.path), "rule": .string(target.rule.name),
            "origin": .string(target.origin), "from": json(target.artifact),
          ])
        }),
      "configs": .array(
        configs.map {
          .object([
            "path": .string($0.path), "kind": .string($0.kindName),
            "origin": .string("\($0.location)"),
          ])
        }),
    ])
  }

  private func json(_ id: ActionID, _ action: PlannedAction) -> JSON {
    .object([
      "id": .integer(Int64(id.index)), "name": .string(action.name),
      "rule": .string("\(action.rule.name)@\(action.rule.version)"),
      "step": .string(action.operation.name), "origin": .string(action.origin),
      "cacheable": .bool(action.isCacheable), "tools": .array(action.tools.map { .string($0) }),
      "inputs": .members(
        action.inputs.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: json($0.value)) }),
      "outputs": .array(action.outputs.map { .string($0) }),
    ])
  }

  private func json(_ artifact: Artifact) -> JSON {
    switch artifact {
    case .output(let id, let path):
      .object(["action": .integer(Int64(id.index)), "path": .string(path)])
    case .bytes(let bytes, _): .object(["bytes": .integer(Int64(bytes.count))])
    case .local(let path), .localInPlace(let path): .object(["local": .string(path)])
    case .link(let path): .object(["link": .string(path)])
    case .emptyFolder: .object(["folder": .bool(true)])
    }
  }

  /// The actions that an artifact needs, in the order of the plan.
  func actions(behind artifact: Artifact) -> [ActionID] {
    var found: Set<ActionID> = []
    func visit(_ artifact: Artifact) {
      guard case .output(let id, _) = artifact, found.insert(id).inserted else { return }
      for input in self[id].inputs.values { visit(input) }
    }
    visit(artifact)
    return found.sorted()
  }
}

extension Config {
  /// The config as a line of a plan.
  var planLine: String { "\(path.printable)  (\(kindName), \(location))" }
}

extension Operation {
  /// What runs, in a word.
  var name: String {
    switch self {
    case .process(let arguments): arguments.first ?? ""
    case .worker(let name, let version, _): "worker \(name)@\(version)"
    case .builtIn(let name, let version, _): "built-in \(name)@\(version)"
    }
  }
}
