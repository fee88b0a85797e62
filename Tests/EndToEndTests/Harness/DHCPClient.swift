import Foundation

/// An answer of a DHCP server (RFC 2131), as far as booting goes.
struct DHCPAnswer: Sendable, Equatable {
  var type: UInt8
  var address: String
  var nextServer: String
  /// Of option 67 or else of the header's field, where clients look for it; empty for none.
  var file: String
  /// Option 60.
  var vendorClass: String?
  /// Option 12.
  var hostName: String?
  /// The sender, and its port.
  var sender: String
}

/// A machine's firmware as far as DHCP knows it: it sends a DISCOVER by broadcast and reads what comes back.
/// Use it in a thread of the machine's network.
final class DHCPClient {
  struct Request {
    /// Option 93; a machine that does not boot over the network sends none.
    var architecture: UInt16?
    /// User class (option 77) iPXE.
    var isIPXE = false
    var hardware: [UInt8] = [0x52, 0x54, 0, 0x12, 0x34, 0x99]
    /// A machine asks a boot server of a proxy there: a REQUEST to port 4011.
    var bootServer: String?
    /// Option 43 of such a REQUEST.
    var vendorOptions: [UInt8] = []
  }

  private let socket: Int32
  private var number = UInt32.random(in: 0...UInt32.max)

  init() throws {
    socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var on: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    setsockopt(socket, SOL_SOCKET, SO_BROADCAST, &on, size)
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, size)
    setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, "eth0", 5)
    var address = socketAddress("0.0.0.0", port: 68)
    guard withAddress(&address, { bind(socket, $0, $1) }) == 0 else {
      throw NetworkLab.Failure(
        description: "cannot bind port 68: \(String(cString: strerror(errno)))")
    }
  }

  deinit { close(socket) }

  /// Sends a request and returns the answers to it until there is one and then none for a moment, or until
  /// time is up.
  func ask(_ request: Request, seconds: Double = 1) throws -> [DHCPAnswer] {
    let number = try send(request)
    var answers: [DHCPAnswer] = []
    var end = ContinuousClock.now + .seconds(seconds)
    while let packet = receive(until: end) {
      guard packet.number == number else { continue }
      answers.append(packet.answer)
      end = ContinuousClock.now + .milliseconds(100)
    }
    return answers
  }

  /// The one answer to a request, which is sent again until it comes.
  func answer(_ request: Request) throws -> DHCPAnswer {
    try untilAnswered("\(request)") { try ask(request, seconds: 2).first }
  }

  /// True when nobody answers a request, though somebody answers another one that is sent after it.
  func isIgnored(_ request: Request, before other: Request) throws -> Bool {
    try untilAnswered("\(other)") {
      let number = try send(request)
      let last = try send(other)
      var isIgnored = true
      let end = ContinuousClock.now + .seconds(2)
      while let packet = receive(until: end) {
        if packet.number == number { isIgnored = false }
        if packet.number == last { return isIgnored }
      }
      return nil
    }
  }

  private func send(_ request: Request) throws -> UInt32 {
    number &+= 1
    let bytes = Self.bytes(of: request, number: number)
    var address = socketAddress(
      request.bootServer ?? "255.255.255.255", port: request.bootServer == nil ? 67 : 4011)
    let sent = withAddress(&address) { sendto(socket, bytes, bytes.count, 0, $0, $1) }
    guard sent == bytes.count else {
      throw NetworkLab.Failure(description: "cannot send: \(String(cString: strerror(errno)))")
    }
    return number
  }

  private static func bytes(of request: Request, number: UInt32) -> [UInt8] {
    var bytes: [UInt8] = [1, 1, 6, 0]
    bytes += (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0))) }
    bytes += [0, 0, 0x80, 0]  // The answer by broadcast.
    bytes += request.bootServer == nil ? [0, 0, 0, 0] : [10, 0, 0, 2]
    bytes += [UInt8](repeating: 0, count: 12)
    bytes += request.hardware + [UInt8](repeating: 0, count: 10 + 64 + 128)
    bytes += [0x63, 0x82, 0x53, 0x63]
    func add(_ option: UInt8, _ value: [UInt8]) { bytes += [option, UInt8(value.count)] + value }
    add(53, [request.bootServer == nil ? 1 : 3])
    if let architecture = request.architecture {
      let isHTTP = [15, 16, 19].contains(architecture) && !request.isIPXE
      let digits = String(repeating: "0", count: 5 - "\(architecture)".count) + "\(architecture)"
      add(60, Array("\(isHTTP ? "HTTP" : "PXE")Client:Arch:\(digits):UNDI:003001".utf8))
      add(93, [UInt8(architecture >> 8), UInt8(architecture & 0xff)])
      add(94, [1, 3, 1])
      add(97, [0] + request.hardware + [UInt8](repeating: 0, count: 10))
    }
    if request.isIPXE {
      add(77, Array("iPXE".utf8))
      add(175, [0x13, 1, 1])
    }
    if !request.vendorOptions.isEmpty { add(43, request.vendorOptions) }
    add(55, [1, 3, 6, 12, 15, 28, 43, 54, 60, 66, 67])
    return bytes + [255]
  }

  private func receive(until end: ContinuousClock.Instant) -> (number: UInt32, answer: DHCPAnswer)?
  {
    while true {
      let left = end - ContinuousClock.now
      let milliseconds =
        left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
      guard left > .zero else { return nil }
      var wanted = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      guard poll(&wanted, 1, Int32(milliseconds) + 1) > 0 else { continue }
      var buffer = [UInt8](repeating: 0, count: 2048)
      var sender = sockaddr_in()
      let count = withAddress(&sender) { address, _ in
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return recvfrom(
          socket, &buffer, buffer.count, 0, UnsafeMutablePointer(mutating: address), &length)
      }
      guard count >= 240, buffer[0] == 2 else { continue }
      let number = buffer[4..<8].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      return (number, Self.answer(Array(buffer[..<count]), from: sender))
    }
  }

  private static func answer(_ bytes: [UInt8], from sender: sockaddr_in) -> DHCPAnswer {
    var options: [UInt8: [UInt8]] = [:]
    var index = 240
    while index + 1 < bytes.count, bytes[index] != 255 {
      if bytes[index] == 0 {
        index += 1
        continue
      }
      let end = index + 2 + Int(bytes[index + 1])
      guard end <= bytes.count else { break }
      options[bytes[index], default: []] += bytes[(index + 2)..<end]
      index = end
    }
    func text(_ bytes: some Sequence<UInt8>) -> String {
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    func address(_ start: Int) -> String {
      bytes[start..<(start + 4)].map(String.init).joined(separator: ".")
    }
    let from = withUnsafeBytes(of: sender.sin_addr.s_addr) { $0.map(String.init) }
    return DHCPAnswer(
      type: options[53]?.first ?? 0, address: address(16), nextServer: address(20),
      file: text(options[67] ?? Array(bytes[108..<236])), vendorClass: options[60].map(text),
      hostName: options[12].map(text),
      sender: "\(from.joined(separator: ".")):\(UInt16(bigEndian: sender.sin_port))")
  }
}

/// - Parameter text: An IPv4 address.
func socketAddress(_ text: String, port: UInt16) -> sockaddr_in {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  inet_pton(AF_INET, text, &address.sin_addr)
  return address
}

func withAddress<Result>(
  _ address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result
) rethrows -> Result {
  try withUnsafeMutablePointer(to: &address) {
    try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      try body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
}
