/// What iPXE's `${platform}` says: the kind of firmware a boot program runs on.
enum Platform: String, CaseIterable, Sendable {
  case pcbios, efi
}

/// What iPXE's `${buildarch}` says: what a boot program is compiled for.
enum BuildArchitecture: String, CaseIterable, Sendable {
  case i386, x86_64, arm64
}

/// A target that machines boot: what it runs on, and which requests a DHCP server answers with it.
struct BootProgram: Sendable {
  let target: Target
  let platform: Platform
  /// Nil for an architecture that no menu can ask for (arm32, loong64, …).
  let architecture: BuildArchitecture?
  /// The machines that fetch it over the network; none for a USB image, an ISO or a ROM.
  let clients: [ClientArchitecture]

  /// What the recipe says by itself: the make target of what is compiled here, the usual names of what is
  /// not, and `boots:` before both. Nil for a target that nobody boots.
  init?(_ target: Target) {
    self.target = target
    let written = target.values[TargetKeys.boots]
    guard let found = Self.kind(target) ?? written?.first.map(Self.kind(client:)) else {
      return nil
    }
    platform = found.platform
    architecture = found.architecture
    clients = written ?? found.clients
  }

  private typealias Kind = (
    platform: Platform, architecture: BuildArchitecture?, clients: [ClientArchitecture]
  )

  private static func kind(_ target: Target) -> Kind? {
    if let goal = target.values[IPXERule.goal] { return kind(goal: goal) }
    return usualNames[baseName(target.path)].map(kind(client:))
  }

  /// The names that ready-made boot programs have everywhere, with the machine that asks for each.
  private static let usualNames: [String: ClientArchitecture] = [
    "undionly.kpxe": .bios, "ipxe.efi": .efiX64, "snponly.efi": .efiX64, "ipxe32.efi": .efiIA32,
    "ipxe-arm64.efi": .efiARM64,
  ]

  private static func kind(goal: MakeGoal) -> Kind? {
    if goal.isBIOS {
      let isNetworkProgram = ["pxe", "kpxe", "kkpxe", "kkkpxe"].contains(goal.suffix)
      let architecture: BuildArchitecture = goal.folder == "bin-x86_64-pcbios" ? .x86_64 : .i386
      return (.pcbios, architecture, isNetworkProgram ? [.bios] : [])
    }
    guard goal.isEFI else { return nil }
    let isNetworkProgram = goal.suffix == "efi"
    let name = goal.folder.split(separator: "-").dropFirst().first.map(String.init) ?? ""
    let architecture = BuildArchitecture(rawValue: name)
    let first: ClientArchitecture? =
      switch architecture {
      case .i386: .efiIA32
      case .x86_64: .efiX64
      case .arm64: .efiARM64
      case nil: nil
      }
    return (
      .efi, architecture, isNetworkProgram ? first.map { kind(client: $0).clients } ?? [] : []
    )
  }

  private static func kind(client: ClientArchitecture) -> Kind {
    switch client {
    case .bios: (.pcbios, .i386, [.bios])
    case .efiIA32, .httpIA32: (.efi, .i386, [.efiIA32, .httpIA32])
    case .efiX64, .efiX64Old, .httpX64: (.efi, .x86_64, [.efiX64, .efiX64Old, .httpX64])
    case .efiARM64, .httpARM64: (.efi, .arm64, [.efiARM64, .httpARM64])
    }
  }
}

extension RecipeSet {
  /// Every target that machines boot, in the order of the recipes.
  var bootPrograms: [BootProgram] { targets.compactMap { BootProgram($0) } }

  /// True when a target boots machines of a kind: over the network, from a stick, a disc or a ROM.
  /// Looks at every target; who asks often keeps the answer.
  ///
  /// - Parameter architecture: Nil for machines of any architecture.
  func boots(platform: Platform, architecture: BuildArchitecture?) -> Bool {
    bootPrograms.contains {
      $0.platform == platform && (architecture == nil || $0.architecture == architecture)
    }
  }

  /// The target that a DHCP server offers each kind of machine: the one whose `boots:` names it, else the
  /// first one in the recipes that fits. A kind that no target fits is not in it, and is offered nothing.
  var offers: [ClientArchitecture: Target] { Self.offers(of: bootPrograms) }

  /// The same of some of the programs, which stand in the order of the recipes.
  static func offers(of programs: [BootProgram]) -> [ClientArchitecture: Target] {
    let written = programs.filter { $0.target.values[TargetKeys.boots] != nil }
    var result: [ClientArchitecture: Target] = [:]
    for program in written + programs {
      for client in program.clients where result[client] == nil { result[client] = program.target }
    }
    return result
  }
}

/// Checks `boots:` over all targets.
enum BootCheck {
  static func run(_ recipes: RecipeSet, _ checker: inout Checker) {
    var first: [ClientArchitecture: Target] = [:]
    for target in recipes.targets {
      for client in target.values[TargetKeys.boots] ?? [] {
        guard let other = first.updateValue(target, forKey: client), other.path != target.path
        else { continue }
        checker.error(
          "two targets say that they boot architecture \(client.rawValue) (\(client.name))",
          at: target.values.location(TargetKeys.boots),
          notes: [.init("the other one is here", at: other.values.location(TargetKeys.boots))],
          help: "a DHCP server offers one file: keep the number in one of the two")
      }
    }
  }
}
