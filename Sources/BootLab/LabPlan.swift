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

  /// The lab's folder, for logs.
  public var folder: String
  /// The serving machine's network interface, address and network mask.
  public var interface: String
  public var address: String
  public var mask: String
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

  public init(
    folder: String, interface: String, address: String, mask: String, hidesUserClass: Bool,
    machine: Program
  ) {
    self.folder = folder
    self.interface = interface
    self.address = address
    self.mask = mask
    self.hidesUserClass = hidesUserClass
    self.machine = machine
  }

  /// The plan as words; `init(arguments:)` reads them.
  public var arguments: [String] {
    var words = [folder, interface, address, mask]
    words += [hidesUserClass, captures].map { $0 ? "yes" : "no" }
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
    guard words.count > 6 else { return nil }
    words = words.dropFirst(6)
    guard let folders = list(), let udp = list(), let tcp = list(), let own = list(),
      let count = words.popFirst().flatMap({ Int($0) }), count >= 0, count <= words.count
    else { return nil }
    var programs: [Program] = []
    for _ in 0...count {
      guard let next = program() else { return nil }
      programs.append(next)
    }
    self.init(
      folder: arguments[0], interface: arguments[1], address: arguments[2], mask: arguments[3],
      hidesUserClass: arguments[4] == "yes", machine: programs[count])
    captures = arguments[5] == "yes"
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
