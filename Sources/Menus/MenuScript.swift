/// Writes the iPXE script of a menu.
///
/// The script's own labels are `start`, `failed`, `again`, `page1`, `page2`, …, `item-NAME` and `efi-NAME`; its own
/// settings start with `menu-`. A menu is chained by its parent, so `exit` goes back there; `menu-leave` tells the
/// parent to go on leaving.
public struct MenuScript {
  private let menu: Menu
  private let findings: BuildFindings
  private let images: ImageLines
  private var lines: [String] = []

  /// The script as text. Throws when an image lacks the files that an item needs.
  public static func text(of menu: Menu, findings: BuildFindings = BuildFindings())
    throws(MenuError) -> String
  {
    var script = MenuScript(menu, findings)
    try script.write()
    let text = script.lines.map(MenuText.line).joined(separator: "\n") + "\n"
    guard text.contains(MenuText.blank) else { return text }
    let mark = "#!ipxe\n"
    return mark + "set menu-blank:hex 20\n" + text.dropFirst(mark.count)
  }

  /// The titles of items that are left out, because a target that they need is not in the tree.
  public static func leftOut(of menu: Menu, findings: BuildFindings) -> [String] {
    menu.items.filter { findings.lacks($0.needs) }.map(\.title)
  }

  private init(_ menu: Menu, _ findings: BuildFindings) {
    self.menu = menu
    self.findings = findings
    images = ImageLines(verifies: menu.verifies == true)
  }

  // MARK: The whole

  private mutating func write() throws(MenuError) {
    let items = menu.items.filter { !findings.lacks($0.needs) }
    add("#!ipxe", "# Written by pxebuild from the recipe, which is the place to change it.")
    for title in Self.leftOut(of: menu, findings: findings) {
      add("# Left out, because what it boots is not in the tree: \(title)")
    }
    lines += images.start
    writeStart(items)
    writePages()
    writeMenu(items)
    for item in items {
      add("", ":item-\(item.name)")
      try write(item)
    }
    writeFailure(items)
  }

  private mutating func writeStart(_ items: [MenuItem]) {
    add("set menu-leave no")
    let first = items.first { $0.name == menu.defaultItem }
    // A mark on an item that is not there would be the first one, chosen though nobody wanted it.
    if menu.timeout > 0, let first {
      add(
        first.isForAll
          ? "set menu-timeout \(milliseconds)" : "set menu-timeout 0")
      for condition in first.conditions {
        add("\(condition) && set menu-timeout \(milliseconds) ||")
      }
    }
    if let first { add("set menu-choice \(first.name)") } else { add("set menu-choice") }
    if let background = menu.background { lines += images.picture(url(background)) }
    for colours in menu.colours {
      add(
        "cpair --foreground \(colours.foreground.rawValue)"
          + " --background \(colours.background.rawValue) \(colours.part.rawValue) ||")
    }
  }

  /// A page that cannot be loaded, or that goes back, leads to the menu.
  private mutating func writePages() {
    let pages = menu.pages.filter { page in page.need.map { !findings.lacks([$0]) } ?? true }
    guard !pages.isEmpty else { return }
    var urls: [String] = []
    for page in pages where !urls.contains(page.url) { urls.append(page.url) }
    for page in pages {
      let number = (urls.firstIndex(of: page.url) ?? 0) + 1
      add(
        "iseq ${\(page.key.setting)} \(MenuText.argument(page.value)) && goto page\(number) ||")
    }
    add("goto start")
    for (index, url) in urls.enumerated() {
      add("", ":page\(index + 1)")
      lines += images.chain([self.url(url)], orElse: "start")
      add("iseq ${menu-leave} yes && exit ||")
      if isTimed { add("set menu-timeout 0") }
      add("goto start")
    }
  }

  private mutating func writeMenu(_ items: [MenuItem]) {
    add("", ":start", "menu -- \(MenuText.text(menu.title))")
    for entry in menu.entries {
      switch entry {
      case .separator(let text): add("item --gap -- \(MenuText.text(text))")
      case .item(let item):
        guard !findings.lacks(item.needs) else { continue }
        let key = item.hotkey.map { "--key \($0) " } ?? ""
        let line = "item \(key)\(item.name) \(MenuText.text(item.title))"
        if item.isForAll { add(line) }
        for condition in item.conditions { add("\(condition) && \(line) ||") }
      }
    }
    // A menu of no items is an error, and would be one for ever.
    if !items.contains(where: \.isForAll) { add("item menu-shell iPXE shell") }
    let timeout = isTimed ? "--timeout ${menu-timeout} " : ""
    let cancelled = isSubmenu ? "exit" : isTimed ? "goto again" : "goto start"
    add("choose \(timeout)--default ${menu-choice} menu-choice || \(cancelled)")
    if isTimed { add("set menu-timeout 0") }
    add("goto item-${menu-choice}")
    if !items.contains(where: \.isForAll) { add("", ":item-menu-shell", "shell ||", "goto start") }
    if isTimed, !isSubmenu { add("", ":again", "set menu-timeout 0", "goto start") }
  }

  private mutating func writeFailure(_ items: [MenuItem]) {
    add(
      "", ":failed", "echo",
      "echo ${menu-title} did not start: error ${errno:hexraw} (https://ipxe.org/${errno:hexraw})",
      "prompt Press a key to go back to the menu. ||", "goto start")
  }

  // MARK: Items

