import BootLab
import Recipes

/// One kind of machine and one way to its boot program, with what the recipes have for it.
struct BootCombination: Sendable, Equatable {
  enum Outlook: Sendable, Equatable {
    case boots
    /// Why it cannot be tried.
    case skipped(because: String)
  }

  var firmware: Firmware
  var method: BootMethod
  /// What it boots; nil when the recipes have nothing for it.
  var target: String?
  var outlook: Outlook

  /// "x64 UEFI by PXE".
  var name: String { "\(firmware.name) by \(method.name)" }

  /// What was asked for on the command line.
  struct Request: Sendable {
    /// Nil for all of them.
    var firmware: Firmware?
    var method: BootMethod?
    /// Empty for all targets.
    var targets: [String] = []
  }

  /// Everything that fits a request, in a fixed order: what the recipes have something for, and a line for each
  /// kind of machine that they have nothing for. More of that is there only when it was asked for by name.
  ///
  /// - Parameter placed: The targets that the tree has.
  static func all(_ recipes: RecipeSet, _ request: Request, placed: Set<String>) -> [Self] {
    let all = Firmware.allCases.filter { request.firmware ?? $0 == $0 }.flatMap { firmware in
      BootMethod.allCases.filter { request.method ?? $0 == $0 }.flatMap { method in
        combinations(recipes, firmware, method, placed: placed)
      }
    }
    return all.filter { combination in
      if let target = combination.target {
        return request.targets.isEmpty || request.targets.contains(target)
      }
      guard request.targets.isEmpty else { return false }
      let isPossible = combination.firmware != .bios || combination.method != .http
      if request.firmware != nil || request.method != nil {
        return isPossible || (request.firmware != nil && request.method != nil)
      }
      return combination.method == .pxe
    }
  }

  /// The order in which they are best started, as indices: long ones before short ones, so that no processor is
  /// left with a long one at the end; but the first one first, since its result is printed first.
  static func startOrder(_ combinations: [Self]) -> [Int] {
    let others = combinations.indices.dropFirst()
    // Those that take as long keep their order.
    return combinations.indices.prefix(1)
      + others.sorted {
        (combinations[$1].usualSeconds, $0) < (combinations[$0].usualSeconds, $1)
      }
  }

  /// How long it takes to the menu where the translator runs the machine, in seconds.
  private var usualSeconds: Int {
    switch (firmware, method) {
    case (.bios, .usb), (.bios, .iso): 6
    case (.bios, _): 12
    case (_, .usb), (_, .iso): 14
    case (_, .http): 15
    case (_, .pxe): 19
    }
  }

  private static func combinations(
    _ recipes: RecipeSet, _ firmware: Firmware, _ method: BootMethod, placed: Set<String>
  ) -> [Self] {
    func one(_ target: String?, _ why: String) -> Self {
      let outlook: Outlook =
        switch target {
        case nil: .skipped(because: why)
        case let target? where !placed.contains(target):
          .skipped(because: "\(target) is not in the tree")
        case _?: .boots
        }
      return Self(firmware: firmware, method: method, target: target, outlook: outlook)
    }
    let architecture = method == .http ? firmware.httpArchitecture : firmware.pxeArchitecture
    guard let architecture else { return [one(nil, "a BIOS does not boot over HTTP")] }
    if method.isMedium {
      let kind: BootMedium = method == .usb ? .stick : .disc
      let media = recipes.media(kind, architecture: firmware.pxeArchitecture)
      let why = "no target is a \(kind == .stick ? "stick" : "disc") for it"
      return media.isEmpty ? [one(nil, why)] : media.map { one($0, why) }
    }
    let absent = Set(recipes.targets.map(\.path)).subtracting(placed)
    let found =
      recipes.offered(architecture: architecture, absent: absent)
      ?? recipes.offered(architecture: architecture, absent: [])
    return [one(found, "no target is for it")]
  }
}
