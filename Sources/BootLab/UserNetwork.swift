/// QEMU's own network (SLIRP), for those who are not root: it answers DHCP, sends the files of a folder by TFTP, and
/// starts a program for each connection to the site's HTTP server. Nothing else can be reached from it.
///
/// The machine is not on it: QEMU has one cable that leads to the machine and one that leads to this network, and
/// the lab carries the frames between the two.
public struct UserNetwork: Sendable, Equatable {
  /// "10.0.0.0/24".
  public var subnet: String
  /// QEMU's own address there, of its DHCP and TFTP server. That of the HTTP server cannot be the same.
  public var host: String
  /// An address that nobody has. QEMU wants one for a DNS server, which is none of the others.
  public var dns: String
  /// The machine's address.
  public var machine: String
  /// The folder that is served by TFTP.
  public var tree: String
  /// What a machine is offered to boot; nothing when nil.
  public var program: String?
  /// Where the site's HTTP server is.
  public var server: String
  public var port: Int
  /// The program, with its arguments, that each connection to it has as its input and output.
  public var connection: [String]

  public init(
    subnet: String, host: String, dns: String, machine: String, tree: String, program: String?,
    server: String, port: Int, connection: [String]
  ) {
    self.subnet = subnet
    self.host = host
    self.dns = dns
    self.machine = machine
    self.tree = tree
    self.program = program
    self.server = server
    self.port = port
    self.connection = connection
  }

  /// The descriptors that QEMU finds the ends of its two cables at: far above those that it opens itself first.
  static let cables: (machine: Int32, network: Int32) = (100, 101)

  /// QEMU's arguments for both cables; the machine's is the netdev `net`.
  var arguments: [String] {
    var network = [
      "user", "id=user", "ipv6=off", "restrict=on", "net=\(subnet)", "host=\(host)", "dns=\(dns)",
      "dhcpstart=\(machine)", "tftp=\(Machine.value(tree))",
    ]
    if let program { network.append("bootfile=\(Machine.value(program))") }
    let command = connection.map(Self.quoted).joined(separator: " ")
    network.append("guestfwd=tcp:\(server):\(port)-cmd:\(Machine.value(command))")
    return [
      "-netdev", "socket,id=net,fd=\(Self.cables.machine)",
      "-netdev", network.joined(separator: ","),
      "-netdev", "socket,id=wire,fd=\(Self.cables.network)",
      "-netdev", "hubport,id=end1,hubid=0,netdev=user",
      "-netdev", "hubport,id=end2,hubid=0,netdev=wire",
    ]
  }

  /// A word of a command line as glib takes it apart (g_shell_parse_argv): no shell sees it.
  private static func quoted(_ word: String) -> String {
    "'" + word.replacing("'", with: #"'\''"#) + "'"
  }
}
