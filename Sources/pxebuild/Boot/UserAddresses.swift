import BuildEngine
import Recipes

/// The addresses on QEMU's user network, beside that of the site's HTTP server.
struct UserAddresses: Sendable, Equatable {
  var subnet: IPv4Subnet
  /// QEMU's DHCP and TFTP server: the router's address, where it can be.
  var host: IPv4Address
  /// A DNS server that is not there.
  var dns: IPv4Address
  /// The machine's: the first of the range, where it can be.
  var machine: IPv4Address

  /// - Throws: `BuildError` when the network has too few addresses.
  init(_ network: Site.Network, server: IPv4Address) throws {
    subnet = network.subnet ?? IPv4Subnet(of: server, prefixLength: 24)
    var taken = [server]
    func take(_ wanted: IPv4Address?, in subnet: IPv4Subnet) throws -> IPv4Address {
      let hosts = subnet.hosts
      // One more than are ever taken.
      let first = (0..<4).map { IPv4Address(value: hosts.lowerBound.value &+ $0) }
      let free = ([wanted].compactMap(\.self) + first).first {
        hosts.contains($0) && !taken.contains($0)
      }
      guard let free else {
        throw BuildError(
          .recipe, "the network \(subnet) is too small for a boot without root",
          reason: "QEMU's user network takes four addresses",
          advice: "run it as root: sudo pxebuild boot")
      }
      taken.append(free)
      return free
    }
    machine = try take(network.range?.lowerBound, in: subnet)
    host = try take(network.router, in: subnet)
    dns = try take(nil, in: subnet)
  }
}
