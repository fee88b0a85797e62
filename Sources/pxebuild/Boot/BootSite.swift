import BootLab
import BuildEngine
import BuiltIns
import Recipes
import SystemPackage

/// A built site as a lab serves it: the tree and the config of its DHCP server, as they lie on the disk.
struct BootSite: Sendable {
  let recipes: RecipeSet
  let tree: FilePath
  /// What pxebuild has placed in the tree, by target.
  let placed: [String: Digest]
  let address: IPv4Address
  let dhcp: ServedDHCP
  /// The addresses on QEMU's user network; nil in a lab with a network of its own, and the site's servers on it.
  let userNetwork: UserAddresses?
  /// The config's file.
  let config: FilePath
  /// The file of a dnsmasq that is the TFTP server alone.
  let tftpConfig: FilePath?
  let endpoint: HTTPEndpoint
  /// `site.http`.
  let http: String

  /// The serving machine's interface in the lab: configs may name it.
  var interface: String { recipes.site.network.interface ?? "eth0" }

  /// The programs of the servers.
  var programs: [String] {
    guard userNetwork == nil else { return ["nginx"] }
    return ["nginx", "unshare", dhcpProgram] + (tftpProgram.map { [$0] } ?? [])
  }

  var dhcpProgram: String {
    switch dhcp.server {
    case .isc: "dhcpd"
    case .kea: "kea-dhcp4"
    case .dnsmasq: "dnsmasq"
    }
  }

  /// What the DHCP servers of a lab are called in its logs: the site's, and the network's own beside a proxy.
  var dhcpServers: [String] {
    guard userNetwork == nil else { return [] }
    return [dhcpProgram] + (dhcp.isProxy ? [Self.router] : [])
  }

  private static let router = "router"

  /// Nil when the DHCP server does that too.
  private var tftpProgram: String? {
    dhcp.servesTFTP ? nil : tftpConfig == nil ? "in.tftpd" : "dnsmasq"
  }

  // MARK: The lab

  var subnet: IPv4Subnet {
    recipes.site.network.subnet ?? IPv4Subnet(of: address, prefixLength: 24)
  }

  var ownNetwork: LabPlan.OwnNetwork {
    .init(interface: interface, address: "\(address)", mask: "\(subnet.netmask)")
  }

  /// The machine of one boot.
  func machine(
    _ combination: BootCombination, _ target: String, _ accelerator: Machine.Accelerator,
    in folder: LabFolder
  ) throws -> Machine {
    let isMedium = combination.method.isMedium
    var machine = Machine(
      firmware: combination.firmware, method: combination.method, accelerator: accelerator,
      folder: folder.path.string, medium: isMedium ? tree.appending(target).string : nil)
    machine.userNetwork = try userNetwork.map {
      try userNetwork($0, program: isMedium ? nil : target, in: folder)
    }
    return machine
  }

  /// What the lab of one machine consists of.
  ///
  /// - Parameter folder: Of this boot alone; the servers' files are written there.
  func plan(_ machine: Machine, in folder: LabFolder) throws -> LabPlan {
    let emulator = try Lab.program(machine.firmware.emulator)
    // No server's file has to hold an odd path.
    let link = Self.link(in: folder)
    try FileSystem.createSymlink(link, target: tree.string)
    var plan = LabPlan(
      folder: folder.path.string,
      network: userNetwork == nil ? .own(ownNetwork) : .user(script: dhcp.script),
      hidesUserClass: machine.firmware == .bios && machine.method == .pxe,
      machine: .init("qemu", [emulator.string] + machine.arguments))
    plan.servers = [try nginx(link, folder)]
    guard userNetwork == nil else {
      plan.sockets = [Self.socket(in: folder)]
      return plan
    }
    plan.servers.append(try dhcpServer(folder))
    if let server = try tftp(link) { plan.servers.append(server) }
    if dhcp.isProxy { plan.neighbour = try router(subnet) }
    if dhcp.server == .kea { plan.emptyFolders = try keaFolders() }
    plan.udpPorts = [67, 69]
    plan.tcpPorts = [endpoint.port]
    return plan
  }

  /// The tree, by a plain name.
  static func link(in folder: LabFolder) -> FilePath { folder.path.appending("tree") }

