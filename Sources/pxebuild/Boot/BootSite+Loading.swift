import ArgumentParser
import BootLab
import BuildEngine
import BuiltIns
import Glibc
import Recipes
import SystemPackage

/// What `--dhcp` may say.
enum DHCPChoice: String, CaseIterable, ExpressibleByArgument, Sendable {
  case isc, kea, dnsmasq
  /// dnsmasq beside another DHCP server.
  case proxy

  func fits(_ dhcp: ServedDHCP) -> Bool {
    self == .proxy ? dhcp.isProxy : !dhcp.isProxy && dhcp.server.rawValue == rawValue
  }
}

extension BootSite {
  /// - Parameters:
  ///   - choice: The DHCP server to take; the first one of the recipes when nil.
  ///   - onUserNetwork: Whether QEMU's own network has to do, for want of root.
  /// - Throws: `BuildError` that says what the site lacks.
  init(_ loaded: LoadedSite, _ choice: DHCPChoice?, onUserNetwork: Bool = false) throws {
    recipes = loaded.recipes
    tree = try loaded.output
    placed = Self.placed(try OutputTree(tree).manifest())
    guard let address = recipes.site.server else {
      throw BuildError(
        .recipe, "the recipes do not say which address serves",
        advice: "add server: 10.0.0.200 to site:")
    }
    self.address = address
    (http, endpoint) = try Self.http(of: recipes.site, address)
    dhcp = try Self.dhcp(of: recipes, choice)
    if onUserNetwork, let choice {
      throw BuildError(
        .noPermission, "only root can boot with --dhcp \(choice.rawValue)",
        reason: "QEMU's user network, which does without root, has a DHCP server of its own",
        advice: "run it as root, or leave --dhcp out: sudo pxebuild boot --dhcp \(choice.rawValue)")
    }
    userNetwork = onUserNetwork ? try UserAddresses(recipes.site.network, server: address) : nil
    config = try Self.written(dhcp.config, of: loaded)
    tftpConfig =
      dhcp.servesTFTP ? nil : try recipes.dnsmasqForTFTP.map { try Self.written($0, of: loaded) }
  }

  /// Where a config of the recipes was written.
  ///
  /// - Throws: `BuildError` when it is not there.
  static func written(_ config: String, of loaded: LoadedSite) throws -> FilePath {
    let folder = try loaded.site.configs(
      or: loaded.recipes.site.configs, output: try loaded.output)
    let path = folder.path.appending(config)
    guard try FileIdentity.of(path) != nil else {
      throw BuildError(
        .failed, "\(folder.name.printable)/\(config.printable) is not there",
        reason: "the lab runs the servers with the files that were written for them",
        advice: "build the site first: pxebuild all --recipes \(loaded.site.recipeFolder.printable)"
      )
    }
    return path
  }

  private static func http(of site: Recipes.Site, _ address: IPv4Address) throws
    -> (String, HTTPEndpoint)
  {
    let endpoint = site.httpEndpoint
    guard let http = site.http, let endpoint, endpoint.address == "\(address)" else {
      throw BuildError(
        .failed, "the lab cannot serve \((site.http ?? "").printable)",
        reason: "it has one machine that serves, \(address), without encryption and without DNS",
        advice: "give site.http a URL that starts with http://\(address)")
    }
    return (http, endpoint)
  }

  private static func dhcp(of recipes: RecipeSet, _ choice: DHCPChoice?) throws -> ServedDHCP {
    let all = recipes.servedDHCP
    if let first = all.first(where: { choice?.fits($0) ?? true }) { return first }
    let word = (choice ?? .isc).rawValue
    let text = choice == .proxy ? "dhcp: dnsmasq, mode: proxy" : "dhcp: \(word)"
    throw BuildError(
      .recipe,
      "the recipes have no config of a DHCP server" + (choice.map { ": \($0.rawValue)" } ?? ""),
      advice: "add dhcp-\(word).conf: { \(text) } to configs:, and build the site")
  }

