import ArgumentParser
import BootLab
import BuildEngine
import BuiltIns
import Glibc
import Recipes

extension BootMethod: ExpressibleByArgument {}

/// What `--firmware` may say.
enum FirmwareChoice: String, CaseIterable, ExpressibleByArgument, Sendable {
  case bios
  case uefiX64 = "uefi-x64"
  case uefiIA32 = "uefi-ia32"
  case uefiARM64 = "uefi-arm64"
  case all

  /// Nil for all of them.
  var firmware: Firmware? { Firmware(rawValue: rawValue) }
}

struct BootCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "boot",
    abstract: "Boot the built site in virtual machines, and say what came of it.",
    discussion: """
      Each machine gets a network of its own with the real DHCP, TFTP and HTTP servers, which read the files that \
      pxebuild has written for them. A boot has passed when the firmware has read its boot program, and that \
      program has got something from the HTTP server. Takes QEMU, and half a minute a machine. Without root, \
      QEMU's user network stands in for the servers, and it is said what that leaves untested.
      """)

  @Argument(help: "The targets to boot; all that machines can boot when left out.")
  var targets: [String] = []

  @Option(help: "The machines: bios, uefi-x64, uefi-ia32, uefi-arm64 or all.")
  var firmware = FirmwareChoice.all

  @Option(
    help: "How they come to their boot program: pxe, http, usb or iso; every way when left out.")
  var via: BootMethod?

  @Option(
    help: "The DHCP server: isc, kea, dnsmasq or proxy; the first of the recipes when left out.")
  var dhcp: DHCPChoice?

  @Option(help: "How many seconds a machine may take; it gets a second try when they are up.")
  var timeout = 60

  @Option(
    name: [.customShort("j"), .long],
    help: "How many machines run at a time; one for each processor when left out.")
  var jobs: Int?

  @Option(
    help: "An item of the menu to choose then, TOOLS/MEMTEST in a submenu; its sign of life counts."
  )
  var item: String?

  @Flag(help: "Leave the folder of each lab: what passed on the cable, the console, logs, configs.")
  var keep = false

  @Option(
    help:
      "A folder for a report: index.html, with pictures of the screens and what passed on the cables."
  )
  var report: String?

  @Option(help: "A file for a report as JUnit XML.")
  var junit: String?

  @Flag(help: "Boot one machine and leave its serial console on this terminal; Ctrl-A x leaves it.")
  var interactive = false

  @Option(
    help:
      "With --interactive: show its screen too, as QEMU's -display says it: gtk, sdl, vnc=unix:FILE."
  )
  var display: String?

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func validate() throws {
    guard (1...3600).contains(timeout) else {
      throw ValidationError("--timeout is from 1 to 3600 seconds")
    }
    if let jobs, !(1...256).contains(jobs) {
      throw ValidationError("--jobs is from 1 to 256")
    }
    if display != nil, !interactive { throw ValidationError("--display goes with --interactive") }
    if interactive {
      let others = [
        ("--item", item != nil), ("--report", report != nil), ("--junit", junit != nil),
        ("--json", terminal.json), ("--keep", keep),
      ]
      if let other = others.first(where: { $0.1 }) {
        throw ValidationError("--interactive is for looking around: it goes without \(other.0)")
      }
    }
  }

  func run() async throws {
    let console = Console(terminal)
    let loader = SiteLoader.looking(at: site, console)
    let loaded = try await loader.load(resolving: false)
    try checkTargets(loaded.recipes)
    let item = try item.map { try BootItem($0, loaded) }
    let isRoot = geteuid() == 0
    if isRoot { try BootSite.checkRights(to: "boot a site", command: "boot") }
    let bootSite = try BootSite(loaded, dhcp, onUserNetwork: !isRoot)
    let placed = try bootSite.checkTree(loaded)
    let possible = bootSite.fitted(
      BootCombination.all(
        loaded.recipes, .init(firmware: firmware.firmware, method: via, targets: targets),
        placed: placed), item: item)
    let all = BootSite.skippingForeign(possible)
    if interactive { return try await attend(all, bootSite, console) }
    let combinations = try item?.fitted(all, bootSite) ?? all
    try bootSite.checkPrograms(
      for: combinations.filter { $0.outlook == .boots }, and: item?.programs ?? [])
    let outputs = BootOutputs(report: report.map { .init($0) }, junit: junit.map { .init($0) })
    try outputs.prepare()
    let results = try await Interruption.cancelling {
      try await BootSession(
        site: bootSite,
        options: .init(
          timeout: Double(timeout), item: item, keepsFolders: keep, takesPictures: report != nil),
        outputs: outputs, atATime: jobs ?? BootSession.usualCount, console: console
      ).run(combinations)
    }
    guard results.contains(where: { $0.outcome == .passed }),
      !results.contains(where: { $0.outcome == .failed })
    else { throw ExitStatus.targetFailed.code }
  }

  /// Boots the first machine that there is something for.
  private func attend(_ all: [BootCombination], _ site: BootSite, _ console: Console) async throws {
    guard let first = all.first(where: { $0.outlook == .boots }), let target = first.target else {
      throw BuildError(
        .failed, "there is nothing to boot for such a machine",
        advice: "pxebuild boot without --interactive says what each machine has")
    }
    if display == nil, isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0 {
      throw BuildError(
        .failed, "--interactive needs a terminal",
        reason: "the machine's console is shown on it, and what is typed goes there",
        advice: "run it in one, or show the machine's screen with --display gtk")
    }
    try site.checkPrograms(for: [first])
    try await Interruption.cancelling { [display] in
      let boot = InteractiveBoot(
        site: site, combination: first, target: target,
        accelerator: try await BootSession.accelerator([first]), display: display,
        console: console)
      try await boot.run()
    }
  }

  private func checkTargets(_ recipes: RecipeSet) throws {
    for name in targets where recipes.target(name) == nil {
      throw BuildError(
        .recipe, "there is no target \"\(name.printable)\"",
        advice: "pxebuild plan --recipes \(site.recipeFolder.printable) lists the targets")
    }
  }
}
