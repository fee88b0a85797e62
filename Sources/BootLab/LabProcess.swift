import BuildEngine
import CLinux
import Glibc
import Synchronization
import SystemPackage

/// The first process of a lab's namespaces: makes the network, starts everything, and is the cable between the
/// machine and the servers. Everything else in the namespaces ends when it does. On QEMU's user network there are none.
public struct LabProcess {
  private let plan: LabPlan
  private var programs: LabPrograms
  private var packets: PacketReader
  private var hidesUserClass: Bool
  /// On a network whose DHCP server does not know an iPXE.
  private var scriptOffer: ScriptOffer?
  private var capture: PacketCapture?

  /// How long servers may take to start, in seconds.
  private static let patience = 60.0

  /// A handler can reach nothing but a global.
  private static let isAskedToEnd = Atomic<Bool>(false)

  private init(_ plan: LabPlan) {
    self.plan = plan
    programs = LabPrograms(folder: plan.folder)
    packets = PacketReader()
    hidesUserClass = plan.hidesUserClass
  }

  /// Runs a lab until this process is asked to end, or the machine has ended.
  ///
  /// - Returns: The exit code; nil for arguments that are no plan.
  public static func run(arguments: [String]) -> Int32? {
    guard let plan = LabPlan(arguments: arguments) else { return nil }
    signal(SIGTERM) { _ in LabProcess.isAskedToEnd.store(true, ordering: .relaxed) }
    signal(SIGINT, SIG_IGN)
    var lab = LabProcess(plan)
    do { try lab.run() } catch {
      report(.failed(reason: (error as? BuildError)?.summary ?? "\(error)"))
    }
    return 0
  }

  private static func report(_ report: LabReport) {
    let line = Array((report.line + "\n").utf8)
    // A line is shorter than what a pipe takes at once; and if nobody reads any more, the lab ends soon.
    _ = write(STDOUT_FILENO, line, line.count)
  }

  private mutating func run() throws {
    for folder in plan.emptyFolders {
      // It may be inside the one before. If it cannot be made, the mount says so.
      mkdir(folder, 0o755)
      guard linux_mount_memory(folder) == 0 else {
        throw BuildError(errno: errno, doing: "mount a file system on", path: .init(folder))
      }
    }
    if plan.captures { capture = try PacketCapture(FilePath(plan.folder).appending("cable.pcap")) }
    switch plan.network {
    case .own(let network): try run(on: network)
    case .user(let script): try runOnUserNetwork(script)
    }
  }

  private mutating func run(on network: LabPlan.OwnNetwork) throws {
    let wire = linux_make_tap(network.interface)
    guard wire >= 0 else {
      throw BuildError(errno: errno, doing: "make a network with", path: "/dev/net/tun")
    }
    let address = try Self.number(network.address)
    for (name, address) in [("lo", in_addr_t(0)), (network.interface, address)] {
      guard linux_bring_up(name, address, try Self.number(network.mask)) == 0 else {
        throw BuildError(errno: errno, doing: "bring up the interface", path: .init(name))
      }
    }
    let socket = try Self.cableSocket()
    for server in plan.servers { try programs.start(server) }
    let neighbour = try plan.neighbour.map { try start($0, mask: network.mask) }
    guard try waitForServers() else { return }
    var machine = socket
    if let address = plan.machineAddress {
      machine = try start(.init(address: address, server: plan.machine), mask: network.mask)
    } else {
      try programs.start(plan.machine)
    }
    Self.report(.powered)
    carry([wire, neighbour, machine].compactMap(\.self), machine: machine)
  }

  /// QEMU has both ends of the network, and the cable between them is here.
  private mutating func runOnUserNetwork(_ script: String?) throws {
    scriptOffer = ScriptOffer(script: script)
    for server in plan.servers { try programs.start(server) }
    guard try waitForServers() else { return }
    let (machine, network) = (try Self.cable(), try Self.cable())
    try programs.start(
      plan.machine,
      descriptors: [
        UserNetwork.cables.machine: machine.other, UserNetwork.cables.network: network.other,
      ])
    close(machine.other)
    close(network.other)
    Self.report(.powered)
    carry([network.own, machine.own], machine: machine.own)
  }

