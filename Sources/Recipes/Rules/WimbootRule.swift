import BuildEngine

/// `wimboot: x86_64` — wimboot, which boots Windows PE from the network, compiled from its source.
enum WimbootRule {
  /// What the file is for. That for x86_64 boots BIOS machines too.
  enum Machine: String, CaseIterable, Sendable {
    case x64 = "x86_64"
    case ia32 = "i386"
    case arm64
  }

  static let machine = Key<Machine>(
    "wimboot", .word("a kind of machine"), isRequired: true,
    "x86_64 (BIOS machines too), i386 or arm64.")
  static let source = Key(
    "source", .source, isRequired: true,
    "The source with wimboot's code, a tag of https://github.com/ipxe/wimboot.git.")

  static let rule = Rule(
    name: "wimboot", version: 1, summary: "wimboot, compiled from its source.",
    keys: [machine.description, source.description], plan: plan)

  private static func plan(_ target: Target, _ planner: inout Planner) throws(RecipeErrors)
    -> RulePlan
  {
    guard let machine = target.values[machine], let reference = target.values[source],
      let source = planner.recipes.source(reference.name)
    else { return RulePlan(artifact: .bytes([])) }
    // Upstream's final name wants pesign, which only compares hashes of this very file.
    let file = "source/src/wimboot.\(machine.rawValue).efi"
    let prefix = machine == .arm64 ? "aarch64-linux-gnu-" : ""
    let compilers = ["gcc", "as", "ld", "ar", "objcopy"]
    let id = planner.plan.add(
      PlannedAction(
        name: target.path, rule: target.rule.ruleVersion,
        operation: .process(arguments: [
          "make", "-C", "source/src", "wimboot.\(machine.rawValue).efi",
        ]),
        inputs: ["source": try planner.code(of: source).tree], outputs: [file],
        tools: ["make", "cut"] + compilers
          + (prefix.isEmpty ? [] : compilers.map { prefix + $0 }),
        origin: "\(target.location)"))
    return RulePlan(artifact: .output(id, path: file), isCompiled: true)
  }
}
