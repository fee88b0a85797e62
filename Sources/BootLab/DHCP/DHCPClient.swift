import BuildEngine
import CLinux
import Glibc
import SystemPackage

/// Asks DHCP servers as booting machines do, and never takes a lease.
///
/// Questions are sent as whole packets and answers read off the wire, so nothing is in the way of a DHCP client that
/// this machine runs itself, and servers on this machine are heard as well as others.
public final class DHCPClient {
  /// How long it waits, in seconds.
  public struct Patience: Sendable {
    /// For the answer to the first question: servers look first whether an address is in use.
    public var first = 5.0
    /// For that to each further one.
    public var each = 1.0
    /// For the answers to all that are still open, which are asked once more, at once.
    public var together = 4.0
    /// For further answers, of other servers.
    public var after = 1.5

    public init() {}

    public init(first: Double, each: Double, together: Double, after: Double) {
      self.first = first
      self.each = each
      self.together = together
      self.after = after
    }
  }

  private let sender: Int32
  private let watcher: Int32
  private var number = UInt32.random(in: 0...UInt32.max)

  /// - Throws: `BuildError` when the interface is not there, or without the right to do so.
  public init(interface: String) throws(BuildError) {
    sender = linux_open_sender(interface)
    guard sender >= 0 else { throw Self.error(errno, interface) }
    watcher = linux_watch_frames()
    guard watcher >= 0 else {
      let code = errno
      close(sender)
      throw Self.error(code, interface)
    }
  }

  deinit {
    close(sender)
    close(watcher)
  }

  private static func error(_ code: Int32, _ interface: String) -> BuildError {
    let name = FilePath(interface).printable
    switch code {
    case EPERM, EACCES:
      return BuildError(
        .noPermission, "only root can ask DHCP servers",
        reason: "the questions come from port 68, and answers are read off the wire",
        advice: "run it as root (the capability CAP_NET_RAW would do)")
    case ENODEV:
      return BuildError(
        .failed, "there is no network interface \(name)", advice: "ip link lists them")
    default:
      return BuildError(errno: code, doing: "ask on", path: .init(interface))
    }
  }

  /// Asks all questions, one after the other.
  ///
  /// - Returns: The answers to each, every one once, in the order in which they came.
  /// - Throws: `BuildError` when nothing can be sent.
  public func ask(_ questions: [DHCPQuestion], patience: Patience = Patience()) throws(BuildError)
    -> [[DHCPReply]]
  {
    var round = Round(first: number &+ 1, count: questions.count)
    number &+= UInt32(questions.count)
    for (index, question) in questions.enumerated() {
      try send(question, round.first &+ UInt32(index))
      receive(into: &round, seconds: index == 0 ? patience.first : patience.each) {
        $0.replies[index].isEmpty
      }
      // Where nobody answers at all there is no point in asking one after the other.
      if round.replies[0].isEmpty { break }
    }
    let silent = questions.indices.filter { round.replies[$0].isEmpty }
    if patience.together > 0, !silent.isEmpty {
      for index in silent { try send(questions[index], round.first &+ UInt32(index)) }
      receive(into: &round, seconds: patience.together) { round in
        silent.contains { round.replies[$0].isEmpty }
      }
    }
    receive(into: &round, seconds: patience.after) { _ in true }
    return round.replies
  }

  private struct Round {
    /// The transaction of the first question.
    let first: UInt32
    var replies: [[DHCPReply]]

    init(first: UInt32, count: Int) {
      self.first = first
      replies = Array(repeating: [], count: count)
    }

    /// No network has more servers.
    static let mostReplies = 16

    mutating func take(_ reply: DHCPReply, of transaction: UInt32) {
      let index = Int(transaction &- first)
      guard replies.indices.contains(index), replies[index].count < Self.mostReplies,
        !replies[index].contains(where: { $0.isAgain(reply) })
      else { return }
      replies[index].append(reply)
    }
  }

  // MARK: The wire

  private func send(_ question: DHCPQuestion, _ transaction: UInt32) throws(BuildError) {
    let packet = question.packet(transaction: transaction)
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_addr.s_addr = question.destination.bigEndian
    let sent = withUnsafePointer(to: &place) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(sender, packet, packet.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    // A boot server that an offer names may be anywhere: then it does not answer.
    guard sent == packet.count || question.bootServer != nil else {
      throw BuildError(
        .failed, "cannot send on the network", reason: String(cString: strerror(errno)),
        advice: "see whether the interface is up: ip link")
    }
  }

  /// Reads answers until time is up, or there is nothing more to wait for.
  private func receive(
    into round: inout Round, seconds: Double, while isOpen: (Round) -> Bool
  ) {
    let end = ContinuousClock.now + .seconds(seconds)
    var buffer = [UInt8](repeating: 0, count: DHCPReply.longest + 1)
    while isOpen(round) {
      let left = end - ContinuousClock.now
      guard left > .zero else { return }
      var wanted = pollfd(fd: watcher, events: Int16(POLLIN), revents: 0)
      let wait =
        left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1
      guard poll(&wanted, 1, Int32(clamping: wait)) > 0 else { continue }
      let count = recv(watcher, &buffer, buffer.count, 0)
      guard count > 0, count < buffer.count else { continue }
      let frame = Array(buffer[..<count])
      if let (reply, transaction) = DHCPReply.inFrame(frame) { round.take(reply, of: transaction) }
    }
  }
}

extension DHCPReply {
  /// The answer that an Ethernet frame holds, and what it is one to; nil for any other frame.
  static func inFrame(_ bytes: [UInt8]) -> (reply: DHCPReply, transaction: UInt32)? {
    guard let frame = Frame(bytes), frame.transport == .udp, frame.destinationPort == 68,
      [67, 4011].contains(frame.sourcePort)
    else { return nil }
    let data = Array(bytes[frame.payload])
    guard let message = DHCPMessage(data, 0..<data.count),
      let reply = DHCPReply(data, from: Frame.text(frame.source), port: frame.sourcePort)
    else { return nil }
    return (reply, message.transaction)
  }

  /// True for the same answer once more: sent again, or seen on two interfaces.
  fileprivate func isAgain(_ other: DHCPReply) -> Bool {
    sender == other.sender && senderPort == other.senderPort && type == other.type
      && file == other.file && address == other.address
  }
}
