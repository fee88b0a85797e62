/// Checks `signing:` and `secure-boot:` against the targets: what is named is there, and the programs that verify can.
struct SigningCheck {
  private let recipes: RecipeSet

  init(_ recipes: RecipeSet) { self.recipes = recipes }

  func run(_ checker: inout Checker) {
    if let signing = recipes.site.signing {
      for file in signing.files { checkTarget(file, &checker) }
      checkNames(&checker)
      checkTrust(in: signing, &checker)
      if signing.verifies {
        checkCommands(signing, &checker)
        checkMenus(&checker)
      }
    }
    if let secureBoot = recipes.site.secureBoot { check(secureBoot, &checker) }
  }

  private func checkTarget(_ file: LocatedText, _ checker: inout Checker) {
    guard recipes.owner(of: file.text) == nil else { return }
    checker.error(
      "there is no target \(quoted(file.text))", at: file.location,
      help: checker.help(for: file.text, among: recipes.targets.map(\.path))
        ?? "a target's name is its path; a path inside a target that is a folder will do too")
  }

  /// A target in the place of a signature.
  private func checkNames(_ checker: inout Checker) {
    for target in recipes.targets {
      guard let signed = Site.Signing.signedFile(of: target.path),
        recipes.owner(of: signed) != nil
      else { continue }
      checker.error(
        "target \(quoted(target.path)) has the name of the signature of \(quoted(signed))",
        at: target.location, help: "remove it: with signing: in site: pxebuild makes the signature")
    }
  }

  // MARK: The programs that verify

  /// What a program has as its roots: `trust:`, or iPXE's own authority.
  private func checkTrust(in signing: Site.Signing, _ checker: inout Checker) {
    var doubting: [Target] = []
    for target in recipes.targets where target.ruleName == IPXERule.rule.name {
      guard let roots = roots(of: target) else { continue }
      if !roots.contains(where: signing.certificate.certificates.contains) {
        doubting.append(target)
      }
    }
    guard let first = doubting.first else { return }
    let names = CompiledCheck.listed(doubting.map(\.path))
    let isOne = doubting.count == 1
    checker.report(
      "\(names) \(isOne ? "trusts" : "trust") none of the certificates of site.signing",
      isError: signing.verifies, at: signing.certificate.location,
      notes: [
        .init(
          "its imgverify refuses what is signed here",
          at: first.values.isWritten(IPXERule.trust.name)
            ? first.values.location(IPXERule.trust) : first.location)
      ],
      help:
        "give \(isOne ? "it" : "them") trust: FILE with the root certificate, and let the file here "
        + "end with that root")
  }

  /// The certificates that a program trusts, in DER; nil where the recipes alone do not show them.
  private func roots(of target: Target) -> [[UInt8]]? {
    var roots: [[UInt8]] = []
    for reference in target.values[IPXERule.trust] ?? [] {
      let path: String
      if let made = recipes.target(reference.name) {
        guard made.ruleName == FileRule.rule.name, made.values[FileRule.source] == nil else {
          return nil
        }
        path = FileRule.localPath(of: made)
      } else {
        path = absolutePath(reference.name, from: reference.folder)
      }
      guard case .success(let bytes) = LocalFile.read(path, atMost: 1 << 20) else { return nil }
      // iPXE's make takes the fingerprint of the first one of each file.
      roots += PEMText(bytes).certificates.prefix(1)
    }
    return roots
  }

  /// Menus that verify need a command that no iPXE has by default.
  private func checkCommands(_ signing: Site.Signing, _ checker: inout Checker) {
    let menus = recipes.targets.filter { $0.ruleName == MenuRule.rule.name }
    guard let menu = menus.first else { return }
    let option = "IMAGE_TRUST_CMD"
    let lacking = recipes.targets.compactMap { CompiledProgram($0, recipes) }.filter {
      $0.has(option) == .no
    }
    guard !lacking.isEmpty else { return }
    let names = CompiledCheck.listed(lacking.map(\.target.path))
    checker.report(
      "\(names) \(lacking.count == 1 ? "does" : "do") not have the command \"imgverify\"",
      isError: lacking.contains(where: \.isSure), at: lacking[0].target.location,
      notes: [.init("menus that verify need it", at: menu.location)],
      help: CompiledCheck.help(for: option, in: lacking))
  }

