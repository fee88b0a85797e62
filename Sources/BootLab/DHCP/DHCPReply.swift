/// A DHCP server's answer, as far as booting goes.
public struct DHCPReply: Sendable, Equatable {
  /// Option 53: 2 is an offer, 5 what a boot server says. 0 where there is none.
  public var type: Int
  /// The address that the machine may have; nil in an answer of a proxy.
  public var address: String?
  /// The field "siaddr": the server with the file.
  public var nextServer: String?
  /// Of option 67 or else of the header's field, where clients look for it.
  public var file: String?
  /// Option 66, the name or address of the server with the file.
  public var serverName: String?
  /// Option 60.
  public var vendorClass: String?
  /// Option 12.
  public var hostName: String?
  /// Option 54: who the server says it is.
  public var identifier: String?
  /// Option 43, as it is.
  public var vendorOptions: [UInt8]?
  /// Who sent it.
  public var sender: String
  public var senderPort: Int
  /// The message itself.
  var bytes: [UInt8]

  /// Nil for bytes that are no answer of a server (RFC 2131, section 2).
  public init?(_ bytes: [UInt8], from sender: String, port: Int) {
    guard bytes.count <= Self.longest, let message = DHCPMessage(bytes, 0..<bytes.count),
      !message.isRequest
    else { return nil }
    func text(_ code: UInt8) -> String? {
      message.text(code).flatMap { $0.isEmpty ? nil : $0 }
    }
    type = message.number(DHCPMessage.Code.messageType) ?? 0
    let answer = message.answer
    (address, nextServer, file) = (answer.address, answer.server, answer.file)
    serverName = text(DHCPMessage.Code.serverName)
    vendorClass = text(DHCPMessage.Code.vendorClass)
    hostName = text(DHCPMessage.Code.hostName)
    identifier = message.data(DHCPMessage.Code.serverIdentifier)
      .flatMap { $0.count == 4 ? Frame.text(Array($0).long(0)) : nil }
    vendorOptions = message.data(DHCPMessage.Code.vendorOptions).map { Array($0) }
    self.sender = sender
    senderPort = port
    self.bytes = bytes
  }

  /// More than any network carries in a frame.
  static let longest = 9000

  /// Where the machine fetches the file: what the answer says, in the order in which firmware looks.
  public var fileServer: String? { nextServer ?? serverName }

  /// True when it names no file and sends the machine on to a boot server.
  var wantsBootServer: Bool { file == nil && vendorClass?.hasPrefix("PXEClient") == true }
}