  /// Where the HTTP server listens on a user network, which no address of this machine is on.
  static func socket(in folder: LabFolder) -> String { folder.path.appending("http").string }

  /// Lays what the DHCP and TFTP servers read beside the lab's own files, for whoever looks there afterwards.
  func copyConfigs(to folder: LabFolder) throws {
    guard userNetwork == nil else { return }
    for file in [config, tftpConfig].compactMap(\.self) {
      guard let bytes = try FileSystem.read(file), let name = file.lastComponent else { continue }
      _ = try folder.write(bytes, to: name.string)
    }
  }

  private func nginx(_ link: FilePath, _ folder: LabFolder) throws -> LabPlan.Program {
    var config = NginxConfig(
      root: link.string,
      endpoint: HTTPEndpoint(
        address: "\(address)", port: endpoint.port, prefix: endpoint.prefix),
      service: .foreground(folder: folder.path.string))
    if userNetwork != nil { config.socket = Self.socket(in: folder) }
    let file = try folder.write(Array(config.text.utf8), to: "nginx.conf")
    return .init("nginx", [try path("nginx"), "-p", folder.path.string, "-c", file])
  }

  func dhcpServer(_ folder: LabFolder) throws -> LabPlan.Program {
    let program = try path(dhcpProgram)
    switch dhcp.server {
    case .isc:
      let leases = try folder.write([], to: "leases")
      return .init(
        "dhcpd",
        [
          program, "-4", "-f", "-d", "--no-pid", "-cf", config.string, "-lf", leases, interface,
        ])
    case .kea: return .init("kea-dhcp4", [program, "-c", config.string])
    case .dnsmasq:
      return .init(
        "dnsmasq",
        Self.dnsmasq(program, config) + ["--dhcp-leasefile=\(folder.path.string)/leases"])
    }
  }

  /// The network's own DHCP server, which knows nothing of booting.
  func router(_ subnet: IPv4Subnet) throws -> LabPlan.Neighbour {
    let hosts = subnet.hosts
    let free = [recipes.site.network.router, hosts.lowerBound, hosts.upperBound].compactMap(\.self)
      .first { $0 != address }
    guard let own = free, hosts.lowerBound < hosts.upperBound else {
      throw BuildError(.recipe, "the network \(subnet) has no address left for a DHCP server")
    }
    // It looks itself whether an address is in use.
    let range = recipes.site.network.range ?? hosts
    return .init(
      address: "\(own)",
      server: .init(
        Self.router,
        [
          try path("dnsmasq"), "--keep-in-foreground", "--log-facility=-", "--pid-file",
          "--conf-file=/dev/null", "--port=0", "--leasefile-ro",
          "--dhcp-range=\(range.lowerBound),\(range.upperBound),\(subnet.netmask),1h",
        ]))
  }

  private func tftp(_ link: FilePath) throws -> LabPlan.Program? {
    guard let tftpProgram else { return nil }
    let program = try path(tftpProgram)
    if let tftpConfig { return .init("tftp", Self.dnsmasq(program, tftpConfig)) }
    // What Debian's init script makes of the file of `tftp: hpa`.
    return .init(
      "in.tftpd",
      [
        program, "--foreground", "--address", "\(address):69", "--user", "nobody", "--secure",
        link.string,
      ])
  }

  /// Kea keeps its leases in a folder that is compiled into it, and that a package may make only when its
  /// service starts.
  func keaFolders() throws -> [String] {
    let folder: FilePath = "/var/lib/kea"
    if try FileIdentity.of(folder) != nil { return [folder.string] }
    let parent = folder.removingLastComponent()
    guard !tree.starts(with: parent), !config.starts(with: parent) else {
      throw BuildError(
        .failed, "kea-dhcp4 has no folder for its leases", reason: "\(folder) is not there",
        advice: "mkdir \(folder)")
    }
    return [parent.string, folder.string]
  }

  private static func dnsmasq(_ program: String, _ config: FilePath) -> [String] {
    [
      program, "--keep-in-foreground", "--log-facility=-", "--pid-file",
      "--conf-file=\(config.string)",
    ]
  }

  private func path(_ name: String) throws -> String { try Lab.program(name).string }
}
