import BuildEngine

/// `nbi: ipxe.efi` — a NetBoot folder for Macs that holds an EFI boot program.
enum NBIRule {
  static let program = Key(
    "nbi", .artifact, isRequired: true, "The EFI boot program, a target or a file.")
  static let name = Key(
    "name", .netBootName, "What a Mac shows; the folder's name without .nbi when left out.")
  static let description = Key(
    "description", .line, "A sentence about it for the server's own list.")
  static let index = Key(
    "index", .netBootIndex, "The folder's number, 1 to 65535; 1 when left out.")
  static let isDefault = Key(
    "default", .boolean,
    "false: offer it beside another one that Macs take unasked; true when left out.")
  static let models = Key(
    "models", .oneOrList(.macModel), "The Macs that are offered it: [iMac14,2]; all when left out.")
  static let boards = Key(
    "boards", .oneOrList(.macBoard), "The same by board identifiers: [Mac-031B6874CF7F642A].")

  static let rule = Rule(
    name: "nbi", version: 1, summary: "A NetBoot folder for Macs.",
    keys: [
      program.description, name.description, description.description, index.description,
      isDefault.description, models.description, boards.description,
    ], check: check, checkReferences: checkReferences, plan: plan)

  // MARK: Checks

  private static func check(_ record: Record, _ checker: inout Checker) {
    if record.isWritten(TargetKeys.boots.name) {
      checker.error(
        "a DHCP server offers a file, not a NetBoot folder",
        at: record.keyLocation(TargetKeys.boots),
        help: "put \"boots\" on the target with the boot program")
    }
  }

  private static func checkReferences(
    _ target: Target, _ recipes: RecipeSet, _ checker: inout Checker
  ) {
    if !target.path.hasSuffix(".nbi") || baseName(target.path) == ".nbi" {
      checker.error(
        "a NetBoot folder's name ends in .nbi, found \(quoted(target.path))", at: target.location,
        help: "servers know the folder by it: rename the target to \(target.path).nbi")
    }
    checkProgram(of: target, recipes, &checker)
    let earlier = recipes.targets.prefix { $0.path != target.path }.filter {
      $0.ruleName == rule.name
    }
    checkIndex(of: target, earlier, &checker)
    checkDefault(target, earlier, &checker)
  }

  /// What a Mac's firmware can start, as far as the recipe shows.
  private static func checkProgram(
    of target: Target, _ recipes: RecipeSet, _ checker: inout Checker
  ) {
    guard let reference = target.values[program] else { return }
    guard let made = recipes.target(reference.name) else {
      let path = absolutePath(reference.name, from: reference.folder)
      if case .success(.folder) = LocalFile.kind(path) {
        checker.error("\(quoted(reference.name)) is a folder", at: reference.location)
      }
      return
    }
    guard let goal = made.values[IPXERule.goal] else { return }
    let architecture = goal.folder.split(separator: "-").dropFirst().first
    guard goal.isEFI, goal.suffix == "efi", architecture == "x86_64" || architecture == "i386"
    else {
      checker.error(
        "a Mac cannot start \(quoted(made.path)), which is \(goal.text)", at: reference.location,
        notes: [.init("it is defined here", at: made.location)],
        help: "Intel Macs start bin-x86_64-efi/ipxe.efi, those of before 2008 bin-i386-efi/ipxe.efi"
      )
      return
    }
  }

  private static func checkIndex(
    of target: Target, _ earlier: [Target], _ checker: inout Checker
  ) {
    let number = target.values[index] ?? 1
    guard let other = earlier.first(where: { $0.values[index] ?? 1 == number }) else { return }
    checker.error(
      "two NetBoot folders have the index \(number)", at: target.values.location(index),
      notes: [.init("the other one is here", at: other.values.location(index))],
      help: "servers and Macs tell them apart by it: write another index:")
  }

  private static func checkDefault(
    _ target: Target, _ earlier: [Target], _ checker: inout Checker
  ) {
    guard target.values[isDefault] ?? true,
      let other = earlier.first(where: { $0.values[isDefault] ?? true })
    else { return }
    checker.error(
      "two NetBoot folders are the default", at: target.values.location(isDefault),
      notes: [.init("the other one is here", at: other.values.location(isDefault))],
      help: "write default: false on one of the two")
  }

