/// What a lab consists of: one network with the serving machine on it, servers, and a machine that boots.
///
/// It travels to the process that becomes the lab as an argument vector.
public struct LabPlan: Sendable, Equatable {
  /// A program that runs in the lab until its end.
  public struct Program: Sendable, Equatable {
    /// What messages call it, and its log: NAME.log in the lab's folder.
    public var name: String
    /// The first one is the program, by absolute path.
    public var arguments: [String]

    public init(_ name: String, _ arguments: [String]) {
      self.name = name
      self.arguments = arguments
    }
  }

  /// What the machine's cable leads to.
  public enum Network: Sendable, Equatable {
    case own(OwnNetwork)
    /// QEMU's own network, which the machine's arguments say, and what an iPXE is told to load there.
    case user(script: String?)

    fileprivate var words: [String] {
      switch self {
      case .own(let network): ["own", network.interface, network.address, network.mask]
      case .user(let script): ["user"] + [script].compactMap(\.self)
      }
    }

    fileprivate init?(words: [String]) {
      switch (words.first, words.count) {
      case ("own", 4): self = .own(.init(interface: words[1], address: words[2], mask: words[3]))
      case ("user", 1...2): self = .user(script: words.count > 1 ? words[1] : nil)
      default: return nil
      }
    }
  }

  /// A network of the lab's own: the serving machine's interface, address and network mask.
  public struct OwnNetwork: Sendable, Equatable {
    public var interface: String
    public var address: String
    public var mask: String

    public init(interface: String, address: String, mask: String) {
      self.interface = interface
      self.address = address
      self.mask = mask
    }
  }

  /// The lab's folder, for logs.
  public var folder: String
  public var network: Network
  /// True when the card's own program must not show itself as an iPXE until it has read its file.
  public var hidesUserClass: Bool
  /// True to keep every frame in the lab's folder: `cable.pcap`.
  public var captures = false
  /// Folders that are empty in the lab, whatever they hold on this machine. One that this machine does not have
  /// has to follow one that it is in.
  public var emptyFolders: [String] = []
  public var servers: [Program] = []
  /// The UDP and TCP ports that have to be taken before the machine is switched on.
  public var udpPorts: [Int] = []
  public var tcpPorts: [Int] = []
  /// Sockets that are files, and have to be there likewise.
  public var sockets: [String] = []
  public var machine: Program
  /// The address of a machine that is no guest but a program on a network of its own, on the same cable.
  public var machineAddress: String?
  /// Another machine on the cable, in a network of its own.
  public var neighbour: Neighbour?

  /// A machine beside the serving one: the network's own DHCP server, where the site's is a proxy.
  public struct Neighbour: Sendable, Equatable {
    /// Its address; the mask is the network's.
    public var address: String
    public var server: Program
    /// Its network interface.
    public static let interface = "eth0"

    public init(address: String, server: Program) {
      self.address = address
      self.server = server
    }
  }

  public init(folder: String, network: Network, hidesUserClass: Bool, machine: Program) {
    self.folder = folder
    self.network = network
    self.hidesUserClass = hidesUserClass
    self.machine = machine
  }

  /// True when the machine's cable is two UDP ports of the loopback, and no descriptor.
  var machineHasUDPCable: Bool {
    if case .own = network { machineAddress == nil } else { false }
  }

  /// The plan as words; `init(arguments:)` reads them.
  public var arguments: [String] {
    var words = [folder] + [hidesUserClass, captures].map { $0 ? "yes" : "no" }
    words += Self.list(network.words) + Self.list(sockets)
    words += Self.list(emptyFolders) + Self.list(udpPorts.map(String.init))
    words += Self.list(tcpPorts.map(String.init)) + Self.list([machineAddress].compactMap(\.self))
    words.append(String(servers.count))
    for program in servers + [machine] { words += [program.name] + Self.list(program.arguments) }
    if let neighbour {
      words += [neighbour.address, neighbour.server.name] + Self.list(neighbour.server.arguments)
    }
    return words
  }

  /// Nil for words that are no plan.
  public init?(arguments: [String]) {
    var words = arguments[...]
    func list() -> [String]? {
      guard let count = words.popFirst().flatMap({ Int($0) }), (0...words.count).contains(count)
      else { return nil }
      defer { words = words.dropFirst(count) }
      return Array(words.prefix(count))
    }
    func program() -> Program? {
      guard let name = words.popFirst(), let list = list(), !list.isEmpty else { return nil }
      return Program(name, list)
    }
    guard words.count > 3 else { return nil }
    words = words.dropFirst(3)
    guard let network = list().flatMap({ Network(words: $0) }), let sockets = list(),
      let folders = list(), let udp = list(), let tcp = list(), let own = list(),
      let count = words.popFirst().flatMap({ Int($0) }), count >= 0, count <= words.count
    else { return nil }
    var programs: [Program] = []
    for _ in 0...count {
      guard let next = program() else { return nil }
      programs.append(next)
    }
    self.init(
      folder: arguments[0], network: network, hidesUserClass: arguments[1] == "yes",
      machine: programs[count])
    captures = arguments[2] == "yes"
    self.sockets = sockets
    emptyFolders = folders
    udpPorts = udp.compactMap { Int($0) }
    tcpPorts = tcp.compactMap { Int($0) }
    machineAddress = own.first
    servers = Array(programs.dropLast())
    guard let address = words.popFirst() else { return }
    guard let server = program(), words.isEmpty else { return nil }
    neighbour = Neighbour(address: address, server: server)
  }

  private static func list(_ words: [String]) -> [String] { [String(words.count)] + words }
}