  // MARK: What cannot be verified

  private func checkMenus(_ checker: inout Checker) {
    for target in recipes.targets where target.ruleName == MenuRule.rule.name {
      for line in target.values[MenuRule.items] ?? [] {
        for reference in line.values.values(of: ServedReference.self) {
          check(reference, of: line, &checker)
        }
      }
      let pages = (target.values[MenuRule.machines] ?? []).map(\.page)
      for reference in pages + [target.values[MenuRule.background]].compactMap({ $0 }) {
        check(reference, of: nil, &checker)
      }
    }
  }

  private func check(
    _ reference: ServedReference, of line: MenuLine?, _ checker: inout Checker
  ) {
    if line?.kind.name == ItemKind.sanboot.name {
      checker.warn(
        "iPXE verifies nothing of what sanboot reads", at: reference.location,
        help:
          "boot the image's kernel with linux:, or have this menu without verify: in site.signing")
      return
    }
    guard case .elsewhere(let url) = reference.place else { return }
    checker.error(
      "menus verify what they load, and nothing here signs \(quoted(url))",
      at: reference.location,
      help: "make it a target with fetch:, which is signed like everything that menus load")
  }

  // MARK: Secure Boot

  private func check(_ secureBoot: Site.SecureBoot, _ checker: inout Checker) {
    guard let wanted = secureBoot.targets else {
      if recipes.efiPrograms.isEmpty {
        checker.warn(
          "secure-boot: signs nothing: no target is an EFI program that is compiled",
          at: secureBoot.certificate.location,
          help: "name targets with targets:, or remove secure-boot:")
      }
      return
    }
    for path in wanted {
      guard let target = recipes.target(path.text) else {
        checkTarget(path, &checker)
        if let owner = recipes.owner(of: path.text) {
          checker.error(
            "\(quoted(path.text)) is inside target \(quoted(owner.target.path))",
            at: path.location, help: "only targets that are one file are signed for Secure Boot")
        }
        continue
      }
      let isText = [ScriptRule.rule.name, MenuRule.rule.name].contains(target.ruleName)
      guard isText || target.values[IPXERule.goal].map({ !$0.isEFIProgram }) == true else {
        continue
      }
      checker.error(
        "target \(quoted(target.path)) is no EFI program", at: path.location,
        notes: [.init("it is defined here", at: target.location)],
        help:
          "name targets like ipxe: bin-x86_64-efi/ipxe.efi; what is inside of images is not signed")
    }
  }
}

extension MakeGoal {
  /// True for a program that UEFI firmware starts, rather than an image or a driver with one inside.
  fileprivate var isEFIProgram: Bool { isEFI && suffix == "efi" }
}

extension RecipeSet {
  /// The paths of compiled EFI programs, in the order of the recipes.
  var efiPrograms: [String] {
    targets.filter { $0.values[IPXERule.goal]?.isEFIProgram == true }.map(\.path)
  }

  /// The targets to sign for Secure Boot; empty without `secure-boot:`.
  public var secureBootTargets: Set<String> {
    guard let secureBoot = site.secureBoot else { return [] }
    return Set(secureBoot.targets?.map(\.text) ?? efiPrograms)
  }

  /// The target that serves a file of this machine, whose path is absolute; nil for none.
  public func target(serving path: String) -> Target? {
    targets.first { target in
      guard target.ruleName == FileRule.rule.name, target.values[FileRule.source] == nil else {
        return false
      }
      let served = FileRule.localPath(of: target)
      return path == served || path.hasPrefix(served + "/")
    }
  }
}