  /// Both ends of a cable on which no frame is lost.
  private static func cable() throws -> (own: Int32, other: Int32) {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
      throw BuildError(errno: errno, doing: "open", path: "a socket")
    }
    return (ends[0], ends[1])
  }

  /// Starts another machine, and returns the end of its cable.
  private mutating func start(_ neighbour: LabPlan.Neighbour, mask: String) throws -> Int32 {
    let own = linux_leave_network()
    guard own >= 0 else { throw BuildError(errno: errno, doing: "make", path: "another network") }
    defer { _ = linux_return_to_network(own) }  // a lab on the wrong network answers nobody
    let wire = linux_make_tap(LabPlan.Neighbour.interface)
    let address = try Self.number(neighbour.address)
    guard wire >= 0,
      linux_bring_up(LabPlan.Neighbour.interface, address, try Self.number(mask)) == 0
    else { throw BuildError(errno: errno, doing: "make", path: "another network") }
    try programs.start(neighbour.server)
    return wire
  }

  private static func number(_ address: String) throws -> in_addr_t {
    var result = in_addr()
    guard inet_pton(AF_INET, address, &result) == 1 else {
      throw BuildError(.failed, "\(address) is no IPv4 address")
    }
    return result.s_addr
  }

  // MARK: Programs

  /// Reports what has ended; false once the machine or a server is among it, for then there is no more to see.
  private mutating func allRun() -> Bool {
    let ended = programs.ended()
    for (name, status) in ended { Self.report(.ended(name: name, status: status)) }
    return ended.isEmpty
  }

  /// Waits until the servers have their ports and sockets; false when one has ended, or nobody waits any more.
  private mutating func waitForServers() throws -> Bool {
    var left = Self.patience
    while true {
      let missing =
        try Self.missing(plan.udpPorts, transport: "udp").map { "UDP \($0)" }
        + Self.missing(plan.tcpPorts, transport: "tcp").map { "TCP \($0)" }
        + plan.sockets.filter { access($0, F_OK) != 0 }
      if missing.isEmpty { return true }
      if left <= 0 { Self.report(.silent(ports: missing.joined(separator: ", "))) }
      guard left > 0, allRun(), !Self.isAskedToEnd.load(ordering: .relaxed) else { return false }
      usleep(20_000)
      left -= 0.02
    }
  }

  /// The ports that no line of the tables of sockets has as the local one (proc(5)).
  private static func missing(_ ports: [Int], transport: String) throws -> [Int] {
    guard !ports.isEmpty else { return [] }
    // A server may listen for both versions of IP by a socket of the sixth.
    let tables = try ["/proc/net/\(transport)", "/proc/net/\(transport)6"].map { table in
      String(decoding: try FileSystem.read(FilePath(table)) ?? [], as: UTF8.self)
    }
    let text = tables.joined(separator: "\n")
    let taken = text.split(separator: "\n").compactMap { line -> Int? in
      let fields = line.split(separator: " ")
      guard fields.count > 3, let port = fields[1].split(separator: ":").last else { return nil }
      return Int(port, radix: 16)
    }
    return ports.filter { !taken.contains($0) }
  }

  // MARK: The cable

  private static func cableSocket() throws -> Int32 {
    let file = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var place = end(Machine.cable.lab)
    let isBound = withUnsafePointer(to: &place) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard file >= 0, isBound else {
      throw BuildError(errno: errno, doing: "open", path: "a socket")
    }
    return file
  }

  private static func end(_ port: Int) -> sockaddr_in {
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = in_port_t(port).bigEndian
    place.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    return place
  }

  /// Carries frames between all ends until something ends.
  ///
  /// - Parameters:
  ///   - wires: The descriptors of all ends: what comes from one goes to the others.
  ///   - machine: The one that leads to the machine.
  private mutating func carry(_ wires: [Int32], machine: Int32) {
    let start = ContinuousClock.now
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    var ends = wires.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    while !Self.isAskedToEnd.load(ordering: .relaxed), allRun() {
      guard poll(&ends, nfds_t(ends.count), 100) > 0 else { continue }
      for end in ends where end.revents != 0 {
        let count = read(end.fd, &buffer, buffer.count)
        guard count > 0 else { continue }
        var frame = Array(buffer[..<count])
        if end.fd == machine, hidesUserClass { DHCPMessage.hideUserClass(in: &frame) }
        scriptOffer?.apply(to: &frame)
        capture?.write(frame)
        if end.fd == machine, let answer = RouterAnswer.frame(for: frame) {
          send(answer, on: machine, isMachine: true)
        }
        if let seen = packets.event(of: frame, seconds: Self.seconds(since: start)) {
          if case .readFinished = seen.event { hidesUserClass = false }
          Self.report(.seen(seen))
        }
        for wire in wires where wire != end.fd { send(frame, on: wire, isMachine: wire == machine) }
      }
    }
  }

  /// A frame that does not get through is lost, as on any cable.
  private func send(_ frame: [UInt8], on wire: Int32, isMachine: Bool) {
    guard isMachine, plan.machineHasUDPCable else {
      _ = write(wire, frame, frame.count)
      return
    }
    var place = Self.end(Machine.cable.machine)
    _ = withUnsafePointer(to: &place) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(wire, frame, frame.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  private static func seconds(since start: ContinuousClock.Instant) -> Double {
    let time = (ContinuousClock.now - start).components
    return Double(time.seconds) + Double(time.attoseconds) / 1e18
  }
}

extension BuildError {
  /// The error in one line.
  fileprivate var summary: String { message + (reason.map { ": \($0)" } ?? "") }
}
