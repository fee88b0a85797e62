import Menus

/// One kind of menu item: its keys, the first of which names it, and what becomes of their values.
struct ItemKind: Sendable {
  /// One sentence: what the item does.
  let summary: String
  let record: RecordDescription
  /// True when the first key's value is the line that the menu shows.
  let isTitled: Bool
  /// Checks what one key alone cannot show.
  let check: @Sendable (Record, inout Checker) -> Void
  /// Checks what the item names, when every name is known to mean something.
  let checkReferences: @Sendable (Record, inout ItemCheck) -> Void
  /// What the item needs of servers beside TFTP and HTTP.
  let needs: @Sendable (Record, RecipeSet) -> [ServiceNeed]
  /// What the item does; nil for a separator.
  let action:
    @Sendable (Record, inout MenuInputs, inout Planner) throws(RecipeErrors) -> ItemAction?

  var name: String { record.keys[0].name }

  static let all: [ItemKind] =
    [separator, linux, casper, debianInstaller, sanboot, memtest, wimboot, chain, script, submenu]
    + plain

  init(
    _ key: KeyDescription, _ more: [KeyDescription] = [], isTitled: Bool = false,
    hasCommonKeys: Bool = true, summary: String,
    check: @escaping @Sendable (Record, inout Checker) -> Void = { _, _ in },
    checkReferences: @escaping @Sendable (Record, inout ItemCheck) -> Void = { _, _ in },
    needs: @escaping @Sendable (Record, RecipeSet) -> [ServiceNeed] = { _, _ in [] },
    action:
      @escaping @Sendable (Record, inout MenuInputs, inout Planner) throws(RecipeErrors)
      -> ItemAction?
  ) {
    self.summary = summary
    self.isTitled = isTitled
    let title = isTitled ? [] : [ItemKeys.title.description]
    record = RecordDescription(
      keys: [key] + more + (hasCommonKeys ? title + ItemKeys.common : []))
    self.check = check
    self.checkReferences = checkReferences
    self.needs = needs
    self.action = action
  }
}

/// The keys that items of several kinds have.
enum ItemKeys {
  static let title = Key("title", .menuText, isRequired: true, "The line that the menu shows.")
  static let name = Key(
    "name", .itemName, "What default: calls the item; its kind's name when left out.")
  static let hotkey = Key("key", .hotkey, "A letter or a digit that chooses the item at once.")
  static let platform = Key(
    "platform", .oneOrList(.word("a platform") as ValueType<Platform>),
    "The firmware that sees the item, pcbios or efi; both when left out.")
  static let architecture = Key(
    "architecture", .oneOrList(.word("an architecture") as ValueType<BuildArchitecture>),
    "What the boot program is compiled for on machines that see the item: i386, x86_64, arm64.")

  static let common = [
    name.description, hotkey.description, platform.description, architecture.description,
  ]

  static let arguments = Key("arguments", .arguments, "Words for its command line.")
  static let kernel = Key(
    "kernel", .innerPath, "The path of the kernel in the image, where it is not the usual one.")
  static let initrd = Key(
    "initrd", .innerPath, "The path of the initrd in the image, where it is not the usual one.")
}

extension ItemKind {
  static let separator = ItemKind(
    Key("separator", .menuText, isRequired: true, "The text of the line.").description,
    isTitled: true, hasCommonKeys: false, summary: "A line that cannot be chosen."
  ) { _, _, _ in nil }

  /// Items that need nothing but their line.
  private static func plain(_ name: String, _ action: ItemAction, _ summary: String) -> ItemKind {
    ItemKind(
      Key(name, .menuText, isRequired: true, "The line that the menu shows.").description,
      isTitled: true, summary: summary
    ) { _, _, _ in action }
  }

  static let plain = [
    plain("shell", .shell, "iPXE's shell."),
    plain("config", .config, "iPXE's own settings."),
    plain("reboot", .reboot, "Restarts the machine."),
    plain("poweroff", .poweroff, "Switches the machine off."),
    plain("exit", .exit, "Leaves iPXE, so that the firmware boots what comes next."),
    plain("back", .back, "Leaves a submenu, or a machine's own page."),
  ]

  static let submenuKey = Key("submenu", .served, isRequired: true, "A menu target.")

  static let submenu = ItemKind(
    submenuKey.description, summary: "Another menu, in a file of its own.",
    checkReferences: { record, check in check.isSubmenu(record, submenuKey) }
  ) { record, inputs, planner throws(RecipeErrors) in
    guard let reference = record[submenuKey] else { return nil }
    return .submenu(try inputs.file(reference, &planner).choices[0].url)
  }

  static let scriptKey = Key(
    "script", .text, isRequired: true, "Lines of iPXE's own language.")

  static let script = ItemKind(
    scriptKey.description, summary: "Lines of your own.",
    check: { record, checker in OwnScript.check(record, scriptKey, &checker) }
  ) { record, _, _ in
    .script(OwnScript.lines(of: record[scriptKey] ?? ""))
  }
}