  // MARK: Before anything starts

  /// - Throws: `BuildError` when the tree is empty, or closed to the servers.
  func checkTree(_ loaded: LoadedSite) throws -> Set<String> {
    let name = loaded.site.outputFolder ?? tree.string
    let placed = try OutputTree(tree).manifest().targets.map(\.path)
    guard !placed.isEmpty else {
      throw BuildError(
        .failed, "there is nothing to boot in \(name.printable)",
        reason: "pxebuild has placed nothing there yet",
        advice: "build it first: pxebuild all --recipes \(loaded.site.recipeFolder.printable)")
    }
    // Who is not root serves as who he is.
    if userNetwork == nil { try TreeAccess.check(tree, name: name) }
    return Set(placed)
  }

  /// Machines of another architecture than this one's are a thing apart: where nothing runs them they are skipped,
  /// and no error.
  static func skippingForeign(_ combinations: [BootCombination]) -> [BootCombination] {
    combinations.map { combination in
      guard combination.outlook == .boots, combination.firmware == .uefiARM64 else {
        return combination
      }
      let missing = Self.missing(Self.needs(of: combination.firmware))
      guard !missing.isEmpty else { return combination }
      let packages = Set(missing.compactMap { DebianPackages.package(for: $0) }).sorted()
      var skipped = combination
      skipped.outlook = .skipped(
        because: "\(missing.joined(separator: ", ")) \(missing.count == 1 ? "is" : "are") not "
          + "installed: apt-get install \(packages.joined(separator: " "))")
      return skipped
    }
  }

  /// The emulator and the firmware of a machine.
  private static func needs(of firmware: Firmware) -> [String] {
    let images = FirmwareImages(firmware)
    return [firmware.emulator] + [images?.code, images?.variables].compactMap(\.self)
  }

  private static func missing(_ names: [String]) -> [String] {
    Set(names).filter {
      $0.hasPrefix("/") ? access($0, R_OK) != 0 : Toolchain.find($0) == nil
    }.sorted()
  }

  /// What is not installed of all that some machines need, as one error.
  ///
  /// - Parameter more: Programs that are needed beside.
  func checkPrograms(for combinations: [BootCombination], and more: [String] = []) throws {
    try checkPrograms(
      programs + more + combinations.flatMap { Self.needs(of: $0.firmware) })
  }

  /// What is not installed of some programs and files, as one error.
  func checkPrograms(_ names: [String]) throws {
    let missing = Self.missing(names)
    guard !missing.isEmpty else { return }
    let packages = Set(missing.compactMap { DebianPackages.package(for: $0) }).sorted()
    throw BuildError(
      .failed,
      "\(missing.joined(separator: ", ")) \(missing.count == 1 ? "is" : "are") not installed",
      reason: "the lab runs the real servers and boots machines in QEMU",
      advice: "\(geteuid() == 0 ? "" : "sudo ")apt-get install --no-install-recommends "
        + packages.joined(separator: " "))
  }

  /// The lab has a network of its own.
  ///
  /// - Parameters:
  ///   - deed: What root is needed for: "boot a site".
  ///   - command: The subcommand.
  static func checkRights(to deed: String, command: String) throws {
    guard geteuid() == 0 else {
      throw BuildError(
        .noPermission, "only root can \(deed)",
        reason:
          "the machines get a network of their own, with servers on the ports of DHCP and TFTP",
        advice: "run it as root: sudo pxebuild \(command)")
    }
    guard access("/dev/net/tun", R_OK | W_OK) == 0 else {
      var error = BuildError(
        errno: errno, doing: "make a network for the machines with", path: "/dev/net/tun")
      if command == "boot" {
        error.advice =
          "run it as an ordinary user: it needs no network of its own then, and tests less"
      }
      throw error
    }
  }
}
