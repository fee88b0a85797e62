import BootLab
import BuildEngine
import Downloads
import Glibc
import Recipes
import SystemPackage

/// Chooses an item of the menu on a machine that has come so far, and waits for its sign of life.
struct ItemRun: Sendable {
  let expected: ItemExpectation
  let machine: Machine
  let follower: BootFollower
  let folder: LabFolder
  /// How long it may take from the menu on, in seconds.
  let timeout: Double

  enum Outcome: Sendable, Equatable {
    case passed(ItemEvidence)
    case failed(BootFailure)

    var evidence: ItemEvidence? {
      if case .passed(let evidence) = self { evidence } else { nil }
    }
  }

  /// Returns once it is known; a machine that cannot be reached shows nothing.
  func run() async throws -> Outcome {
    var trial = ItemTrial(expected)
    let start = ContinuousClock.now
    while true {
      try Task.checkCancellation()
      switch trial.look(await view()) {
      case .wait: break
      case .press(let keys): try await press(keys)
      case .passed(let evidence): return .passed(evidence)
      case .failed(let failure): return .failed(failure)
      }
      if start.duration(to: .now) > .seconds(timeout) { return .failed(trial.end(Int(timeout))) }
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  private func view() async -> ItemTrial.View {
    let (record, hasEnded, seconds) = follower.view()
    var screen = ""
    if expected.sign == .memtest, machine.firmware == .bios {
      let file = folder.path.appending("screen").string
      let monitor = machine.monitor
      // A screen that cannot be read shows nothing yet.
      screen =
        (try? await onOwnThread { try MachineMonitor(monitor).screenText(by: file) }) ?? ""
    }
    return .init(
      events: record.events, console: record.console, screen: screen, hasEnded: hasEnded,
      seconds: seconds)
  }

  /// The keyboard of a machine has room for few keys that nobody has read yet.
  private func press(_ keys: [String]) async throws {
    let monitor = machine.monitor
    try await onOwnThread {
      let monitor = try MachineMonitor(monitor)
      for key in keys {
        try monitor.press(key)
        usleep(200_000)
      }
    }
  }
}

extension BootSite {
  /// How a machine comes to an item, and what shows that it boots.
  ///
  /// - Returns: Nil when a menu on the way does not show the item to such a machine.
  func expectation(of route: MenuRoute, on firmware: Firmware) throws -> ItemExpectation? {
    var steps: [ItemExpectation.Step] = []
    for choice in route.choices {
      let script = try FileSystem.read(tree.appending(choice.menu)) ?? []
      let text = String(decoding: script, as: UTF8.self)
      let shown = recipes.menuChoices(of: choice.menu).filter {
        $0.isShown(on: firmware) && RecipeSet.menuScript(text, has: $0.name)
      }
      guard let position = shown.firstIndex(where: { $0.name == choice.name }) else { return nil }
      steps.append(
        .init(
          menu: choice.menuTitle, line: choice.title, hotkey: choice.hotkey, position: position))
    }
    guard let last = route.choices.last else { return nil }
    return ItemExpectation(
      name: route.name, steps: steps, sign: last.sign(on: firmware, recipes))
  }
}

extension MenuChoice {
  fileprivate func isShown(on firmware: Firmware) -> Bool {
    let (platform, architecture) = firmware.settings
    return (platforms.isEmpty || platforms.contains(platform))
      && (architectures.isEmpty || architectures.contains(architecture))
  }

  fileprivate func sign(on firmware: Firmware, _ recipes: RecipeSet) -> ItemSign {
    switch kind {
    case "linux", "debian-installer": .kernel
    case "casper": needsNFS ? .nfsRoot : .kernel
    case "sanboot": .loader(image: file ?? "")
    case "memtest": firmware == .bios ? .memtest : .left
    case "wimboot": .wimboot
    case "shell": .text("iPXE>")
    case "reboot", "poweroff": .end
    case "submenu":
      .text(submenu.flatMap { recipes.menuChoices(of: $0).first?.menuTitle } ?? title)
    default: .left
    }
  }
}

extension Firmware {
  /// What iPXE's `${platform}` and `${buildarch}` say there.
  fileprivate var settings: (platform: String, architecture: String) {
    switch self {
    case .bios: ("pcbios", "i386")
    case .uefiIA32: ("efi", "i386")
    case .uefiX64: ("efi", "x86_64")
    case .uefiARM64: ("efi", "arm64")
    }
  }
}
