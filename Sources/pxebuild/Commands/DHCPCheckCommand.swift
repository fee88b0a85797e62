import ArgumentParser
import BootLab
import BuildEngine
import Glibc
import Recipes
import SystemPackage

struct DHCPCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dhcp-check",
    abstract:
      "Ask a DHCP server what it offers to each kind of machine, and say what is wrong with it.",
    discussion: """
      Without --server it starts the DHCP servers that the recipes have configs for, each on a network of its own. \
      With --server it asks a server on the network of this machine. It asks as machines do, and takes no lease. \
      Takes root. docs/troubleshooting.md goes through what it says.
      """)

  @Option(
    help: "The DHCP server of the recipes: isc, kea, dnsmasq or proxy; all of them when left out.")
  var dhcp: DHCPChoice?

  @Option(help: "Ask the server of this address on this machine's network instead.")
  var server: String?

  @Option(help: "With --server: the network interface to ask on.")
  var interface: String?

  @Option(help: "Ask as the machine with this network card: 52:54:00:12:34:56.")
  var mac: String?

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func validate() throws {
    if let server, IPv4Address(server) == nil {
      throw ValidationError("--server takes an IPv4 address, like 10.0.0.200")
    }
    if server == nil, interface != nil { throw ValidationError("--interface goes with --server") }
    if server != nil, dhcp != nil {
      throw ValidationError("--dhcp names a server of the recipes, --server one of the network")
    }
    if mac != nil, hardware == nil {
      throw ValidationError("--mac takes six pairs of hexadecimal digits, like 52:54:00:12:34:56")
    }
  }

  func run() async throws {
    let console = Console(terminal)
    let loader = SiteLoader.looking(at: site, console)
    let loaded = try await loader.load(resolving: false)
    let isRight =
      if let server, let address = IPv4Address(server) {
        try await askNetwork(address, loaded, console)
      } else { try await askLab(loaded, console) }
    guard isRight else { throw ExitStatus.targetFailed.code }
  }

  private var hardware: [UInt8]? {
    guard let mac else { return DHCPQuestion.usualHardware }
    let parts = mac.split(separator: ":", omittingEmptySubsequences: false)
    let bytes = parts.compactMap { $0.count == 2 ? UInt8($0, radix: 16) : nil }
    return parts.count == 6 && bytes.count == 6 ? bytes : nil
  }

  // MARK: The lab

  private func askLab(_ loaded: LoadedSite, _ console: Console) async throws -> Bool {
    let all = DHCPChoice.allCases.filter { choice in
      loaded.recipes.servedDHCP.contains { choice.fits($0) }
    }
    // Without any, that is what the site says.
    let choices = dhcp == nil && !all.isEmpty ? all.map(Optional.some) : [dhcp]
    try BootSite.checkRights(to: "start DHCP servers", command: "dhcp-check")
    let sites = try choices.map { try BootSite(loaded, $0) }
    let placed = try sites[0].checkTree(loaded)
    for site in sites { try site.checkPrograms([site.dhcpProgram, "unshare"]) }
    var isRight = true
    for site in sites {
      let start = console.seconds
      let answers = try await Interruption.cancelling { [hardware] in
        try await DHCPCheckRun.ask(site, hardware: hardware ?? DHCPQuestion.usualHardware)
      }
      let report = DHCPCheckReport(
        answers, of: site.dhcp.config, wanted: nil, on: "the lab's network",
        .init(loaded.recipes, tree: site.tree, placed: placed))
      try show(report, console, since: start)
      isRight = isRight && report.isRight
    }
    return isRight
  }

  // MARK: A network

  private func askNetwork(_ address: IPv4Address, _ loaded: LoadedSite, _ console: Console)
    async throws -> Bool
  {
    let tree = try loaded.output
    let placed = try OutputTree(tree).manifest().targets.map(\.path)
    guard !placed.isEmpty else {
      throw BuildError(
        .failed,
        "there is nothing to compare with in "
          + (loaded.site.outputFolder ?? tree.string).printable,
        reason: "pxebuild has placed nothing there yet",
        advice: "build it first: pxebuild all --recipes \(loaded.site.recipeFolder.printable)")
    }
    let network = LocalNetwork.ofThisMachine()
    let name = try interface ?? Self.interface(towards: address, network)
    let own = network.interfaces.first { $0.name == name }?.address
    let asker = DHCPAsker(
      interface: name, address: own, hardware: hardware ?? DHCPQuestion.usualHardware)
    let start = console.seconds
    let answers = try await Interruption.cancelling { try await DHCPCheckRun.ask(asker) }
    let report = DHCPCheckReport(
      answers, of: "\(address)", wanted: "\(address)", on: name,
      .init(loaded.recipes, tree: tree, placed: Set(placed)))
    try show(report, console, since: start)
    return report.isRight
  }

  private static func interface(towards address: IPv4Address, _ network: LocalNetwork) throws
    -> String
  {
    let near = network.interfaces.first {
      IPv4Subnet(of: $0.address, prefixLength: $0.prefix).contains(address)
    }
    if let near { return near.name }
    let names = network.interfaces.map { "\($0.name) (\($0.address))" }
    throw BuildError(
      .failed, "\(address) is on no network of this machine",
      reason: names.isEmpty
        ? "it has no interface with an address" : "it has \(names.joined(separator: ", "))",
      advice: "ask from a machine on that network, or name the interface with --interface")
  }

  private func show(_ report: DHCPCheckReport, _ console: Console, since start: Double) throws {
    switch console.mode {
    case .quiet: break
    case .json: for event in report.json(at: console.seconds) { console.printEvent(event) }
    case .live, .plain:
      try console.printResults(
        report.lines(
          console.outputStyle, isVerbose: console.isVerbose, seconds: console.seconds - start))
    }
  }
}

extension OfferExpectation {
  /// - Parameter placed: The targets that the tree has.
  fileprivate init(_ recipes: RecipeSet, tree: FilePath, placed: Set<String>) {
    let absent = Set(recipes.targets.map(\.path)).subtracting(placed)
    self.init(
      server: recipes.site.server.map { "\($0)" }, http: recipes.site.http,
      program: { recipes.offered(architecture: $0, absent: absent) },
      has: { name in
        let path = tree.pushing(FilePath(name)).lexicallyNormalized()
        return path.starts(with: tree) && (try? FileIdentity.of(path)) != nil
      })
  }
}
