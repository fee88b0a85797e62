import BuildEngine

/// `startnet: …` — a startnet.cmd that wimboot puts into an image when it boots, in place of the image's own.
enum StartnetRule {
  static let startnet = Key(
    "startnet", .startnet, isRequired: true,
    "What Windows PE runs: lines, or {setup: {share: win10}}.")

  static let rule = Rule(
    name: "startnet", version: 1,
    summary: "A startnet.cmd, so that one Windows PE starts several installations.",
    keys: [startnet.description],
    checkReferences: { target, recipes, checker in
      target.values[startnet]?.check(in: recipes, at: target.values.location(startnet), &checker)
      guard baseName(target.path).lowercased() != "startnet.cmd" else { return }
      checker.warn(
        "Windows PE runs no \(quoted(baseName(target.path)))", at: target.location,
        help: "name the target so that its last part is startnet.cmd: win10/startnet.cmd")
    },
    needs: { target, recipes in target.values[startnet]?.needs(in: recipes) ?? [] },
    plan: { target, planner throws(RecipeErrors) in
      RulePlan(artifact: .bytes(planner.startnet(target.values[startnet]) ?? []))
    })
}
