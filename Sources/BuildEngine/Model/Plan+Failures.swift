extension Plan {
  /// The targets that fail when some actions do because a source cannot be reached: those that can neither do
  /// without nor be stood in for nor be skipped.
  public func targetsFailing(without missing: Set<ActionID>) -> [PlannedTarget] {
    var failed = missing
    for (index, action) in actions.enumerated() {
      let lacks = action.inputs.contains { name, artifact in
        guard case .output(let source, _) = artifact else { return false }
        return failed.contains(source) && !action.dispensable.contains(name)
      }
      if lacks { failed.insert(ActionID(index: index)) }
    }
    func fails(_ artifact: Artifact) -> Bool {
      guard case .output(let id, _) = artifact else { return false }
      return failed.contains(id)
    }
    return targets.filter { target in
      guard fails(target.artifact) else { return false }
      switch target.whenUnreachable {
      case .fail: return true
      case .skip: return false
      case .standIn(let artifact, let version, _): return fails(artifact) || fails(version)
      }
    }
  }
}
