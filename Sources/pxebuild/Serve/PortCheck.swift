import BuildEngine
import Glibc
import Recipes

/// A port that a server is about to take.
struct PortCheck: Sendable {
  enum Transport: Sendable { case tcp, udp }

  var transport: Transport
  var address: IPv4Address
  var port: Int
  /// What it is for: "HTTP".
  var service: String
  /// The option that chooses another; nil where none does.
  var option: String?
  /// A number worth trying instead.
  var alternative: Int

  /// Takes the port and gives it back at once.
  ///
  /// - Throws: `BuildError` that says why it cannot be had.
  func run() throws {
    let kind = transport == .tcp ? SOCK_STREAM : SOCK_DGRAM
    let file = socket(AF_INET, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard file >= 0 else { throw BuildError(errno: errno, doing: "open", path: "a socket") }
    defer { close(file) }
    var yes: Int32 = 1
    if transport == .tcp {
      // As the server does: connections of an earlier one that are still closing are no obstacle.
      setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    }
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = in_port_t(port).bigEndian
    place.sin_addr.s_addr = address.value.bigEndian
    let result = withUnsafePointer(to: &place) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if result == 0, transport == .udp || listen(file, 1) == 0 { return }
    throw error(errno)
  }

  private func error(_ code: Int32) -> BuildError {
    let name = "\(transport == .tcp ? "TCP" : "UDP") port \(port) of \(address)"
    let other = option.map { "\($0) \(port == alternative ? alternative + 1 : alternative)" }
    switch code {
    case EADDRINUSE:
      let look = "ss -\(transport == .tcp ? "t" : "u")lpn 'sport = :\(port)' says who has it"
      return BuildError(
        .failed, "\(name) is taken", reason: "another server has it; \(service) cannot be served",
        advice: other.map { "end that server, or choose another port with \($0); \(look)" }
          ?? "end that server; \(look)")
    case EACCES, EPERM:
      return BuildError(
        .noPermission, "\(name) is for root alone",
        reason: "\(service) cannot be served by this user",
        advice: other.map { "run it as root, or choose another port with \($0)" }
          ?? "run it as root")
    case EADDRNOTAVAIL:
      return BuildError(
        .failed, "this machine does not have the address \(address)",
        advice: "name one of its network interfaces with --interface")
    default:
      return BuildError(.failed, "cannot serve at \(name)", reason: String(cString: strerror(code)))
    }
  }
}
