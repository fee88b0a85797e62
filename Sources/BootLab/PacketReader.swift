/// Turns the frames on a machine's cable into what they mean, in the order in which they pass.
struct PacketReader {
  /// A TFTP transfer (RFC 1350, 2347, 2348).
  private struct Transfer {
    let file: String
    var blockSize = 512
    var next: UInt16 = 1
    var bytes: Int64 = 0
  }

  private struct Request {
    let path: String
    let agent: String
  }

  /// What booting machines look like to DHCP servers, by the number of their transaction.
  private var clients: [UInt32: NetworkEvent.Client] = [:]
  /// By the machine's port.
  private var transfers: [Int: Transfer] = [:]
  private var requests: [Int: Request] = [:]
  private var connecting: Set<Int> = []
  private let httpPort: Int

  /// - Parameter httpPort: The port of the site's HTTP server.
  init(httpPort: Int) { self.httpPort = httpPort }

  /// What a frame means; nil when it says nothing new.
  mutating func event(of bytes: [UInt8]) -> NetworkEvent? {
    guard let frame = Frame(bytes) else { return nil }
    switch frame.transport {
    case .udp: return udp(frame, bytes)
    case .tcp: return tcp(frame, bytes)
    }
  }

  private mutating func udp(_ frame: Frame, _ bytes: [UInt8]) -> NetworkEvent? {
    let ports = [frame.sourcePort, frame.destinationPort]
    if ports.contains(67) || ports.contains(4011) {
      return DHCPMessage(bytes, frame.payload).flatMap { dhcp($0) }
    }
    if frame.destinationPort == 69 { return readRequest(frame, bytes) }
    return transfer(frame, bytes)
  }

  private mutating func dhcp(_ message: DHCPMessage) -> NetworkEvent? {
    if message.isRequest {
      clients[message.transaction] = message.client
      return .asked(message.client)
    }
    guard let client = clients[message.transaction] else { return nil }
    return .answered(client, message.answer)
  }

  // MARK: TFTP

  private mutating func readRequest(_ frame: Frame, _ bytes: [UInt8]) -> NetworkEvent? {
    let data = bytes[frame.payload]
    guard data.count > 4, bytes.word(frame.payload.lowerBound) == 1 else { return nil }
    let file = String(decoding: data.dropFirst(2).prefix { $0 != 0 }, as: UTF8.self)
    // Asked again because the answer is late.
    if let old = transfers[frame.sourcePort], old.file == file, old.bytes == 0 { return nil }
    transfers[frame.sourcePort] = Transfer(file: file)
    return .readStarted(file: file)
  }

  private mutating func transfer(_ frame: Frame, _ bytes: [UInt8]) -> NetworkEvent? {
    guard var transfer = transfers[frame.destinationPort], frame.payload.count >= 4 else {
      return nil
    }
    let start = frame.payload.lowerBound
    defer {
      if transfers[frame.destinationPort] != nil { transfers[frame.destinationPort] = transfer }
    }
    switch bytes.word(start) {
    case 3:
      guard bytes.word(start + 2) == transfer.next else { return nil }
      transfer.next &+= 1
      let count = frame.payload.count - 4
      transfer.bytes += Int64(count)
      guard count < transfer.blockSize else { return nil }
      transfers[frame.destinationPort] = nil
      return .readFinished(file: transfer.file, bytes: transfer.bytes)
    case 5:
      transfers[frame.destinationPort] = nil
      let message = bytes[(start + 4)..<frame.payload.upperBound].prefix { $0 != 0 }
      return .readFailed(
        file: transfer.file, code: Int(bytes.word(start + 2)),
        message: String(decoding: message, as: UTF8.self))
    case 6:
      let words = bytes[(start + 2)..<frame.payload.upperBound].split(separator: 0)
        .map { String(decoding: $0, as: UTF8.self).lowercased() }
      if let index = words.firstIndex(of: "blksize"), index + 1 < words.count,
        let size = Int(words[index + 1])
      {
        transfer.blockSize = size
      }
      return nil
    default: return nil
    }
  }

  // MARK: HTTP

  private mutating func tcp(_ frame: Frame, _ bytes: [UInt8]) -> NetworkEvent? {
    let data = bytes[frame.payload]
    if frame.destinationPort == httpPort {
      if frame.flags & 0b10 != 0 { connecting.insert(frame.sourcePort) }
      guard let request = Self.request(data) else { return nil }
      requests[frame.sourcePort] = request
      return .requested(path: request.path, agent: request.agent)
    }
    guard frame.sourcePort == httpPort else { return nil }
    let isFirst = connecting.remove(frame.destinationPort) != nil
    if frame.flags & 0b100 != 0, isFirst {
      return .refused(address: Frame.text(frame.source), port: frame.sourcePort)
    }
    guard let request = requests[frame.destinationPort], let status = Self.status(data) else {
      return nil
    }
    requests[frame.destinationPort] = nil
    return .responded(path: request.path, agent: request.agent, status: status)
  }

  /// The first lines of a GET; all of iPXE's and edk2's requests fit into one packet. Nil for a HEAD, by which edk2
  /// only asks for the size.
  private static func request(_ data: ArraySlice<UInt8>) -> Request? {
    guard data.starts(with: "GET ".utf8) else { return nil }
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\r\n")
    let words = lines.first?.split(separator: " ") ?? []
    guard words.count == 3 else { return nil }
    let name = "user-agent:"
    let agent = lines.first { $0.lowercased().hasPrefix(name) }?.dropFirst(name.count)
    return Request(path: String(words[1]), agent: String((agent ?? "").drop { $0 == " " }))
  }

  private static func status(_ data: ArraySlice<UInt8>) -> Int? {
    guard data.starts(with: "HTTP/1.".utf8), data.count >= 12 else { return nil }
    return Int(String(decoding: data.dropFirst(9).prefix(3), as: UTF8.self))
  }
}
