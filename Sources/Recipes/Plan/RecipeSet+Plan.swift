import BuildEngine

/// What a plan depends on beside the recipes.
public struct PlanOptions: Sendable {
  public var lock: LockFile
  /// Why a request could not be answered, for those that were tried and could not be reached.
  public var unreachable: [SourceRequest: String]
  /// Debian's binaries may stand in for what cannot be reached.
  public var allowPrebuilt: Bool
  /// Nothing but what the lock file pins may be used.
  public var isLocked: Bool

  public init(
    lock: LockFile = LockFile(), unreachable: [SourceRequest: String] = [:],
    allowPrebuilt: Bool = false, isLocked: Bool = false
  ) {
    self.lock = lock
    self.unreachable = unreachable
    self.allowPrebuilt = allowPrebuilt
    self.isLocked = isLocked
  }
}

extension RecipeSet {
  /// The actions for some targets, or for all.
  ///
  /// - Parameters:
  ///   - paths: Paths of targets, or of folders for all targets in them; nil for all targets.
  ///   - options: The lock file and what may be used.
  /// - Returns: A plan whose targets stand in the order of the recipes.
  /// - Throws: paths that name no target, and sources that the lock file does not pin.
  public func plan(targets paths: [String]? = nil, options: PlanOptions = PlanOptions())
    throws(RecipeErrors) -> Plan
  {
    var planner = Planner(recipes: self, options: options)
    for target in try wanted(paths) { try planner.add(target) }
    if !planner.diagnostics.isEmpty { throw RecipeErrors(planner.diagnostics) }
    return planner.plan
  }

  /// The targets that paths mean, each once, in the order of the recipes.
  func wanted(_ paths: [String]?) throws(RecipeErrors) -> [Target] {
    guard let paths else { return targets }
    var chosen: Set<String> = []
    var diagnostics: [Diagnostic] = []
    for path in paths {
      if target(path) != nil {
        chosen.insert(path)
        continue
      }
      let folder = path.hasSuffix("/") ? path : path + "/"
      let inside = path.isEmpty ? [] : targets.filter { $0.path.hasPrefix(folder) }
      chosen.formUnion(inside.map(\.path))
      guard inside.isEmpty else { continue }
      let names = targets.map(\.path)
      diagnostics.append(
        Diagnostic(
          "there is no target \(quoted(path))", at: nil,
          help: config(path) != nil
            ? "it is a config, which pxebuild all writes"
            : suggestion(for: path, among: names, listing: "targets")))
    }
    if !diagnostics.isEmpty { throw RecipeErrors(diagnostics) }
    return targets.filter { chosen.contains($0.path) }
  }
}
