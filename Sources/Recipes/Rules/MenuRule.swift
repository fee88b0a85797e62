import BuildEngine
import Menus

/// `menu: TITLE` — a boot menu, as the iPXE script that shows it.
enum MenuRule {
  static let menu = Key("menu", .menuText, isRequired: true, "The title above the menu.")
  static let items = Key("items", .menuLines, isRequired: true, "The lines, in order.")
  static let defaultItem = Key("default", .itemName, "The name of the item that is marked first.")
  static let timeout = Key(
    "timeout", .menuTimeout,
    "Seconds until the default item is chosen; 0, or nothing, waits for ever.")
  static let machines = Key(
    "machines", .machines, "Machines that get a page of their own instead of the menu.")
  static let background = Key(
    "background", .served, "A PNG picture to show behind the menu, where iPXE can.")
  static let colours = Key("colours", .menuColours, "Colours: {normal: white on blue}.")

  static let rule = Rule(
    name: "menu", version: 1, summary: "A boot menu, as the iPXE script that shows it.",
    keys: [
      menu.description, items.description, defaultItem.description, timeout.description,
      machines.description, background.description, colours.description,
    ],
    check: MenuCheck.values, checkReferences: MenuCheck.references,
    needs: { target, recipes in
      (target.values[items] ?? []).flatMap { $0.kind.needs($0.values, recipes) }
    },
    plan: plan)

  private static func plan(_ target: Target, _ planner: inout Planner) throws(RecipeErrors)
    -> RulePlan
  {
    var inputs = MenuInputs()
    let request = try MenuPlan.request(for: target, &inputs, &planner)
    var artifacts = inputs.artifacts
    artifacts["menu.json"] = .bytes(MenuPlan.encoded(request))
    let id = planner.plan.add(
      PlannedAction(
        name: target.path, rule: target.rule.ruleVersion,
        operation: .builtIn("menu", version: 1, parameters: [:]), inputs: artifacts,
        outputs: ["script"], dispensable: inputs.dispensable, origin: "\(target.location)"))
    return RulePlan(artifact: .output(id, path: "script"), isEntryPoint: true)
  }
}
