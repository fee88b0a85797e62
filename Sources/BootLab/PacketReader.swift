import Crypto

/// Turns the frames on a machine's cable into what they mean, in the order in which they pass.
struct PacketReader {
  /// A TFTP transfer (RFC 1350, 2347, 2348).
  private struct Transfer {
    let file: String
    var blockSize = 512
    var next: UInt16 = 1
    var bytes: Int64 = 0
    /// Of what has come so far.
    var hasher = SHA256()
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
  private var mounts = MountReader()
  /// What the frame at hand says beside its event.
  private var details: [SeenEvent.Detail] = []

  /// What a frame means; nil when it says nothing new.
  ///
  /// - Parameter seconds: When it passed.
  mutating func event(of bytes: [UInt8], seconds: Double) -> SeenEvent? {
    guard let frame = Frame(bytes) else { return nil }
    details = []
    let event =
      switch frame.transport {
      case .udp: udp(frame, bytes)
      case .tcp: tcp(frame, bytes)
      }
    return event.map {
      SeenEvent(
        $0, seconds: seconds, from: Frame.text(frame.source), to: Frame.text(frame.destination),
        details: details)
    }
  }

  private mutating func udp(_ frame: Frame, _ bytes: [UInt8]) -> NetworkEvent? {
    let ports = [frame.sourcePort, frame.destinationPort]
    if ports.contains(67) || ports.contains(4011) {
      return DHCPMessage(bytes, frame.payload).flatMap { dhcp($0) }
    }
    if frame.destinationPort == 69 { return readRequest(frame, bytes) }
    if let mounted = mounts.event(of: bytes[frame.payload]) { return mounted }
    return transfer(frame, bytes)
  }

  private mutating func dhcp(_ message: DHCPMessage) -> NetworkEvent? {
    details = message.details
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
      bytes[(start + 4)..<frame.payload.upperBound].withUnsafeBytes {
        transfer.hasher.update(bufferPointer: $0)
      }
      guard count < transfer.blockSize else { return nil }
      transfers[frame.destinationPort] = nil
      let sha256 = transfer.hasher.finalize().map { byte in
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }.joined()
      return .readFinished(file: transfer.file, bytes: transfer.bytes, sha256: sha256)
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
    let (hasSYN, hasACK) = (frame.flags & 0b10 != 0, frame.flags & 0b1_0000 != 0)
    if hasSYN, !hasACK { connecting.insert(frame.sourcePort) }
    if let request = Self.request(data) {
      requests[frame.sourcePort] = request
      return .requested(path: request.path, agent: request.agent)
    }
    let isFirst = connecting.remove(frame.destinationPort) != nil
    if frame.flags & 0b100 != 0, isFirst {
      return .refused(address: Frame.text(frame.source), port: frame.sourcePort)
    }
    guard let request = requests[frame.destinationPort], let status = Self.status(data) else {
      return mounts.event(of: data)
    }
    requests[frame.destinationPort] = nil
    return .responded(
      path: request.path, agent: request.agent, status: status,
      bytes: Self.field("content-length", of: data).flatMap { Int64($0) })
  }

  /// The first lines of a GET; all of iPXE's and edk2's requests fit into one packet. Nil for a HEAD, by which edk2
  /// only asks for the size.
  private static func request(_ data: ArraySlice<UInt8>) -> Request? {
    guard data.starts(with: "GET ".utf8) else { return nil }
    let line = data.prefix { $0 != 13 }
    let words = String(decoding: line, as: UTF8.self).split(separator: " ")
    guard words.count == 3 else { return nil }
    return Request(path: String(words[1]), agent: field("user-agent", of: data) ?? "")
  }

  /// A header field's value, by its name in small letters.
  private static func field(_ name: String, of data: ArraySlice<UInt8>) -> String? {
    for line in String(decoding: data, as: UTF8.self).split(separator: "\r\n").dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { return nil }
      if line[..<colon].lowercased() == name {
        return String(line[colon...].dropFirst().drop { $0 == " " })
      }
    }
    return nil
  }

  private static func status(_ data: ArraySlice<UInt8>) -> Int? {
    guard data.starts(with: "HTTP/1.".utf8), data.count >= 12 else { return nil }
    return Int(String(decoding: data.dropFirst(9).prefix(3), as: UTF8.self))
  }
}
