import BuildEngine

/// `ipxe: bin/undionly.kpxe` — a boot program compiled from iPXE's source.
enum IPXERule {
  static let goal = Key(
    "ipxe", .makeGoal, isRequired: true,
    "What upstream's make calls it, like bin/undionly.kpxe or bin-x86_64-efi/ipxe.efi.")
  static let source = Key("source", .source, isRequired: true, "The source with iPXE's code.")
  static let embed = Key(
    "embed", .oneOrList(.artifact), "Scripts or images to put inside; the first one is run.")
  static let config = Key(
    "config", .config, "Options by header: {console.h: {CONSOLE_SERIAL: true}}.")
  static let trust = Key(
    "trust", .oneOrList(.artifact), "Certificates to trust as roots (PEM), in place of iPXE's own.")
  static let certificates = Key(
    "certificates", .oneOrList(.artifact), "Certificates to put inside (PEM).")
  static let privateKey = Key(
    "private-key", .artifact, "The client's private key to put inside (PEM).")
  static let debug = Key(
    "debug", .oneOrList(.debugObject), "Objects that print debug messages: [dhcp, net:3].")
  static let cross = Key(
    "cross", .crossPrefix, "The prefix of the compiler's name: aarch64-linux-gnu-.")
  static let patches = Key(
    "patches", .oneOrList(.artifact), "Unified diffs to apply to the source, in order.")

  static let rule = Rule(
    name: "ipxe", version: 1, summary: "A boot program compiled from iPXE's source.",
    keys: [
      goal.description, source.description, embed.description, config.description,
      trust.description, certificates.description, privateKey.description, debug.description,
      cross.description, patches.description,
    ],
    check: IPXECheck.values, checkReferences: IPXECheck.references, plan: plan)

  private static func plan(_ target: Target, _ planner: inout Planner) throws(RecipeErrors)
    -> RulePlan
  {
    let values = target.values
    guard let goal = values[goal], let reference = values[source],
      let source = planner.recipes.source(reference.name)
    else { return RulePlan(artifact: .bytes([])) }
    let code = try planner.code(of: source)
    var inputs: [String: Artifact] = ["source": code.tree, "commit-time": code.commitTime]
    var parameters = [
      "goal": goal.text, "goals": planner.sharedGoals(with: target).joined(separator: ","),
      "commit": code.commit, "debug": (values[debug] ?? []).joined(separator: ","),
      "cross": values[cross] ?? "",
    ]
    parameters["embed"] = try planner.add(values[embed], to: "embed", &inputs)
    parameters["trust"] = try planner.add(values[trust], to: "trust", &inputs)
    parameters["certificates"] = try planner.add(values[certificates], to: "certificates", &inputs)
    parameters["private-key"] = try planner.add(
      values[privateKey].map { [$0] }, to: "private-key", &inputs)
    for (header, defines) in values[config] ?? [:] {
      inputs["config/\(header)"] = .bytes(IPXEConfig.text(of: defines))
    }
    for (index, patch) in (values[patches] ?? []).enumerated() {
      let digits = String(index + 1)
      let number = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
      inputs["patches/\(number)-\(baseName(patch.name))"] = try planner.artifact(of: patch)
    }
    if let linkSets = planner.linkSets { inputs["link-sets"] = linkSets }
    let id = planner.plan.add(
      PlannedAction(
        name: target.path, rule: target.rule.ruleVersion,
        operation: .builtIn("ipxe", version: 1, parameters: parameters), inputs: inputs,
        outputs: ["product"], tools: IPXETools.names(for: target), origin: "\(target.location)"))
    return RulePlan(
      artifact: .output(id, path: "product"), isCompiled: true,
      whenUnreachable: try IPXEPrebuilt.whenUnreachable(target, goal, source, &planner))
  }
}

/// Programs that a build of iPXE runs, whose bytes are part of the action key.
enum IPXETools {
  static func names(for target: Target) -> [String] {
    let values = target.values
    let prefix = values[IPXERule.cross] ?? ""
    let compiler = ["gcc", "as", "ld", "ar", "objcopy", "objdump", "ranlib", "nm"]
    var names = compiler.map { prefix + $0 }
    // Host programs are compiled for this machine even in a cross build.
    if !prefix.isEmpty { names += ["gcc", "as", "ld"] }
    names += ["make", "perl", "sh", "awk", "cksum", "sed"]
    if values[IPXERule.patches] != nil { names.append("patch") }
    let signs = [IPXERule.trust, IPXERule.certificates].contains { values[$0] != nil }
    if signs || values[IPXERule.privateKey] != nil { names.append("openssl") }
    // zbin, which packs the BIOS programs, is compiled on the way and links it.
    names.append("liblzma.so")
    guard let goal = values[IPXERule.goal] else { return names }
    let isMedium = goal.suffix == "iso" || (goal.suffix == "usb" && goal.isEFI)
    if isMedium || goal.suffix == "sdsk" { names += ["mformat", "mcopy", "truncate"] }
    if goal.suffix == "iso" { names.append("xorriso") }
    if goal.suffix == "iso" && !goal.isEFI {
      names += [
        "/usr/lib/ISOLINUX/isolinux.bin", "/usr/lib/syslinux/modules/bios/ldlinux.c32",
      ]
    }
    if goal.suffix == "sdsk" { names.append("syslinux") }
    return names
  }
}

func baseName(_ path: String) -> String {
  path.split(separator: "/").last.map(String.init) ?? path
}
