/// An action's place in its plan.
public struct ActionID: Hashable, Sendable, Comparable {
  public let index: Int

  public init(index: Int) { self.index = index }

  public static func < (left: ActionID, right: ActionID) -> Bool { left.index < right.index }
}

/// A file or directory that a planned action reads or a target consists of.
public enum Artifact: Hashable, Sendable {
  /// A path that the action declares as an output, or a path inside a directory it declares.
  case output(ActionID, path: String)
  /// Bytes known at planning time (a script after substitution).
  case bytes([UInt8], executable: Bool = false)
  /// A file or folder of this machine, by absolute path, read when the build reaches it.
  case local(path: String)
  /// A large file of this machine, or a folder of files, by absolute path, that stays where it is: its digest
  /// counts, its bytes never enter the content store. Only a built-in can read it.
  case localInPlace(path: String)
  /// A symbolic link to a file of this machine, by absolute path.
  case link(to: String)
  /// A folder with nothing in it.
  case emptyFolder
}

/// One step of a plan: an action request whose inputs are not known yet.
public struct PlannedAction: Sendable {
  public var name: String
  public var rule: RuleVersion
  public var operation: Operation
  public var inputs: [String: Artifact]
  public var outputs: [String]
  public var environment: [String: String]
  public var tools: [String]
  public var isCacheable: Bool
  /// See `ActionRequest.startsEarly`.
  public var startsEarly: Bool
  /// The names of inputs that it can do without: one that cannot be had because a source cannot be reached
  /// is not among what the action reads.
  public var dispensable: Set<String>
  /// Where in the recipes this comes from, rendered ("recipes/ipxe.yaml:12:3"), for messages.
  public var origin: String

  public init(
    name: String, rule: RuleVersion, operation: Operation, inputs: [String: Artifact] = [:],
    outputs: [String], environment: [String: String] = [:], tools: [String] = [],
    isCacheable: Bool = true, startsEarly: Bool = false, dispensable: Set<String> = [],
    origin: String
  ) {
    self.name = name
    self.rule = rule
    self.operation = operation
    self.inputs = inputs
    self.outputs = outputs
    self.environment = environment
    self.tools = tools
    self.isCacheable = isCacheable
    self.startsEarly = startsEarly
    self.dispensable = dispensable
    self.origin = origin
  }

  /// True when it can do without everything that it reads from another action.
  func canDoWithout(_ source: ActionID) -> Bool {
    inputs.allSatisfy { name, artifact in
      guard case .output(source, _) = artifact else { return true }
      return dispensable.contains(name)
    }
  }
}

/// What happens to a target when a source it needs cannot be reached.
public enum WhenUnreachable: Sendable {
  /// The build of the target fails; `advice` is added to the message.
  case fail(advice: String?)
  /// Another artifact stands in. `version` is a small text file with the version that was used.
  case standIn(Artifact, version: Artifact, limitation: String?)
  /// The target is left out of the tree and named in the summary.
  case skip(reason: String?)
}

/// How the files of a target stand in the output tree.
public struct Placement: Hashable, Sendable {
  /// True where a copy would be a waste: files may be further names of their blobs, read-only for that.
  public var sharesBlobs: Bool
  /// True for what is a link to a file outside because the recipe says so.
  public var mayLinkOutside: Bool

  public init(sharesBlobs: Bool = false, mayLinkOutside: Bool = false) {
    self.sharesBlobs = sharesBlobs
    self.mayLinkOutside = mayLinkOutside
  }
}

/// One named thing that a person can ask for.
public struct PlannedTarget: Sendable {
  /// Its path in the output tree, with "/" between components.
  public var path: String
  public var artifact: Artifact
  public var rule: RuleVersion
  /// True when the rule compiles it, which the summary and the manifest say.
  public var isCompiled: Bool
  public var whenUnreachable: WhenUnreachable
  /// True for what names other targets (scripts, menus): it is placed after them.
  public var isEntryPoint: Bool
  public var placement: Placement
  public var origin: String

  public init(
    path: String, artifact: Artifact, rule: RuleVersion, isCompiled: Bool = false,
    whenUnreachable: WhenUnreachable = .fail(advice: nil), isEntryPoint: Bool = false,
    placement: Placement = Placement(), origin: String
  ) {
    self.placement = placement
    self.path = path
    self.artifact = artifact
    self.rule = rule
    self.isCompiled = isCompiled
    self.whenUnreachable = whenUnreachable
    self.isEntryPoint = isEntryPoint
    self.origin = origin
  }
}

/// The graph of actions for a set of targets. An action's inputs name actions of lower index only,
/// so a plan cannot hold a cycle.
public struct Plan: Sendable {
  public private(set) var actions: [PlannedAction] = []
  public private(set) var targets: [PlannedTarget] = []

  public init() {}

  public subscript(id: ActionID) -> PlannedAction { actions[id.index] }

  /// Adds an action and returns its place.
  ///
  /// - Precondition: every action named in `inputs` was added before.
  public mutating func add(_ action: PlannedAction) -> ActionID {
    for case .output(let id, _) in action.inputs.values {
      precondition(id.index < actions.count, "an action may only read what was planned before it")
    }
    actions.append(action)
    return ActionID(index: actions.count - 1)
  }

  public mutating func add(_ target: PlannedTarget) { targets.append(target) }
}
