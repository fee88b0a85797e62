import Glibc
import Recipes
import SystemPackage

/// The networks that this machine is on, for defaults: most sites are set up on the machine that
/// serves them.
struct LocalNetwork: Sendable, Equatable {
  struct Interface: Sendable, Equatable {
    var name: String
    var address: IPv4Address
    /// Bits of the network part, 0 to 32.
    var prefix: Int
  }

  var interfaces: [Interface] = []
  var defaultRoute: Route?

  struct Route: Sendable, Equatable {
    var interface: String
    var router: IPv4Address
  }

  /// The address that other machines most likely reach this one at.
  var likelyServer: Interface? {
    interfaces.first { $0.name == defaultRoute?.interface } ?? interfaces.first
  }

  func interface(with address: IPv4Address) -> Interface? {
    interfaces.first { $0.address == address }
  }

  /// Asks the kernel. What it does not say is left out: these are defaults only.
  static func ofThisMachine() -> LocalNetwork {
    var result = LocalNetwork()
    var first: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&first) == 0 else { return result }
    defer { freeifaddrs(first) }
    var next = first
    while let entry = next?.pointee {
      next = entry.ifa_next
      guard entry.ifa_flags & UInt32(IFF_LOOPBACK) == 0,
        entry.ifa_flags & UInt32(IFF_UP) != 0,
        let address = ipv4(entry.ifa_addr), let mask = ipv4(entry.ifa_netmask)
      else { continue }
      result.interfaces.append(
        Interface(
          name: String(cString: entry.ifa_name), address: address,
          prefix: mask.value.nonzeroBitCount))
    }
    result.defaultRoute = defaultRoute(in: routingTable())
    return result
  }

  private static func ipv4(_ pointer: UnsafeMutablePointer<sockaddr>?) -> IPv4Address? {
    guard let pointer, pointer.pointee.sa_family == sa_family_t(AF_INET) else { return nil }
    return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
      IPv4Address(value: UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
    }
  }

  private static func routingTable() -> String {
    guard let file = try? FileDescriptor.open("/proc/net/route", .readOnly) else { return "" }
    defer { try? file.close() }  // nothing was written
    var bytes = [UInt8](repeating: 0, count: 65_536)
    // Without the table there is no default router to propose, nothing worse.
    let count = (try? bytes.withUnsafeMutableBytes { try file.read(into: $0) }) ?? 0
    return String(decoding: bytes[..<count], as: UTF8.self)
  }

  /// The route to everywhere in a table as /proc/net/route gives it: numbers are hexadecimal, in the
  /// machine's byte order.
  static func defaultRoute(in table: String) -> Route? {
    for line in table.split(separator: "\n").dropFirst() {
      let fields = line.split(whereSeparator: { $0 == "\t" || $0 == " " })
      guard fields.count >= 8, fields[1] == "00000000", fields[7] == "00000000",
        let router = UInt32(fields[2], radix: 16), router != 0
      else { continue }
      return Route(
        interface: String(fields[0]), router: IPv4Address(value: UInt32(bigEndian: router)))
    }
    return nil
  }
}
