import BuildEngine

/// `image: {bios: ipxe.lkrn, x64: ipxe.efi}` — an image of a stick, or of a disc, that several kinds of firmware
/// boot.
enum ImageRule {
  static let image = Key(
    "image", .stickPrograms, isRequired: true,
    "The programs by the firmware that starts them: {bios: ipxe.lkrn, x64: ipxe.efi}.")
  static let autoexec = Key(
    "autoexec", .artifact, "A script that the programs run, for those without one inside.")
  static let files = Key(
    "files", .stickFiles, "Other files and folders by their paths: {menu.ipxe: install.ipxe}.")
  static let table = Key(
    "table", .stickTable, "The partition table, mbr or gpt; mbr when left out.")
  static let label = Key(
    "label", .volumeLabel, "The volume's name, at most 11 characters; PXEBUILD when left out.")
  static let size = Key(
    "size", .imageSize, "The image's size: 64M, 2G; what the files need when left out.")

  static let rule = Rule(
    name: "image", version: 1, summary: "A bootable stick or disc for several kinds of firmware.",
    keys: [
      image.description, autoexec.description, files.description, table.description,
      label.description, size.description,
    ], check: StickCheck.values, checkReferences: StickCheck.references, plan: plan)

  private static func plan(_ target: Target, _ planner: inout Planner) throws(RecipeErrors)
    -> RulePlan
  {
    let programs = target.values[image] ?? []
    var artifacts: [StickFirmware: Artifact] = [:]
    for program in programs {
      artifacts[program.firmware] = try planner.artifact(of: program.reference)
    }
    let made = try action(
      target, artifacts, script: target.values[autoexec], name: target.path, &planner)
    return RulePlan(
      artifact: made, whenUnreachable: try StickStandIn.whenUnreachable(target, &planner))
  }

  /// The action that makes the image of some programs.
  static func action(
    _ target: Target, _ programs: [StickFirmware: Artifact], script: ArtifactReference?,
    name: String, _ planner: inout Planner
  ) throws(RecipeErrors) -> Artifact {
    let values = target.values
    var inputs: [String: Artifact] = [:]
    var parameters = [
      "format": target.isDisc ? "disc" : "stick", "name": target.path,
      "table": (values[table] ?? .mbr).rawValue, "label": values[label] ?? "PXEBUILD",
      "size": values[size].map(String.init) ?? "",
    ]
    for program in values[image] ?? [] {
      guard let artifact = programs[program.firmware] else { continue }
      inputs[program.firmware.rawValue] = artifact
      parameters[program.firmware.rawValue] = program.reference.name
    }
    if let script { inputs["autoexec"] = try planner.artifact(of: script) }
    for file in values[files] ?? [] {
      inputs["files/\(file.path)"] = try planner.artifact(of: file.reference)
    }
    let id = planner.plan.add(
      PlannedAction(
        name: name, rule: target.rule.ruleVersion,
        operation: .builtIn("boot-image", version: 1, parameters: parameters), inputs: inputs,
        outputs: ["image"], tools: tools(target, Set(programs.keys)), origin: "\(target.location)"))
    return .output(id, path: "image")
  }

  private static func tools(_ target: Target, _ firmware: Set<StickFirmware>) -> [String] {
    var names: [String] = []
    if !target.isDisc || firmware != [.bios] { names += ["mformat", "mmd", "mcopy"] }
    if target.isDisc { names.append("xorriso") }
    guard firmware.contains(.bios) else { return names }
    if target.isDisc {
      return names + [
        "/usr/lib/ISOLINUX/isolinux.bin", "/usr/lib/ISOLINUX/isohdpfx.bin",
        "/usr/lib/syslinux/modules/bios/ldlinux.c32",
      ]
    }
    let code = target.values[table] == .gpt ? "gptmbr.bin" : "mbr.bin"
    return names + ["syslinux", "/usr/lib/syslinux/mbr/\(code)"]
  }
}
