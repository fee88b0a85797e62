import BuildEngine

/// What an image is made of when a source of its programs cannot be reached.
enum StickStandIn {
  /// An image of the programs that Debian's stand in for; left out when it may be, and none of them is.
  static func whenUnreachable(
    _ target: Target, _ planner: inout Planner
  ) throws(RecipeErrors) -> WhenUnreachable {
    var programs: [StickFirmware: Artifact] = [:]
    var version: Artifact?
    var script: ArtifactReference?
    var limitations: [String] = []
    var firstSkip: WhenUnreachable?
    for program in target.values[ImageRule.image] ?? [] {
      guard let made = recipeTarget(program, planner) else {
        programs[program.firmware] = try planner.artifact(of: program.reference)
        continue
      }
      switch try planner.rulePlan(of: made).whenUnreachable {
      case .standIn(let artifact, let itsVersion, _):
        programs[program.firmware] = artifact
        version = version ?? itsVersion
        script = script ?? made.values[IPXERule.embed]?.first
        limitations += IPXEPrebuilt.stickLimitations(of: made, isEFI: program.firmware != .bios)
      case .skip(let reason):
        firstSkip = firstSkip ?? .skip(reason: reason)
        limitations.append("\(program.firmware.name) does not boot from it")
      case .fail(let advice):
        // Nothing that a network could keep away, or nothing that may stand in.
        if made.ruleName == IPXERule.rule.name { return .fail(advice: advice) }
        programs[program.firmware] = try planner.artifact(of: program.reference)
      }
    }
    guard let version else { return firstSkip ?? .fail(advice: nil) }
    // What is compiled elsewhere has no script inside.
    let image = try ImageRule.action(
      target, programs, script: target.values[ImageRule.autoexec] ?? script,
      name: "\(target.path): stand-in", &planner)
    var seen: Set<String> = []
    let text = limitations.filter { seen.insert($0).inserted }.joined(separator: "; ")
    return .standIn(image, version: version, limitation: text.isEmpty ? nil : text)
  }

  private static func recipeTarget(_ program: StickProgram, _ planner: Planner) -> Target? {
    planner.recipes.target(program.reference.name)
  }
}
