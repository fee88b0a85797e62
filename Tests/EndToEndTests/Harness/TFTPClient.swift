import Foundation

/// One file read by TFTP (RFC 1350, with the option blksize of RFC 2348). Use it in a thread of the machine's
/// network.
final class TFTPRead {
  /// What a server said in place of the file.
  struct Refusal: Error, Equatable { var message: String }

  private static let blockSize = 1024
  private let socket: Int32
  private let name: String
  private var server: sockaddr_in
  private var content: [UInt8] = []
  private var expected: UInt16 = 1
  private(set) var isFinished = false
  /// True once the server has sent anything.
  private(set) var isAnswered = false
  private var pending: [UInt8] = []

  init(_ name: String, from address: String) throws {
    self.name = name
    server = socketAddress(address, port: 69)
    socket = Glibc.socket(
      AF_INET,
      Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard socket >= 0 else {
      throw NetworkLab.Failure(description: "no socket: \(String(cString: strerror(errno)))")
    }
  }

  deinit { close(socket) }

  /// Asks for the file.
  func request() {
    var packet: [UInt8] = [0, 1]
    for word in [name, "octet", "blksize", "\(Self.blockSize)"] { packet += Array(word.utf8) + [0] }
    send(packet)
  }

  /// Takes one packet, if there is one. With `holds` it is not acknowledged until the next call without.
  func step(holds: Bool = false) throws {
    if !holds, !pending.isEmpty {
      let packet = pending
      pending = []
      try take(packet)
    }
    var buffer = [UInt8](repeating: 0, count: 2048)
    var sender = sockaddr_in()
    let count = withAddress(&sender) { address, _ in
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      return recvfrom(
        socket, &buffer, buffer.count, 0, UnsafeMutablePointer(mutating: address), &length)
    }
    guard count >= 4 else { return }
    server = sender  // The port of this transfer.
    isAnswered = true
    let packet = Array(buffer[..<count])
    if holds { pending = packet } else { try take(packet) }
  }

  private func take(_ packet: [UInt8]) throws {
    switch packet[1] {
    case 3:
      let block = UInt16(packet[2]) << 8 | UInt16(packet[3])
      if block == expected, !isFinished {
        content += packet[4...]
        expected &+= 1
        isFinished = packet.count - 4 < Self.blockSize
      }
      send([0, 4, packet[2], packet[3]])
    case 5: throw Refusal(message: String(decoding: packet[4...].prefix { $0 != 0 }, as: UTF8.self))
    case 6: send([0, 4, 0, 0])
    default: break
    }
  }

  private func send(_ bytes: [UInt8]) {
    _ = withAddress(&server) { sendto(socket, bytes, bytes.count, 0, $0, $1) }
  }

  /// The whole file.
  ///
  /// - Throws: `Refusal`, and `Failure` when the server does not answer.
  static func fetch(_ name: String, from address: String, seconds: Double = 60) throws -> [UInt8] {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
      let read = try TFTPRead(name, from: address)
      read.request()
      // A server that is not up yet, or a lost packet: ask anew.
      let patience = ContinuousClock.now + .seconds(read.isAnswered ? 10 : 1)
      while ContinuousClock.now < patience || read.isAnswered, ContinuousClock.now < end {
        try read.step()
        if read.isFinished { return read.content }
        var wanted = pollfd(fd: read.socket, events: Int16(POLLIN), revents: 0)
        poll(&wanted, 1, 50)
      }
    }
    throw NetworkLab.Failure(description: "\(name) does not come by TFTP")
  }

  /// Asks for a file as many clients at once that acknowledge nothing, and says how many are answered.
  ///
  /// - Parameter ahead: How many requests may be without an answer at a time; a kernel keeps some 250 of them for a server
  ///   that is busy, 190 while that takes them one by one, and drops the others.
  /// - Returns: All reads, once as many as `wanted` are answered or nobody new has been for `seconds`.
  static func requestAtOnce(
    _ name: String, from address: String, clients: Int, ahead: Int = 200, seconds: Double
  ) throws -> [TFTPRead] {
    let reads = try (0..<clients).map { _ in try TFTPRead(name, from: address) }
    var asked = 0
    var answered = 0
    var end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end, answered < clients {
      while asked < min(clients, answered + ahead) {
        reads[asked].request()
        asked += 1
      }
      for read in reads where !read.isAnswered { try read.step(holds: true) }
      let now = reads.count { $0.isAnswered }
      if now > answered { end = ContinuousClock.now + .seconds(seconds) }
      answered = now
      usleep(2000)
    }
    return reads
  }

  /// Reads the rest of several files that were asked for.
  static func finish(_ reads: [TFTPRead], seconds: Double = 60) throws -> [[UInt8]] {
    let end = ContinuousClock.now + .seconds(seconds)
    while reads.contains(where: { !$0.isFinished }), ContinuousClock.now < end {
      for read in reads where !read.isFinished { try read.step() }
      usleep(500)
    }
    return reads.map(\.content)
  }
}
