import BuildEngine
import Recipes
import Subprocess
import Synchronization
import SystemPackage

/// Serves a tree with the servers of this machine until it is cancelled.
struct SiteServer: Sendable {
  let recipes: RecipeSet
  let tree: FilePath
  let place: ServePlace
  let console: Console

  /// The programs that it starts.
  var programs: [String] {
    ["nginx"] + (place.tftpPort == ServePlace.usualTFTPPort ? ["dnsmasq"] : [])
  }

  /// - Throws: `BuildError` when a server cannot be started or ends by itself; `RecipeErrors` when a machine
  ///   cannot be told what to boot. A cancelled run ends without an error.
  func run() async throws {
    let folder = try ServeFolder(tree: tree)
    defer { folder.remove() }
    let daemons = try [nginx(folder), dnsmasq(folder)].compactMap(\.self)
    let output = ServerOutput(
      servers: daemons.map(\.name) + (daemons.count > 1 ? [] : [Self.ownTFTP]), place: place,
      console: console)
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for daemon in daemons {
          group.addTask { try await run(daemon, in: folder, output) }
        }
        if daemons.count == 1 {
          let server = TFTPServer(root: tree, address: place.address, port: place.tftpPort)
          group.addTask { try await server.run { output.receive($0, of: Self.ownTFTP) } }
        }
        // None of them ends but by an error or a cancellation, and then none goes on.
        try await group.next()
        group.cancelAll()
      }
    } catch {
      guard Task.isCancelled else { throw error }
    }
    output.stopped()
  }

  /// What the TFTP server of pxebuild itself is called.
  private static let ownTFTP = "tftp"

  private func run(_ daemon: Daemon, in folder: ServeFolder, _ output: ServerOutput) async throws {
    let log = Mutex<any ServerLog>(
      daemon.name == "nginx" ? NginxLog() : DnsmasqLog(root: "\(folder.tree)/"))
    let status = try await daemon.run { stream, line in
      guard let event = log.withLock({ $0.event(of: line, from: stream) }) else { return }
      output.receive(event, of: daemon.name)
    }
    if !Task.isCancelled { throw ended(daemon, status, output.tail(of: daemon.name)) }
  }

  private func nginx(_ folder: ServeFolder) throws -> Daemon {
    let config = NginxConfig(
      root: folder.tree.string,
      endpoint: HTTPEndpoint(
        address: place.address.description, port: place.httpPort,
        prefix: recipes.site.httpEndpoint?.prefix ?? ""),
      service: .foreground(folder: folder.path.string))
    let file = try folder.write(config.text, to: "nginx.conf")
    return Daemon(
      name: "nginx", program: try program("nginx"),
      arguments: ["-p", folder.path.string, "-c", file], folder: folder.path)
  }

  /// Nil for a port that dnsmasq cannot take: it has no option for it.
  private func dnsmasq(_ folder: ServeFolder) throws -> Daemon? {
    guard place.tftpPort == ServePlace.usualTFTPPort else { return nil }
    let root = folder.tree.string
    let text: String
    if place.isProxy, let interface = place.interface {
      text = try recipes.foregroundProxy(
        root: root, address: place.address,
        subnet: IPv4Subnet(of: place.address, prefixLength: interface.prefix),
        interface: interface.name)
    } else {
      text = RecipeSet.foregroundTFTP(root: root, address: place.address)
    }
    return Daemon(
      name: "dnsmasq", program: try program("dnsmasq"),
      arguments: ["--conf-file=\(try folder.write(text, to: "dnsmasq.conf"))"], folder: folder.path)
  }

  private func program(_ name: String) throws -> FilePath {
    if let path = Toolchain.find(name) { return path }
    throw BuildError(.failed, "\(name) is not installed")
  }

  private func ended(_ daemon: Daemon, _ status: TerminationStatus, _ tail: [String]) -> BuildError
  {
    let how =
      switch status {
      case .exited(let code) where code >= 128: "signal \(code - 128) ended it"
      case .exited(let code): "it ended with exit status \(code)"
      case .signaled(let number): "signal \(number) ended it"
      }
    return BuildError(
      .failed, "\(daemon.name) does not serve any more", reason: how, outputTail: tail)
  }
}
