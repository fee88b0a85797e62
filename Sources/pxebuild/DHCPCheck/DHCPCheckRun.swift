import BootLab
import BuildEngine
import BuiltIns
import Glibc
import Recipes
import Synchronization
import SystemPackage

/// Asks one DHCP server: that of the lab, or the ones of a network.
enum DHCPCheckRun {
  /// Asks the servers of a network that this machine is on.
  ///
  /// - Throws: `BuildError` when nothing can be asked; `CancellationError`.
  static func ask(_ asker: DHCPAsker) async throws -> [DHCPAnswers] {
    // What forbids it is said before a process is started for it.
    _ = try DHCPClient(interface: asker.interface)
    let folder = try LabFolder(for: "check")
    defer { folder.remove() }
    let output = SpokenLines()
    let daemon = Daemon(
      name: name, program: FilePath(try own), arguments: arguments(asker), folder: folder.path)
    let status = try await daemon.run { stream, line in output.add(line, stream) }
    try Task.checkCancellation()
    guard status.isSuccess else {
      throw BuildError(
        .failed, "the DHCP servers could not be asked", outputTail: output.last(8))
    }
    return DHCPAnswers.read(output.lines, asker.questions)
  }

  /// Starts the lab's network with a DHCP server of the recipes, and asks it from another machine on it.
  ///
  /// - Throws: `BuildError` when the lab fails; `CancellationError`.
  static func ask(_ site: BootSite, hardware: [UInt8]) async throws -> [DHCPAnswers] {
    let folder = try LabFolder(for: "check")
    defer { folder.remove() }
    let asker = DHCPAsker(
      interface: LabPlan.Neighbour.interface, address: site.freeAddress, hardware: hardware)
    let plan = try site.plan(
      .init(name, [try own] + arguments(asker)), at: site.freeAddress, in: folder)
    let output = SpokenLines()
    let daemon = try Lab.daemon(plan, in: folder)
    _ = try await daemon.run { stream, line in output.add(line, stream) }
    try Task.checkCancellation()
    try checkLab(output, folder)
    return DHCPAnswers.read(LogText.lines(folder.log(of: name)), asker.questions)
  }

  private static let name = "dhcp-ask"

  private static func arguments(_ asker: DHCPAsker) -> [String] {
    ["internal", name, "--"] + asker.arguments
  }

  private static var own: String {
    get throws { try FileSystem.readSymlink("/proc/self/exe") }
  }

  /// Whether the lab ended because all was asked, and nothing else.
  private static func checkLab(_ output: SpokenLines, _ folder: LabFolder) throws {
    for report in output.lines.compactMap({ LabReport(line: $0) }) {
      if case .ended(name, 0) = report { return }
      if let fault = Lab.fault(report, in: folder) { throw fault }
    }
    throw Lab.ended(output.last(8))
  }
}

/// What a process prints, gathered from two threads.
private final class SpokenLines: Sendable {
  private let state = Mutex<(output: [String], errors: [String])>(([], []))

  func add(_ line: String, _ stream: Daemon.Stream) {
    state.withLock { state in
      switch stream {
      case .output: state.output.append(line)
      case .errors: state.errors.append(line)
      }
    }
  }

  var lines: [String] { state.withLock { $0.output } }

  func last(_ count: Int) -> [String] { state.withLock { $0.errors.suffix(count) } }
}

extension BootSite {
  /// An address of the network that nothing else in the lab has, as far as there is one.
  var freeAddress: IPv4Address {
    let network = recipes.site.network
    let hosts = subnet.hosts
    let taken = [address, network.router].compactMap(\.self) + network.hosts.map(\.address)
    var candidate = hosts.upperBound
    // The last addresses; more are not worth looking at.
    for _ in 0..<1024 where candidate > hosts.lowerBound {
      let isInRange = network.range?.contains(candidate) ?? false
      if !taken.contains(candidate), !isInRange { return candidate }
      candidate = IPv4Address(value: candidate.value - 1)
    }
    return hosts.upperBound == address ? hosts.lowerBound : hosts.upperBound
  }

  /// What the lab consists of when its machine is a program that asks the DHCP server, and no guest.
  fileprivate func plan(
    _ asker: LabPlan.Program, at askerAddress: IPv4Address, in folder: LabFolder
  ) throws -> LabPlan {
    var plan = LabPlan(
      folder: folder.path.string, network: .own(ownNetwork), hidesUserClass: false, machine: asker)
    plan.machineAddress = "\(askerAddress)"
    plan.servers = [try dhcpServer(folder)]
    if dhcp.isProxy { plan.neighbour = try router(subnet) }
    if dhcp.server == .kea { plan.emptyFolders = try keaFolders() }
    plan.udpPorts = [67] + (dhcp.isProxy ? [4011] : [])
    return plan
  }
}
