import Glibc
import SystemPackage

/// One file on its way to one machine: a packet is sent again until it is acknowledged, then comes the next.
struct TFTPTransfer {
  /// A socket of its own, connected to the machine.
  let socket: Int32
  let request: ServedRequest
  private let file: FileDescriptor
  private let blockSize: Int
  /// In seconds.
  private let timeout: Double
  private var block: UInt16 = 0
  private var packet: [UInt8] = []
  private var isLast = false
  private var triesLeft = Self.tries
  private(set) var deadline: Double = 0

  private static let tries = 6

  enum State {
    case goesOn
    case ended(ServedRequest.Outcome)
    /// The machine only wanted to know the size.
    case wasAsked
  }

  init(
    socket: Int32, file: FileDescriptor, size: Int64, _ wanted: TFTPPacket.ReadRequest,
    _ request: ServedRequest, at now: Double
  ) {
    self.socket = socket
    self.file = file
    self.request = request
    var granted: [(name: String, value: String)] = []
    var blockSize = 512
    var timeout = 1.0
    if let wish = wanted.options["blksize"].flatMap({ Int($0) }), wish >= 8 {
      blockSize = min(wish, 65_464)
      granted.append(("blksize", String(blockSize)))
    }
    if wanted.options["tsize"] != nil { granted.append(("tsize", String(size))) }
    if let wish = wanted.options["timeout"].flatMap({ Int($0) }), (1...255).contains(wish) {
      timeout = Double(wish)
      granted.append(("timeout", String(wish)))
    }
    self.blockSize = blockSize
    self.timeout = timeout
    packet = TFTPPacket.optionAcknowledgement(granted)
    if granted.isEmpty, !next() { triesLeft = 0 }
    send(at: now)
  }

  /// Takes a packet of the machine.
  mutating func receive(_ message: TFTPPacket.Message, at now: Double) -> State {
    switch message {
    // An older one is a copy on a slow way: answering it again would double every packet after it.
    case .acknowledgement(let number) where number == block:
      if isLast { return .ended(.sent) }
      guard next() else { return .ended(.failed) }
      triesLeft = Self.tries
      send(at: now)
      return .goesOn
    case .error: return block == 0 ? .wasAsked : .ended(.failed)
    case .acknowledgement, .read, .other: return .goesOn
    }
  }

  /// Sends the packet once more, for as long as there is hope.
  mutating func remind(at now: Double) -> State {
    guard triesLeft > 0 else { return .ended(.failed) }
    send(at: now)
    return .goesOn
  }

  func close() {
    Glibc.close(socket)
    try? file.close()  // opened for reading only
  }

  private mutating func send(at now: Double) {
    triesLeft -= 1
    deadline = now + timeout
    // What is lost on the way is sent again.
    _ = Glibc.send(socket, packet, packet.count, Int32(MSG_NOSIGNAL))
  }

  /// Reads the next block; false when it cannot be read.
  private mutating func next() -> Bool {
    var bytes = [UInt8](repeating: 0, count: blockSize)
    var count = 0
    do {
      try bytes.withUnsafeMutableBytes { buffer in
        while count < blockSize {
          let read = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
          if read == 0 { break }
          count += read
        }
      }
    } catch { return false }
    block &+= 1
    isLast = count < blockSize
    packet = TFTPPacket.data(block, bytes[..<count])
    return true
  }
}
