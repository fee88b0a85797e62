import BuildEngine

/// One rule: how a kind of target is written, checked and planned. Everything that depends on its
/// keys (reading, "did you mean", the schema, the check of its page) follows from `record`.
///
/// A class, so that ten thousand targets share one description for the price of a reference.
final class Rule: Sendable {
  let name: String
  /// Raised whenever the rule would make other bytes from the same recipe; part of the action key.
  let version: Int
  /// One sentence: what the rule makes.
  let summary: String
  /// The keys; the first bears the rule's name.
  let record: RecordDescription
  /// What must be asked of the outside world before a target can be planned or pinned.
  let requests: @Sendable (Record) -> [SourceRequest]
  /// Checks what one key alone cannot show. Runs when every value of the target could be read.
  let check: @Sendable (Record, inout Checker) -> Void
  /// Checks that need other targets. Runs when every reference of the recipes is known to be good.
  let checkReferences: @Sendable (Target, RecipeSet, inout Checker) -> Void
  /// What the target needs of servers beside TFTP and HTTP. Asked when the recipes have no errors.
  let needs: @Sendable (Target, RecipeSet) -> [ServiceNeed]
  /// Adds the target's actions and returns what it consists of.
  let plan: @Sendable (Target, inout Planner) throws(RecipeErrors) -> RulePlan

  /// - Precondition: the first key's name is the rule's.
  init(
    name: String, version: Int, summary: String, keys: [KeyDescription],
    requests: @escaping @Sendable (Record) -> [SourceRequest] = { _ in [] },
    check: @escaping @Sendable (Record, inout Checker) -> Void = { _, _ in },
    checkReferences: @escaping @Sendable (Target, RecipeSet, inout Checker) -> Void = { _, _, _ in
    },
    needs: @escaping @Sendable (Target, RecipeSet) -> [ServiceNeed] = { _, _ in [] },
    plan: @escaping @Sendable (Target, inout Planner) throws(RecipeErrors) -> RulePlan
  ) {
    precondition(keys.first?.name == name, "a rule's first key bears its name")
    self.name = name
    self.version = version
    self.summary = summary
    self.record = RecordDescription(keys: keys + TargetKeys.all)
    self.requests = requests
    self.check = check
    self.checkReferences = checkReferences
    self.needs = needs
    self.plan = plan
  }

  var ruleVersion: RuleVersion { RuleVersion(name, version) }

  // `all` is written by the build plugin RuleList from the files of this folder.
  static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
}

/// What a rule's `plan` returns.
struct RulePlan {
  var artifact: Artifact
  var isCompiled = false
  /// What happens when a source cannot be reached, unless the target is `optional`.
  var whenUnreachable: WhenUnreachable = .fail(advice: nil)
  /// True for what names other targets: a server must not hand it out before them.
  var isEntryPoint = false
  /// A file with the `ImageFacts` of the image that the target is made of.
  var identity: Artifact?
  /// How its files stand in the output tree.
  var placement = Placement()
}

/// The keys that every rule has.
enum TargetKeys {
  static let optional = Key(
    "optional", .boolean, "true: leave the target out when its source cannot be reached.")
  static let boots = Key(
    "boots", .oneOrList(.clientArchitecture),
    "The DHCP client architectures that are offered this file: [7, 9].")

  static let all = [optional.description, boots.description]
}

/// One target of the recipes.
public struct Target: Sendable {
  /// Its path in the output tree.
  public let path: String
  /// Where its path stands.
  public let location: SourceLocation
  /// True when it is left out rather than failed when its source cannot be reached.
  public var isOptional: Bool { values[TargetKeys.optional] ?? false }
  /// The name of its rule.
  public var ruleName: String { rule.name }
  let rule: Rule
  let values: Record
  /// The targets and files that it names.
  let references: [ArtifactReference]
  let sourceReferences: [SourceReference]
  /// What it has booting machines load.
  let servedReferences: [ServedReference]

  /// What messages call it.
  var owner: String { "target \(quoted(path))" }
}
