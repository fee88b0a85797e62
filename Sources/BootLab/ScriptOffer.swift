/// Tells an iPXE that has started to load the script, on a network whose DHCP server cannot tell it from firmware:
/// QEMU's own offers everybody the same.
struct ScriptOffer: Sendable {
  /// A path or a URL; nil when iPXE is offered nothing.
  let script: String?
  /// The transactions in which iPXE asks.
  private var transactions: Set<UInt32> = []

  init(script: String?) { self.script = script }

  /// Puts the script into an answer to iPXE; other frames stay as they are.
  ///
  /// A user class that was hidden does not count: see `DHCPMessage.hideUserClass`.
  mutating func apply(to bytes: inout [UInt8]) {
    guard let frame = Frame(bytes), frame.transport == .udp,
      [frame.sourcePort, frame.destinationPort].contains(67),
      let message = DHCPMessage(bytes, frame.payload)
    else { return }
    if message.isRequest {
      if message.client.isIPXE { transactions.insert(message.transaction) }
    } else if transactions.contains(message.transaction) {
      let field = DHCPMessage.fileField(at: frame.payload.lowerBound)
      // The field ends in a zero.
      let name = Array((script ?? "").utf8.prefix(field.count - 1))
      bytes.replaceSubrange(
        field, with: name + [UInt8](repeating: 0, count: field.count - name.count))
      // A checksum of 0 is none.
      bytes[frame.checksum] = 0
      bytes[frame.checksum + 1] = 0
    }
  }
}