  private mutating func write(_ item: MenuItem) throws(MenuError) {
    switch item.action {
    case .exit: add("set menu-leave yes", "exit")
    case .back: add("exit")
    case .shell: add("echo Type \"exit\" to go back to the menu.", "shell ||", "goto start")
    case .config: add("config ||", "goto start")
    case .reboot, .poweroff, .linux, .memtest, .wimboot, .sanboot, .chain, .submenu, .script:
      add("set menu-title \(MenuText.text(item.title))")
      try writeBoot(item)
    }
  }

  private mutating func writeBoot(_ item: MenuItem) throws(MenuError) {
    // Images of an item that failed before would go along with this one's.
    switch item.action {
    case .linux, .memtest, .wimboot, .sanboot, .chain, .script: add("imgfree")
    case .submenu, .reboot, .poweroff, .shell, .config, .exit, .back: break
    }
    switch item.action {
    case .linux(let linux): try write(linux, item)
    case .memtest(let bios, let efi):
      let url = self.url(try findings.url(of: bios, for: item.title))
      if let efi {
        let other = self.url(try findings.url(of: efi, for: item.title))
        add("iseq ${platform} efi && goto efi-\(item.name) ||")
        lines += images.kernel([url])
        add("boot || goto failed", "goto start", ":efi-\(item.name)")
        lines += images.kernel([other])
      } else {
        lines += images.kernel([url])
      }
      add("boot || goto failed", "goto start")
    case .wimboot(let windows): try write(windows, item)
    case .sanboot(let address): add("sanboot \(url(address)) || goto failed", "goto start")
    case .chain(let file, let arguments):
      let words =
        [url(try findings.url(of: file, for: item.title))] + arguments.map(MenuText.argument)
      writeChain(words, item)
    case .submenu(let address): writeChain([url(address)], item)
    case .script(let own):
      for line in own { add(Self.failing(line)) }
      add("goto start")
    case .reboot: add("reboot || goto failed")
    case .poweroff: add("poweroff || goto failed")
    case .shell, .config, .exit, .back: break
    }
  }

  /// What was chained may be a menu too: it leaves its own marks in the settings.
  private mutating func writeChain(_ words: [String], _ item: MenuItem) {
    lines += images.chain(words, orElse: "failed")
    add("iseq ${menu-leave} yes && exit ||", "set menu-choice \(item.name)")
    if isTimed { add("set menu-timeout 0") }
    add("goto start")
  }

  private mutating func write(_ linux: LinuxBoot, _ item: MenuItem) throws(MenuError) {
    // The EFI stub of a kernel finds its initrds by these names.
    let names = linux.initrds.indices.map { $0 == 0 ? "initrd" : "initrd\($0 + 1)" }
    let added = linux.image.flatMap { findings.facts[$0]?.addedArguments } ?? []
    let words =
      [url(try findings.url(of: linux.kernel, for: item.title))] + names.map { "initrd=\($0)" }
      + (linux.arguments + added.filter { !MenuText.isRefused($0) } + linux.lastArguments)
      .map(MenuText.argument)
    lines += images.kernel(words)
    for (name, initrd) in zip(names, linux.initrds) {
      lines += images.initrd(name, [url(try findings.url(of: initrd, for: item.title))])
    }
    add("boot || goto failed", "goto start")
  }

  private mutating func write(_ windows: WindowsBoot, _ item: MenuItem) throws(MenuError) {
    let words =
      [url(try findings.url(of: windows.program, for: item.title))]
      + windows.arguments.map(MenuText.argument)
    lines += images.kernel(words)
    for file in windows.files {
      let address = url(try findings.url(of: file.file, for: item.title))
      // Old versions of wimboot take the name from the arguments.
      lines += images.initrd(file.name, [address, file.name])
    }
    add("boot || goto failed", "goto start")
  }

  /// A line of a person's own, with the way out that every other line has. A label, a comment, an empty
  /// line and a line that goes on in the next one are left alone.
  static func failing(_ line: String) -> String {
    var words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
    let comment = words.firstIndex { $0.hasPrefix("#") } ?? words.endIndex
    let isLabelOnly = words.count == 1 && words[0].hasPrefix(":")
    guard comment > 0, !words.isEmpty, !isLabelOnly, !line.hasSuffix("\\") else { return line }
    let before = words[comment - 1]
    // "config ||" already says that a failure does not matter.
    guard before != "||" else { return line }
    words.insert("|| goto failed", at: comment)
    return words.joined(separator: " ")
  }

  // MARK: Small things

  private var milliseconds: Int { menu.timeout * 1000 }

  private var isSubmenu: Bool { menu.items.contains { $0.action == .back } }

  private var isTimed: Bool {
    menu.timeout > 0
      && menu.items.contains { $0.name == menu.defaultItem && !findings.lacks($0.needs) }
  }

  private func url(_ text: String) -> String { MenuText.argument(text) }

  private mutating func add(_ more: String...) { lines += more }
}

extension BuildFindings {
  fileprivate func lacks(_ targets: [String]) -> Bool { targets.contains(where: missing.contains) }
}

extension MachinePage.Key {
  /// The setting that has it. `netX` is the interface that was opened last: the one it boots from.
  fileprivate var setting: String { self == .mac ? "netX/mac" : rawValue }
}

extension MenuItem {
  /// Tests of which one succeeds on the machines that see the item; none when all do.
  fileprivate var conditions: [String] {
    switch (platforms.isEmpty, architectures.isEmpty) {
    case (true, true): []
    case (false, true): platforms.map { "iseq ${platform} \($0)" }
    case (true, false): architectures.map { "iseq ${buildarch} \($0)" }
    case (false, false):
      platforms.flatMap { platform in
        architectures.map { "iseq ${platform}-${buildarch} \(platform)-\($0)" }
      }
    }
  }
}