  // MARK: Planning

  private static func plan(_ target: Target, _ planner: inout Planner) throws(RecipeErrors)
    -> RulePlan
  {
    let values = target.values
    guard let reference = values[program] else { return RulePlan(artifact: .bytes([])) }
    let title = values[name] ?? String(baseName(target.path).dropLast(".nbi".count))
    let folder = NetBootFolder(
      name: title, description: values[description] ?? title, index: values[index] ?? 1,
      isDefault: values[isDefault] ?? true, models: values[models] ?? [],
      boards: values[boards] ?? [])
    var inputs = folder.files.mapValues { Artifact.bytes($0) }
    inputs["\(NetBootFolder.architecture)/\(NetBootFolder.bootFile)"] =
      try planner.artifact(of: reference)
    let id = planner.plan.add(
      PlannedAction(
        name: target.path, rule: target.rule.ruleVersion,
        operation: .builtIn("assemble", version: 1, parameters: [:]), inputs: inputs,
        outputs: ["folder"], origin: "\(target.location)"))
    return RulePlan(artifact: .output(id, path: "folder"))
  }
}

extension ValueType<String> {
  /// A folder's name for people. All names of a server have to fit in one DHCP option, so it is short.
  static var netBootName: ValueType {
    .scalar("a name of at most 128 bytes", schema: anyScalarSchema) { text, scalar, checker in
      let isLine = !text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f }
      if !text.isEmpty, text.utf8.count <= 128, isLine { return text }
      checker.error(
        text.utf8.count > 128
          ? "expected a name of at most 128 bytes, this has \(text.utf8.count)"
          : "expected a name of one line, found \(quoted(text))", at: scalar.location)
      return nil
    }
  }

  /// What a Mac calls itself: letters, a number, a comma, a number.
  static var macModel: ValueType {
    .scalar("the model of a Mac", schema: textSchema(pattern: "[A-Za-z]+[0-9]+,[0-9]+")) {
      text, scalar, checker in
      if isMacModel(text) { return text }
      checker.error(
        "expected the model of a Mac, found \(quoted(text))", at: scalar.location,
        help: "write it like \"MacBookPro11,3\", between quotes inside [ ]; "
          + "sysctl hw.model prints it on the Mac")
      return nil
    }
  }

  private static func isMacModel(_ text: String) -> Bool {
    let halves = text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    guard halves.count == 2, let first = halves.first, let last = halves.last else { return false }
    let letters = first.prefix(while: isLetter)
    let digits = first.dropFirst(letters.count)
    return !letters.isEmpty && !digits.isEmpty && !last.isEmpty
      && (Array(digits) + Array(last)).allSatisfy(isDigit)
  }

  /// "Mac-" and hexadecimal digits.
  static var macBoard: ValueType {
    .scalar("the board identifier of a Mac", schema: textSchema(pattern: "Mac-[0-9A-F]+")) {
      text, scalar, checker in
      let digits = text.utf8.dropFirst(4)
      if text.hasPrefix("Mac-"), !digits.isEmpty, digits.allSatisfy(isHexadecimal),
        text.uppercased().dropFirst(4) == text.dropFirst(4)
      {
        return text
      }
      checker.error(
        "expected the board identifier of a Mac, found \(quoted(text))", at: scalar.location,
        help: "write it like Mac-031B6874CF7F642A; ioreg -l | grep board-id prints it on the Mac")
      return nil
    }
  }
}

extension ValueType<Int> {
  /// BSDP has 16 bits for it; 0 means none (Apple's `bsdp.h`).
  static var netBootIndex: ValueType {
    .scalar("a number from 1 to 65535", schema: textSchema(pattern: "[1-9][0-9]{0,4}")) {
      text, scalar, checker in
      if text.utf8.allSatisfy(isDigit), let number = Int(text),
        (1...65535).contains(number)
      {
        return number
      }
      checker.error(
        "expected a number from 1 to 65535, found \(quoted(text))", at: scalar.location)
      return nil
    }
  }
}
