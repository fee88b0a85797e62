/// The versions of iPXE between which the tables of commands and options tell a difference.
enum UpstreamVersion: Int, CaseIterable, Comparable, Sendable {
  case v1_20_1, v1_21_1, v2_0_0
  /// The commit of upstream's master that the tables were last compared with.
  case newest

  static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

  /// What git knows it by.
  var commit: String {
    switch self {
    case .v1_20_1: "8f1514a00450119b04b08642c55aa674bdf5a4ef"
    case .v1_21_1: "988d2c13cdf0f0b4140685af35ced70ac5b3283c"
    case .v2_0_0: "12798ec29aa8a64d8675c4378b99f5fe28447afb"
    case .newest: "0ab2277c40f1de56c736b9e7db7ee23d52509ec5"
    }
  }

  /// For messages.
  var name: String {
    switch self {
    case .v1_20_1: "v1.20.1"
    case .v1_21_1: "v1.21.1"
    case .v2_0_0: "v2.0.0"
    case .newest: "upstream's master of August 2026"
    }
  }

  /// The version that a source names; nil for any other tag or commit, and for a branch, which moves.
  init?(_ reference: GitReference) {
    let found = Self.allCases.first {
      switch reference {
      case .tag(let name): name == $0.name
      case .commit(let name): name == $0.commit
      case .branch: false
      }
    }
    guard let found else { return nil }
    self = found
  }
}

/// What the defaults of iPXE's configuration differ by.
enum UpstreamMachine: CaseIterable, Sendable {
  case bios
  /// EFI on i386 and x86_64.
  case efiX86
  /// EFI on anything else.
  case efiOther

  /// Nil for the programs of other platforms (Linux, SBI), which nobody boots over a network.
  init?(_ goal: MakeGoal) {
    if goal.isBIOS {
      self = .bios
    } else if goal.isEFI {
      let parts = goal.folder.split(separator: "-")
      self = parts.contains("i386") || parts.contains("x86_64") ? .efiX86 : .efiOther
    } else {
      return nil
    }
  }
}
