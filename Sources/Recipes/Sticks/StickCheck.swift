/// What can be wrong with an `image` target beyond single values.
enum StickCheck {
  static func values(_ record: Record, _ checker: inout Checker) {
    if record.isWritten(TargetKeys.boots.name) {
      checker.error(
        "a DHCP server offers a boot program, not an image",
        at: record.keyLocation(TargetKeys.boots),
        help: "put \"boots\" on the target with the boot program")
    }
    checkNames(record, &checker)
  }

  /// FAT does not tell capitals from small letters, and what the image has of its own stays.
  private static func checkNames(_ record: Record, _ checker: inout Checker) {
    let firmware = (record[ImageRule.image] ?? []).map(\.firmware)
    var seen: [String: (path: String, location: SourceLocation)] = [:]
    for file in record[ImageRule.files] ?? [] {
      let key = file.path.lowercased()
      if ownNames(firmware, hasScript: record[ImageRule.autoexec] != nil).contains(key) {
        checker.error(
          "\(quoted(file.path)) is a file of the image's own", at: file.location,
          help: key.hasSuffix("autoexec.ipxe")
            ? "name the script with autoexec:" : "choose another name")
      } else if let other = seen[key] {
        checker.error(
          "\(quoted(file.path)) and \(quoted(other.path)) are one name on FAT", at: file.location,
          notes: [.init("the other one is here", at: other.location)],
          help: "rename one: capitals and small letters are the same there")
      } else if let outer = seen.first(where: { key.hasPrefix($0.key + "/") }) {
        checker.error(
          "\(quoted(file.path)) is inside \(quoted(outer.value.path))", at: file.location,
          notes: [.init("the other one is here", at: outer.value.location)],
          help: "put both under names of their own")
      } else if let inner = seen.first(where: { $0.key.hasPrefix(key + "/") }) {
        checker.error(
          "\(quoted(inner.value.path)) is inside \(quoted(file.path))", at: file.location,
          notes: [.init("the other one is here", at: inner.value.location)],
          help: "put both under names of their own")
      } else {
        seen[key] = (file.path, file.location)
      }
    }
  }

  private static func ownNames(_ firmware: [StickFirmware], hasScript: Bool) -> Set<String> {
    // ldlinux.sys and ldlinux.c32 are SYSLINUX's own.
    var names: Set<String> =
      firmware.contains(.bios) ? ["ipxe.lkrn", "syslinux.cfg", "ldlinux.sys", "ldlinux.c32"] : []
    let files: [StickFirmware: String] = [
      .x64: "bootx64.efi", .ia32: "bootia32.efi", .arm64: "bootaa64.efi",
    ]
    for kind in firmware { if let file = files[kind] { names.insert("efi/boot/\(file)") } }
    if hasScript { names.formUnion(["autoexec.ipxe", "efi/boot/autoexec.ipxe"]) }
    return names
  }

  static func references(_ target: Target, _ recipes: RecipeSet, _ checker: inout Checker) {
    for program in target.values[ImageRule.image] ?? [] {
      check(program, recipes, &checker)
    }
    if target.isDisc {
      for (isWritten, name, place) in [
        (
          target.values[ImageRule.table] != nil, ImageRule.table.name,
          target.values.keyLocation(ImageRule.table)
        ),
        (
          target.values[ImageRule.size] != nil, ImageRule.size.name,
          target.values.keyLocation(ImageRule.size)
        ),
      ] where isWritten {
        checker.error(
          "\(quoted(name)) is for a stick, and \(quoted(target.path)) is a disc", at: place,
          help: "remove it, or give the target a name that does not end in .iso")
      }
    }
  }

  /// What a firmware can start, as far as the recipe shows.
  private static func check(
    _ program: StickProgram, _ recipes: RecipeSet, _ checker: inout Checker
  ) {
    let reference = program.reference
    guard let made = recipes.target(reference.name) else {
      let path = absolutePath(reference.name, from: reference.folder)
      if case .success(.folder) = LocalFile.kind(path) {
        checker.error("\(quoted(reference.name)) is a folder", at: reference.location)
      }
      return
    }
    guard let goal = made.values[IPXERule.goal], !program.firmware.starts(goal) else { return }
    let fitting = StickFirmware.allCases.first { $0.starts(goal) }
    checker.error(
      "\(program.firmware.name) cannot start \(quoted(made.path)), \(goal.text), from a stick",
      at: reference.location, notes: [.init("it is defined here", at: made.location)],
      help: fitting.map { "name it with \($0.rawValue):" }
        ?? "name a target that is ipxe: \(program.firmware.usualGoal)")
  }
}

extension Target {
  /// True for an image of a disc; other images are of sticks.
  var isDisc: Bool { path.lowercased().hasSuffix(".iso") }
}
