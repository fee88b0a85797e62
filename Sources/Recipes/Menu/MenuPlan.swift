import FoundationEssentials
import Menus

/// Turns the values of a `menu` target into the menu that its step writes.
enum MenuPlan {
  static func request(
    for target: Target, _ inputs: inout MenuInputs, _ planner: inout Planner
  ) throws(RecipeErrors) -> MenuRequest {
    let values = target.values
    let lines = values[MenuRule.items] ?? []
    var entries: [MenuEntry] = []
    for (line, name) in zip(lines, NamedLines(lines).names) {
      guard let action = try line.kind.action(line.values, &inputs, &planner), let name else {
        entries.append(.separator(line.title))
        continue
      }
      entries.append(
        .item(
          MenuItem(
            name: name, title: line.title, hotkey: line.values[ItemKeys.hotkey],
            platforms: (line.values[ItemKeys.platform] ?? []).map(\.rawValue),
            architectures: (line.values[ItemKeys.architecture] ?? []).map(\.rawValue),
            action: action, needs: inputs.takeNeeds())))
    }
    var pages: [MachinePage] = []
    for entry in values[MenuRule.machines] ?? [] {
      let url = try inputs.file(entry.page, &planner).choices[0].url
      let need = inputs.takeNeeds().first
      pages += entry.values.map {
        MachinePage(key: $0.key, value: $0.value, url: url, need: need)
      }
    }
    var background: String?
    if let picture = values[MenuRule.background] {
      background = try inputs.file(picture, &planner).choices[0].url
      // A menu without its picture is a menu.
      _ = inputs.takeNeeds()
    }
    let menu = Menu(
      title: values[MenuRule.menu] ?? "", timeout: values[MenuRule.timeout] ?? 0,
      defaultItem: values[MenuRule.defaultItem], background: background,
      colours: values[MenuRule.colours] ?? [], pages: pages, entries: entries,
      verifies: planner.recipes.site.signing?.verifies == true ? true : nil)
    return MenuRequest(menu: menu, inputs: inputs.described)
  }

  /// The same bytes for the same request.
  static func encoded(_ request: MenuRequest) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(request))
    } catch {
      preconditionFailure("texts, numbers and lists always have a JSON form: \(error)")
    }
  }
}
