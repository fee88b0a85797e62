import Menus

/// An item of a menu, as one who chooses it has to know it.
public struct MenuChoice: Sendable, Equatable {
  /// The menu's target, and the title above it.
  public var menu: String
  public var menuTitle: String
  public var name: String
  /// The line that the menu shows.
  public var title: String
  /// The name of its kind: "casper", "sanboot".
  public var kind: String
  /// A letter or a digit that chooses it at once.
  public var hotkey: String?
  /// The values of iPXE's `${platform}` and `${buildarch}` that see it; all of them when empty.
  public var platforms: [String]
  public var architectures: [String]
  /// The menu that it leads to.
  public var submenu: String?
  /// What it boots: a path of the tree, or a URL elsewhere.
  public var file: String?
  /// True when it mounts its root over NFS.
  public var needsNFS: Bool
}

/// The way to an item: from the first menu through others to the one that has it.
public struct MenuRoute: Sendable, Equatable {
  public var choices: [MenuChoice]

  /// Its name with those of the items that lead there: "tools/memtest".
  public var name: String { choices.map(\.name).joined(separator: "/") }
}

extension RecipeSet {
  /// The way to each item of the menus, the DHCP server's first; items that lead to another menu are among them.
  public var menuRoutes: [MenuRoute] {
    let menus = targets.filter { $0.rule.name == MenuRule.rule.name }
    let inner = Set(menus.flatMap { choices(of: $0).compactMap(\.submenu) })
    // Machines come to the one that the DHCP server names.
    let first = configs.compactMap(DHCPKind.scriptName)
    let starts = menus.filter { !inner.contains($0.path) }
    return (starts.filter { first.contains($0.path) } + starts.filter { !first.contains($0.path) })
      .flatMap { routes(in: $0, after: []) }
  }

  /// The items of a menu, in its order.
  public func menuChoices(of menu: String) -> [MenuChoice] {
    target(menu).map { choices(of: $0) } ?? []
  }

  /// What to say to one who asked for an item that is not there.
  public func menuAdvice(for name: String) -> String {
    let names = menuRoutes.map(\.name)
    guard !names.isEmpty else { return "the recipes have no menu: add one, with the rule menu" }
    // Most people leave out what leads there.
    let all = names + menuRoutes.compactMap { $0.choices.last?.name }
    return suggestion(for: name, among: all) ?? "items: \(names.joined(separator: ", "))"
  }

  /// The way to an item that is called by its name, or by that and the names of those that lead there.
  public func menuRoute(to name: String) -> MenuRoute? {
    let all = menuRoutes
    return all.first { $0.name == name } ?? all.first { $0.choices.last?.name == name }
  }

  /// - Parameter before: The choices that lead here. Menus that lead to one another in a circle are an error of the recipes.
  private func routes(in menu: Target, after before: [MenuChoice]) -> [MenuRoute] {
    choices(of: menu).flatMap { choice in
      let way = before + [choice]
      var found = [MenuRoute(choices: way)]
      if let next = choice.submenu.flatMap({ target($0) }) { found += routes(in: next, after: way) }
      return found
    }
  }

  private func choices(of menu: Target) -> [MenuChoice] {
    let lines = menu.values[MenuRule.items] ?? []
    return zip(lines, NamedLines(lines).names).compactMap { line, name in
      guard let name else { return nil }
      let first = ItemKind.bootKeys.lazy.compactMap { line.values[$0] }.first
      let values = line.values
      return MenuChoice(
        menu: menu.path, menuTitle: menu.values[MenuRule.menu] ?? "", name: name,
        title: line.title, kind: line.kind.name, hotkey: values[ItemKeys.hotkey],
        platforms: (values[ItemKeys.platform] ?? []).map(\.rawValue),
        architectures: (values[ItemKeys.architecture] ?? []).map(\.rawValue),
        submenu: line.kind.name == ItemKind.submenu.name ? first?.path : nil,
        file: first?.path,
        needsNFS: line.kind.needs(values, self).contains {
          if case .nfsExport = $0 { true } else { false }
        })
    }
  }
}

extension ItemKind {
  /// The keys that name what an item boots, one for each kind that boots something.
  fileprivate static let bootKeys = [
    submenuKey, linuxKey, casperKey, debianKey, sanbootKey, memtestKey, chainKey,
  ]
}

extension ServedReference {
  fileprivate var path: String {
    switch place {
    case .tree(let path), .elsewhere(let path): path
    }
  }
}

extension RecipeSet {
  /// The config of an NFS server that the lab can run: nfs-ganesha's. The kernel's cannot be had in a network of its own.
  public var ganeshaConfig: String? {
    configs.first { $0.kind.name == NFSKind.kind.name && $0.values[NFSKind.nfs] == .ganesha }?.path
  }

  /// What the served script of a menu shows, as far as it is pxebuild's own: whether it has an item.
  public static func menuScript(_ text: String, has item: String) -> Bool {
    "\(text)\n".contains("\n:item-\(item)\n")
  }
}
