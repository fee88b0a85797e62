import Foundation
import Synchronization

/// A network of a test's own: machines that are namespaces of this one, on one cable. The server has
/// 10.0.0.200. Everything that runs in it dies with it.
final class NetworkLab: Sendable {
  static let server = "server"
  static let serverAddress = "10.0.0.200"

  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// A folder for the servers' own files.
  let folder: String
  /// The process that keeps a machine's namespaces, with its number as this machine sees it.
  private let machines: [String: (holder: Running, id: pid_t)]
  private let servers = Mutex<[Running]>([])

  /// Whether this machine lets a test make networks: it takes root, namespaces, bridges and their cables.
  static let isPossible = Task<Bool, Never> {
    let script = "ip link add eth0 type bridge && ip link add port0 type veth peer name port1"
    let made = try? await mustRun(
      ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", script],
      in: "/")
    return made != nil
  }

  /// Whether this machine boots guests of BIOS and x64 in networks of their own, from these of Debian's programs.
  static func boots(with programs: [String]) async -> Bool {
    let files =
      ["/dev/net/tun", "/usr/bin/qemu-system-x86_64", "/usr/share/OVMF/OVMF_CODE_4M.fd"] + programs
    guard Binary.isRoot, files.allSatisfy(FileManager.default.fileExists(atPath:)) else {
      return false
    }
    return await isPossible.value
  }

  /// Runs `body` in a lab with a server and other machines, given as name and address.
  static func with<Result>(
    _ others: [String: String] = ["client": "10.0.0.2"], folder: String,
    _ body: (NetworkLab) async throws -> Result
  ) async throws -> Result {
    var machines: [String: (holder: Running, id: pid_t)] = [:]
    var lab: NetworkLab?
    func end() async {
      for machine in machines.values { machine.holder.send(SIGKILL) }
      for machine in machines.values { _ = await machine.holder.wait() }
      for running in lab?.servers.withLock({ $0 }) ?? [] { _ = await running.wait() }
    }
    do {
      for name in [server] + others.keys.sorted() { machines[name] = try await machine(folder) }
      let made = NetworkLab(folder, machines)
      lab = made
      try await made.connect(others)
      let result = try await body(made)
      await end()
      return result
    } catch {
      await end()
      throw error
    }
  }

  private init(_ folder: String, _ machines: [String: (holder: Running, id: pid_t)]) {
    self.folder = folder
    self.machines = machines
  }

  private static func machine(_ folder: String) async throws -> (holder: Running, id: pid_t) {
    let holder = try Running(
      [
        "/usr/bin/unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
        "/bin/sleep", "infinity",
      ], environment: [:], folder: "/", scratch: folder)
    let children = "/proc/\(holder.id)/task/\(holder.id)/children"
    for _ in 0..<2000 {
      let text = FileManager.default.contents(atPath: children) ?? Data()
      // The child has its namespaces once it is the program that stays.
      if let id = pid_t(String(decoding: text, as: UTF8.self).filter(\.isNumber)),
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(id)/exe"))?
          .hasSuffix("sleep") == true
      {
        return (holder, id)
      }
      try await Task.sleep(for: .milliseconds(5))
    }
    holder.send(SIGKILL)
    _ = await holder.wait()
    throw Failure(description: "a machine of the lab did not start")
  }

  private func connect(_ others: [String: String]) async throws {
    try await link(["ip", "link", "set", "lo", "up"])
    try await link(["ip", "link", "add", "eth0", "type", "bridge", "forward_delay", "0"])
    try await link(["ip", "address", "add", "\(Self.serverAddress)/24", "dev", "eth0"])
    try await link(["ip", "link", "set", "eth0", "up"])
    for (index, (name, address)) in others.sorted(by: { $0.key < $1.key }).enumerated() {
      let id = machines[name]?.id ?? 0
      try await link([
        "ip", "link", "add", "port\(index)", "type", "veth", "peer", "name", "eth0", "netns",
        "\(id)",
      ])
      try await link(["ip", "link", "set", "port\(index)", "master", "eth0", "up"])
      try await link(["ip", "link", "set", "lo", "up"], on: name)
      try await link(["ip", "address", "add", "\(address)/24", "dev", "eth0"], on: name)
      try await link(["ip", "link", "set", "eth0", "up"], on: name)
    }
    // What a server may want of its own, not of this machine.
    for place in ["/var/lib", "/run"] {
      try await run(["mount", "-t", "tmpfs", "none", place])
    }
    try await run(["mkdir", "-p", "/var/lib/kea", "/var/lib/misc", "/run/kea"])
  }

