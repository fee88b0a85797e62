import ArgumentParser
import BuildEngine
import Glibc
import Recipes
import SystemPackage

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Serve the built tree by TFTP and HTTP, for trying it.",
    discussion: """
      Runs nginx and dnsmasq in the foreground until Ctrl-C, and prints who asks for what. Without an interface \
      nobody but this machine is answered. Ports below 1024 need root; on another TFTP port pxebuild itself takes \
      dnsmasq's place. With --dhcp-proxy machines that boot over the network are told what to boot, beside the \
      DHCP server that is there.
      """)

  @Option(help: "The network interface to serve on; this machine alone is answered when left out.")
  var interface: String?

  @Option(
    name: .customLong("dhcp-proxy"),
    help: "Serve on this network interface, and tell machines there what to boot.")
  var proxyInterface: String?

  @Option(help: "The TCP port of HTTP; that of site.http when left out.")
  var httpPort: Int?

  @Option(help: "The UDP port of TFTP.")
  var tftpPort = ServePlace.usualTFTPPort

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func validate() throws {
    for port in [httpPort, tftpPort].compactMap(\.self) where !(1...65535).contains(port) {
      throw ValidationError("a port is from 1 to 65535, not \(port)")
    }
    if let interface, let proxyInterface, interface != proxyInterface {
      throw ValidationError("--interface and --dhcp-proxy name two interfaces")
    }
    if proxyInterface != nil, tftpPort != ServePlace.usualTFTPPort {
      throw ValidationError(
        "with --dhcp-proxy TFTP is on port \(ServePlace.usualTFTPPort): machines ask no other")
    }
  }

  func run() async throws {
    let console = Console(terminal)
    let loader = SiteLoader(
      site: site, isLocked: false, isOffline: true, allowsPrebuilt: false,
      note: { console.printNotes([$0]) })
    let loaded = try await loader.load(resolving: false)
    let tree = try loaded.output
    try checkTree(tree)
    let place = try place(loaded.recipes)
    let server = SiteServer(recipes: loaded.recipes, tree: tree, place: place, console: console)
    try checkPrograms(server.programs)
    do { try place.checkPorts() } catch {
      for error in error.errors.dropLast() { console.show(error) }
      throw error.errors[error.errors.count - 1]
    }
    if let http = loaded.recipes.site.http, !http.hasPrefix(place.httpURL) {
      console.printNotes([
        "note: scripts that use {{site.http}} send machines to \(http.printable())"
      ])
    }
    try await Interruption.cancelling { try await server.run() }
  }

  private func place(_ recipes: RecipeSet) throws -> ServePlace {
    let name = proxyInterface ?? interface
    let found = try name.map { try ServePlace.interface($0, of: .ofThisMachine()) }
    return ServePlace(
      address: found?.address ?? IPv4Address(value: 0x7f00_0001), interface: found,
      httpPort: httpPort ?? recipes.site.httpEndpoint?.port ?? 80, tftpPort: tftpPort,
      isProxy: proxyInterface != nil)
  }

  private func checkTree(_ tree: FilePath) throws {
    let name = site.outputFolder ?? tree.string
    guard try !OutputTree(tree).manifest().targets.isEmpty else {
      throw BuildError(
        .failed, "there is nothing to serve in \(name.printable)",
        reason: "pxebuild has placed nothing there yet",
        advice: "build it first: pxebuild all --recipes \(site.recipeFolder.printable)"
          + (site.outputFolder.map { " --output \($0.printable)" } ?? ""))
    }
    // An ordinary user's servers have the same rights as pxebuild.
    if geteuid() == 0 { try TreeAccess.check(tree, name: name) }
  }

  private func checkPrograms(_ names: [String]) throws {
    let missing = names.filter { Toolchain.find($0) == nil }
    guard !missing.isEmpty else { return }
    let packages = missing.compactMap { DebianPackages.package(for: $0) }
    let command = (geteuid() == 0 ? "" : "sudo ") + "apt-get install --no-install-recommends "
    throw BuildError(
      .failed,
      "\(missing.joined(separator: " and ")) \(missing.count == 1 ? "is" : "are") not installed",
      advice: "\(command)\(packages.joined(separator: " "))")
  }
}
