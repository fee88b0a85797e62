import BuildEngine

/// What Debian's package `ipxe` can stand in for when iPXE's source cannot be reached.
enum IPXEPrebuilt {
  /// What a USB image of a kind made from Debian's binaries cannot do. iPXE has looked for a script
  /// beside an EFI binary since 2021; Debian 12 ships one of 2019.
  private static let usbLimitations = [
    "efi":
      "an iPXE from before 2021, such as Debian 12's, does not read the script from an EFI stick"
      + " and does what DHCP says"
  ]

  /// What iPXE does of itself without a script inside.
  private static let ownScript = Array("#!ipxe\nautoboot\n".utf8)

  private enum StandIn {
    /// A file of the package as it is.
    case file(String)
    /// An image made from one of its files, by the name that the built-in knows it by.
    case usb(kind: String, program: String, path: String)
  }

  static func whenUnreachable(
    _ target: Target, _ goal: MakeGoal, _ source: Source, _ planner: inout Planner
  ) throws(RecipeErrors) -> WhenUnreachable {
    guard let package = source.prebuiltPackage else {
      return target.isOptional ? .skip(reason: nil) : .fail(advice: nil)
    }
    guard planner.options.allowPrebuilt else {
      return target.isOptional
        ? .skip(reason: nil)
        : .fail(advice: "--allow-prebuilt lets Debian's package \(package) stand in")
    }
    guard let standIn = standIn(for: goal) else {
      return .skip(reason: "Debian's package \(package) has no \(goal.text) to stand in")
    }
    let debian = planner.package(package, at: source.location)
    switch standIn {
    case .file(let path):
      return .standIn(
        debian.files.appending(path), version: debian.version,
        limitation: limitation(of: target, scriptRuns: false))
    case .usb(let kind, let program, let path):
      let image = try usbImage(target, kind, program, debian.files.appending(path), &planner)
      let parts = [usbLimitations[kind], limitation(of: target, scriptRuns: true)]
      let text = parts.compactMap { $0 }.joined(separator: "; ")
      return .standIn(image, version: debian.version, limitation: text.isEmpty ? nil : text)
    }
  }

  private static func standIn(for goal: MakeGoal) -> StandIn? {
    if goal.isBIOS {
      switch goal.file {
      case "undionly.kpxe", "undionly.kkpxe", "ipxe.pxe": return .file("usr/lib/ipxe/\(goal.file)")
      case "ipxe.lkrn": return .file("boot/ipxe.lkrn")
      case "ipxe.usb": return .usb(kind: "bios", program: "ipxe.lkrn", path: "boot/ipxe.lkrn")
      default: return nil
      }
    }
    guard goal.folder == "bin-x86_64-efi" else { return nil }
    switch goal.file {
    // Below usr/lib/ipxe it is an absolute link to this one.
    case "ipxe.efi": return .file("boot/ipxe.efi")
    case "snponly.efi": return .file("usr/lib/ipxe/snponly.efi")
    case "ipxe.usb": return .usb(kind: "efi", program: "ipxe.efi", path: "boot/ipxe.efi")
    default: return nil
    }
  }

  private static func usbImage(
    _ target: Target, _ kind: String, _ program: String, _ binary: Artifact,
    _ planner: inout Planner
  ) throws(RecipeErrors) -> Artifact {
    var inputs = [program: binary, "script": .bytes(ownScript)]
    var parameters = ["kind": kind, "script": "autoboot.ipxe"]
    if let script = target.values[IPXERule.embed]?.first {
      inputs["script"] = try planner.artifact(of: script)
      parameters["script"] = baseName(script.name)
    }
    let id = planner.plan.add(
      PlannedAction(
        name: "\(target.path): stand-in", rule: target.rule.ruleVersion,
        operation: .builtIn("prebuilt-usb", version: 1, parameters: parameters), inputs: inputs,
        outputs: ["image"],
        tools: ["mformat", "mcopy"] + (kind == "bios" ? ["syslinux"] : []),
        origin: "\(target.location)"))
    return .output(id, path: "image")
  }

  /// What a stick cannot do that has a stand-in for a target on it, with the script beside it.
  static func stickLimitations(of target: Target, isEFI: Bool) -> [String] {
    let ownKind = isEFI ? usbLimitations["efi"] : nil
    return [ownKind, limitation(of: target, scriptRuns: true)].compactMap(\.self)
  }

  /// What the recipe asks for and a binary compiled elsewhere does not have.
  private static func limitation(of target: Target, scriptRuns: Bool) -> String? {
    let values = target.values
    var parts: [String] = []
    let embedded = (values[IPXERule.embed] ?? []).map { baseName($0.name) }
    let missing = scriptRuns ? Array(embedded.dropFirst()) : embedded
    if !missing.isEmpty {
      let names = missing.joined(separator: ", ")
      parts.append(
        scriptRuns
          ? "\(names) is not in it"
          : "\(names) is not in it, so DHCP has to hand out the script's URL")
    }
    let keys = [
      IPXERule.config.name, IPXERule.trust.name, IPXERule.certificates.name,
      IPXERule.privateKey.name, IPXERule.debug.name, IPXERule.patches.name,
    ].filter(values.isWritten)
    if !keys.isEmpty {
      parts.append("it is built without the recipe's \(keys.joined(separator: ", "))")
    }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }
}
