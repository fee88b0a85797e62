import BuildEngine
import Recipes
import SystemPackage

/// Finds out why a target would be made or placed anew. Runs nothing and changes no tree.
struct ExplanationReader: Sendable {
  let store: ContentStore
  let digests: FileDigests
  let tree: OutputTree
  /// The keys of the last build by action.
  let before: [String: Digest]

  /// - Parameter forecast: Of a plan for this one target.
  func explain(_ target: String, _ forecast: Forecast) throws -> Explanation {
    Explanation(
      target: target,
      steps: try forecast.steps.map {
        Explanation.Step(
          name: $0.name, state: $0.state, key: $0.key?.digest, cause: try cause(of: $0))
      },
      placement: try forecast.targets.first { $0.planned.path == target }.flatMap(placement))
  }

  private func cause(of step: Forecast.Step) throws -> Explanation.Cause? {
    guard step.state == .wouldRun, let key = step.key else { return nil }
    guard let before = before[step.name] else { return .neverBuilt }
    guard before != key.digest else { return .resultIsGone }
    guard let old = try KeyDescription(of: before, in: store) else { return .oldKeyIsGone }
    let new = try KeyDescription(of: key, in: store)
    return .changed(
      new.differences(from: old).map { .init(fact: $0.fact, old: $0.old, new: $0.new) })
  }

  /// Of a config, which no action makes.
  func explain(config: TreeTarget) throws -> Explanation {
    Explanation(target: config.path, steps: [], placement: try placement(config))
  }

  private func placement(_ target: Forecast.Target) throws -> Explanation.Placement? {
    try TreeTarget(target).map(placement)
  }

  private func placement(_ wanted: TreeTarget) throws -> Explanation.Placement {
    let others = try tree.manifest().targets.map(\.path).filter { $0 != wanted.path }
    let changes = try tree.preview(
      of: [wanted], keeping: Set(others), store: store, digests: digests)
    let isPlaced = changes.placed == [wanted.path]
    return Explanation.Placement(
      changes: changes, lines: isPlaced ? try changedLines(wanted) : [])
  }

  /// The most bytes that are compared line by line, and the most lines that are shown.
  private static let longestText: Int64 = 64 * 1024
  private static let mostLines = 20

  /// Nothing for what is no text, is not in the tree yet, or is too long to compare.
  private func changedLines(_ target: TreeTarget) throws -> [String] {
    let path = tree.directory.pushing(FilePath(target.path))
    // A file that only its owner may read is not for a terminal.
    guard let identity = try FileIdentity.of(path), identity.kind == .regular,
      identity.mode & 0o044 != 0, identity.size <= Self.longestText,
      let old = text(try FileSystem.read(path)),
      let new = text(try bytes(of: target))
    else { return [] }
    let lines = new.difference(from: old).map { change in
      switch change {
      case .remove(_, let line, _): "- \(line)"
      case .insert(_, let line, _): "+ \(line)"
      }
    }
    let more = lines.count - Self.mostLines
    return Array(lines.prefix(Self.mostLines)) + (more > 0 ? ["and \(more) more lines"] : [])
  }

  /// Nil for what is not one file, is long, or is nobody's business.
  private func bytes(of target: TreeTarget) throws -> [UInt8]? {
    switch target.content {
    case .stored(.file(let digest, _)):
      digest.size <= Self.longestText ? try store.read(digest) : nil
    case .stored(.directory), .stored(.symlink): nil
    case .texts(let texts):
      texts.count == 1 && texts[0].path.isEmpty && !texts[0].isPrivate ? texts[0].bytes : nil
    }
  }

  private func text(_ bytes: [UInt8]?) -> [Substring]? {
    guard let bytes, !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
      return nil
    }
    return text.split(separator: "\n", omittingEmptySubsequences: false)
  }
}

extension TreeTarget {
  /// Nil while it is not known what the target consists of.
  init?(_ target: Forecast.Target) {
    guard let artifact = target.artifact else { return nil }
    let planned = target.planned
    self.init(
      path: planned.path, artifact: artifact, isEntryPoint: planned.isEntryPoint,
      placement: planned.placement,
      entry: .init(
        path: planned.path, rule: planned.rule.name, state: planned.isCompiled ? .compiled : .made))
  }
}