  /// Runs ip on a machine's network, among the process numbers of this machine.
  private func link(_ arguments: [String], on machine: String = NetworkLab.server) async throws {
    let id = machines[machine]?.id ?? 0
    try await mustRun(["nsenter", "--target", "\(id)", "--net"] + arguments, in: "/")
  }

  // MARK: Programs

  private func entering(_ machine: String) -> [String] {
    ["nsenter", "--target", "\(machines[machine]?.id ?? 0)", "--net", "--mount", "--pid"]
  }

  /// Runs a program on a machine; it has to succeed.
  @discardableResult
  func run(_ arguments: [String], on machine: String = NetworkLab.server) async throws -> String {
    try await mustRun(entering(machine) + arguments, in: "/", environment: Self.variables)
  }

  /// Starts a server that ends with the lab.
  func start(_ arguments: [String], on machine: String = NetworkLab.server) throws {
    guard Binary.find(arguments[0]) != nil, let nsenter = Binary.find("nsenter") else {
      throw Failure(description: "\(arguments[0]) is not installed")
    }
    let running = try Running(
      [nsenter] + entering(machine).dropFirst()
        + ["/bin/sh", "-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1", "sh", log] + arguments,
      environment: ["PATH": Self.path].merging(Self.variables) { $1 }, folder: "/", scratch: folder)
    servers.withLock { $0.append(running) }
  }

  private static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
  private static let variables = [
    "KEA_LOCKFILE_DIR": "/run/kea", "KEA_PIDFILE_DIR": "/run/kea",
    "KEA_LOGGER_DESTINATION": "stdout",
  ]

  private var log: String { "\(folder)/servers.log" }

  /// What the servers have said.
  var logText: String {
    String(decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self)
  }

  /// Waits until the servers have said something.
  func waitForLog(seconds: Double = 180, _ isThere: (String) -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(seconds)
    while !isThere(logText) {
      guard ContinuousClock.now < end else {
        throw Failure(description: "the servers never say it; they say\n\(logText.suffix(4000))")
      }
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  // MARK: Sockets

  /// Runs `body` in a thread that is on a machine's network: sockets that it opens are there.
  func onNetwork<Result: Sendable>(
    of machine: String = "client", _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    let place = "/proc/\(machines[machine]?.id ?? 0)/ns/net"
    return try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(
          with: Swift.Result {
            try joinNetwork(place)
            return try body()
          })
      }
    }
  }
}

/// Takes the calling thread to another network; it must end there, because others would find themselves moved.
/// Swift does not see setns(2).
private func joinNetwork(_ path: String) throws {
  typealias Function = @convention(c) (Int32, Int32) -> Int32
  let file = open(path, O_RDONLY | O_CLOEXEC)
  defer { close(file) }
  guard file >= 0, let symbol = dlsym(dlopen(nil, RTLD_NOW), "setns") else {
    throw NetworkLab.Failure(description: "cannot open \(path)")
  }
  let newNetwork: Int32 = 0x4000_0000  // CLONE_NEWNET
  guard unsafeBitCast(symbol, to: Function.self)(file, newNetwork) == 0 else {
    throw NetworkLab.Failure(
      description: "cannot join \(path): \(String(cString: strerror(errno)))")
  }
}

/// Asks again and again, as a machine that boots does, until there is an answer.
func untilAnswered<Result>(
  _ what: String, seconds: Double = 60, _ ask: () throws -> Result?
) throws -> Result {
  let end = ContinuousClock.now + .seconds(seconds)
  while ContinuousClock.now < end {
    if let result = try ask() { return result }
  }
  throw NetworkLab.Failure(description: "nobody answers \(what)")
}
