import BuildEngine
import Glibc
import Recipes
import SystemPackage

/// Where `pxebuild serve` answers: an address of this machine and the ports.
struct ServePlace: Sendable {
  var address: IPv4Address
  /// The network interface, where one was named.
  var interface: LocalNetwork.Interface?
  var httpPort: Int
  var tftpPort: Int
  /// True when it answers machines that ask what to boot.
  var isProxy: Bool

  /// The port that TFTP clients ask, and the only one that dnsmasq can serve.
  static let usualTFTPPort = 69

  /// The interface of a name, with its first IPv4 address.
  ///
  /// - Throws: `BuildError` that lists the interfaces that there are.
  static func interface(_ name: String, of network: LocalNetwork) throws -> LocalNetwork.Interface {
    if let found = network.interfaces.first(where: { $0.name == name }) { return found }
    let known = network.interfaces.map { "\($0.name) (\($0.address))" }.joined(separator: ", ")
    throw BuildError(
      .failed, "there is no network interface \"\(name.printable)\" with an IPv4 address",
      advice: known.isEmpty
        ? "ip address shows the interfaces; without one, this machine alone can be served"
        : "take one of \(known)")
  }

  /// Sees that all ports can be had.
  ///
  /// - Throws: every port that cannot.
  func checkPorts() throws(ServeProblems) {
    var checks = [
      PortCheck(
        transport: .tcp, address: address, port: httpPort, service: "HTTP", option: "--http-port",
        alternative: 8080),
      PortCheck(
        transport: .udp, address: address, port: tftpPort, service: "TFTP",
        option: isProxy ? nil : "--tftp-port", alternative: 6969),
    ]
    if isProxy {
      checks += [67, 4011].map {
        PortCheck(
          transport: .udp, address: IPv4Address(value: 0), port: $0, service: "proxy DHCP",
          alternative: $0)
      }
    }
    var problems: [BuildError] = []
    for check in checks {
      do { try check.run() } catch let error as BuildError { problems.append(error) } catch {}
    }
    if !problems.isEmpty { throw ServeProblems(errors: problems) }
  }

  /// The event `serving` of docs/json.md.
  func json(at seconds: Double) -> JSON {
    .object([
      "event": .string("serving"), "time": .seconds(seconds), "http": .string("\(httpURL)/"),
      "tftp": .string("\(tftpURL)/"),
      "proxy": isProxy ? interface.map { .string($0.name) } : nil,
    ])
  }

  var httpURL: String { "http://\(address)\(httpPort == 80 ? "" : ":\(httpPort)")" }
  var tftpURL: String { "tftp://\(address)\(tftpPort == Self.usualTFTPPort ? "" : ":\(tftpPort)")" }
}

/// Everything that keeps a tree from being served. Never empty.
struct ServeProblems: Error, Sendable {
  var errors: [BuildError]
}

/// What a tree needs to be readable by servers that give up root's rights.
enum TreeAccess {
  /// - Parameter name: What a person calls the tree.
  /// - Throws: `BuildError` that names every folder on the way to the tree that is closed to them.
  static func check(_ tree: FilePath, name: String) throws {
    let closed = closedFolders(on: tree)
    guard closed.isEmpty else {
      let names = closed.map(\.printable).joined(separator: ", ")
      throw BuildError(
        .noPermission, "the servers could not read \(name.printable)",
        reason: "they give up root's rights, and others may not enter \(names)",
        advice: "chmod o+x \(names), or build into another folder with --output")
    }
  }

  /// The folders above and at a path that other users cannot enter.
  private static func closedFolders(on path: FilePath) -> [FilePath] {
    var closed: [FilePath] = []
    var folder = path
    while true {
      var status = stat()
      if folder.withPlatformString({ stat($0, &status) }) == 0, status.st_mode & S_IXOTH == 0 {
        closed.insert(folder, at: 0)
      }
      guard folder.removeLastComponent() else { break }
    }
    return closed
  }
}
