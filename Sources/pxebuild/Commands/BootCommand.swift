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
      program has got something from the HTTP server. Takes root, QEMU, and half a minute a machine.
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

  @Flag(help: "Leave the folder of each lab: what passed on the cable, the console, logs, configs.")
  var keep = false

  @Option(
    help:
      "A folder for a report: index.html, with pictures of the screens and what passed on the cables."
  )
  var report: String?

  @Option(help: "A file for a report as JUnit XML.")
  var junit: String?

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func validate() throws {
    guard (1...3600).contains(timeout) else {
      throw ValidationError("--timeout is from 1 to 3600 seconds")
    }
    if let jobs, !(1...256).contains(jobs) {
      throw ValidationError("--jobs is from 1 to 256")
    }
  }

  func run() async throws {
    let console = Console(terminal)
    let loader = SiteLoader(
      site: site, isLocked: false, isOffline: true, allowsPrebuilt: false, savesLock: false,
      note: { console.printNotes([$0]) })
    let loaded = try await loader.load(resolving: false)
    try checkTargets(loaded.recipes)
    try BootSite.checkRights(to: "boot a site", command: "boot")
    let bootSite = try BootSite(loaded, dhcp)
    let placed = try bootSite.checkTree(loaded)
    let combinations = BootSite.skippingForeign(
      BootCombination.all(
        loaded.recipes, .init(firmware: firmware.firmware, method: via, targets: targets),
        placed: placed))
    try bootSite.checkPrograms(for: combinations.filter { $0.outlook == .boots })
    let outputs = BootOutputs(report: report.map { .init($0) }, junit: junit.map { .init($0) })
    try outputs.prepare()
    let results = try await Interruption.cancelling {
      try await BootSession(
        site: bootSite,
        options: .init(
          timeout: Double(timeout), keepsFolders: keep, takesPictures: report != nil),
        outputs: outputs, atATime: jobs ?? BootSession.usualCount, console: console
      ).run(combinations)
    }
    guard results.contains(where: { $0.outcome == .passed }),
      !results.contains(where: { $0.outcome == .failed })
    else { throw ExitStatus.targetFailed.code }
  }

  private func checkTargets(_ recipes: RecipeSet) throws {
    for name in targets where recipes.target(name) == nil {
      throw BuildError(
        .recipe, "there is no target \"\(name.printable)\"",
        advice: "pxebuild plan --recipes \(site.recipeFolder.printable) lists the targets")
    }
  }
}
