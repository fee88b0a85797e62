/// What items of typed menus load over protocols that the programs of the machines that see them do not
/// have. Only what a recipe chose is told of: pxebuild writes the rest of a menu itself.
struct MenuProtocolCheck {
  private let site: ScriptSite
  private let programs: [(program: CompiledProgram, boots: BootProgram)]

  init(_ site: ScriptSite) {
    self.site = site
    programs = site.programs.compactMap { program in
      BootProgram(program.target).map { (program, $0) }
    }
  }

  func run(_ checker: inout Checker) {
    for target in site.recipes.targets where target.ruleName == MenuRule.rule.name {
      for line in target.values[MenuRule.items] ?? [] {
        for reference in line.values.values(of: ServedReference.self) {
          check(reference, of: line, &checker)
        }
      }
    }
  }

  private func check(
    _ reference: ServedReference, of line: MenuLine, _ checker: inout Checker
  ) {
    let url: String?
    var notes: [Diagnostic.Note] = []
    switch reference.place {
    case .elsewhere(let address): url = address
    case .tree:
      url = site.recipes.site.http
      notes = [.init("menus load targets from site.http, \(url ?? "")")]
    }
    let isDisk = line.kind.name == ItemKind.sanboot.name
    guard let url, let scheme = SiteAddress.scheme(url),
      let options = UpstreamProtocol.options(scheme, asDisk: isDisk)
    else { return }
    let machines = programs.filter { sees(line, $0.boots) }.map(\.program)
    for option in options {
      let lacking = machines.filter { $0.has(option) == .no }
      guard !lacking.isEmpty else { continue }
      if case .tree = reference.place, !checker.isFirst("menus need \(option)") { continue }
      let names = CompiledCheck.listed(lacking.map(\.target.path))
      checker.warn(
        "\(names) \(lacking.count == 1 ? "does" : "do") not have the protocol \(scheme)",
        at: reference.location, notes: notes,
        help: CompiledCheck.help(for: option, in: lacking))
    }
  }

  /// True when a machine that a program boots is shown an item.
  private func sees(_ line: MenuLine, _ program: BootProgram) -> Bool {
    if let platforms = line.values[ItemKeys.platform], !platforms.contains(program.platform) {
      return false
    }
    guard let architectures = line.values[ItemKeys.architecture],
      let architecture = program.architecture
    else { return true }
    return architectures.contains(architecture)
  }
}
