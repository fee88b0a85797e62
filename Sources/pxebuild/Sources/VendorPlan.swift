import BuildEngine
import BuiltIns

/// The actions whose results are laid down as plain files, for some of a plan's sources.
struct VendorPlan: Sendable {
  /// What one source needs: places among the plan's targets.
  private enum Source: Sendable {
    case git(commit: String, files: Int, object: Int)
    case download(name: String, file: Int)
    case package(text: Int, file: Int)
  }

  private(set) var plan = Plan()
  private var sources: [Source] = []

  init(_ whole: Plan, _ ids: [ActionID]) {
    for action in whole.actions { _ = plan.add(action) }
    var done: Set<String> = []
    for id in ids {
      let action = whole[id]
      guard case .builtIn(let step, _, let parameters) = action.operation else { continue }
      switch step {
      case "git-tree":
        guard let commit = parameters["commit"], done.insert(commit).inserted else { continue }
        let object = add(
          "git-commit", "commit", beside: action, parameters: parameters, inputs: [:])
        sources.append(
          .git(
            commit: commit.lowercased(), files: want(.output(id, path: "source"), action),
            object: object))
      case "deb-fetch":
        guard let text = action.inputs["package.txt"] else { continue }
        let file = add(
          "deb-file", "file", beside: action, parameters: [:], inputs: ["package.txt": text])
        sources.append(.package(text: want(text, action), file: file))
      default:
        let url = (parameters["url"] ?? "").prefix { $0 != "?" && $0 != "#" }
        let name = url.split(separator: "/").last.map(String.init) ?? ""
        sources.append(.download(name: name, file: want(.output(id, path: "file"), action)))
      }
    }
  }

  private mutating func add(
    _ step: String, _ output: String, beside action: PlannedAction, parameters: [String: String],
    inputs: [String: Artifact]
  ) -> Int {
    let id = plan.add(
      PlannedAction(
        name: "\(action.name): \(output)", rule: action.rule,
        operation: .builtIn(step, version: 1, parameters: parameters), inputs: inputs,
        outputs: [output], origin: action.origin))
    return want(.output(id, path: output), action)
  }

  private mutating func want(_ artifact: Artifact, _ action: PlannedAction) -> Int {
    plan.add(
      PlannedTarget(
        path: "\(plan.targets.count)", artifact: artifact, rule: action.rule, origin: action.origin)
    )
    return plan.targets.count - 1
  }

  /// Lays down what a build of the plan has brought. Throws the first of its failures.
  func lay(_ result: BuildResult, with writer: inout VendorWriter) throws {
    func artifact(_ index: Int) throws -> StoredArtifact {
      switch result.outcomes[index].state {
      case .built(let artifact): return artifact
      case .failed(let error): throw error
      default: throw BuildError(.failed, "a source was not brought, because another one failed")
      }
    }
    for source in sources {
      switch source {
      case .git(let commit, let files, let object):
        try writer.add(commit: commit, files: artifact(files), object: artifact(object))
      case .download(let name, let file): try writer.add(download: artifact(file), name: name)
      case .package(let text, let file):
        try writer.add(packageText: artifact(text), file: artifact(file))
      }
    }
  }
}
