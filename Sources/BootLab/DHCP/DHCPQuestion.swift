/// A machine's question to DHCP servers: what shall it boot (RFC 2131, 4578)?
public struct DHCPQuestion: Sendable, Hashable {
  /// A boot server that a proxy's offer names. By PXE 2.1 a machine asks it on UDP port 4011 with a REQUEST, which
  /// is answered with a file and takes no lease.
  public struct BootServer: Sendable, Hashable {
    /// Its address.
    public var address: UInt32
    /// The asking machine's own.
    public var ownAddress: UInt32
    /// The item of the offer's boot menu, as the type of option 43.71; nil where there was no menu.
    public var item: UInt16?

    public init(address: UInt32, ownAddress: UInt32, item: UInt16?) {
      self.address = address
      self.ownAddress = ownAddress
      self.item = item
    }
  }

  /// Option 93; nil for a machine that does not boot over the network.
  public var architecture: Int?
  /// True when it says to be an iPXE (option 77).
  public var isIPXE: Bool
  /// The six bytes of its network card's address.
  public var hardware: [UInt8]
  /// Nil for a DISCOVER by broadcast.
  public var bootServer: BootServer?

  public init(
    architecture: Int?, isIPXE: Bool = false, hardware: [UInt8] = Self.usualHardware,
    bootServer: BootServer? = nil
  ) {
    self.architecture = architecture
    self.isIPXE = isIPXE
    self.hardware = hardware
    self.bootServer = bootServer
  }

  /// An address that belongs to no card that was ever sold (its second bit says so).
  public static let usualHardware: [UInt8] = [0x02, 0x70, 0x78, 0x65, 0x00, 0x01]

  /// The message, without the headers of UDP and IP.
  func message(transaction: UInt32) -> [UInt8] {
    var bytes: [UInt8] = [1, 1, 6, 0] + Self.bytes(transaction)
    bytes += [0, 0, 0x80, 0]  // It wants the answer by broadcast: it has no address yet.
    bytes += Self.bytes(bootServer?.ownAddress ?? 0) + [UInt8](repeating: 0, count: 12)
    bytes += hardware + [UInt8](repeating: 0, count: 10 + 64 + 128)
    bytes += [0x63, 0x82, 0x53, 0x63]
    func add(_ option: UInt8, _ value: [UInt8]) { bytes += [option, UInt8(value.count)] + value }
    add(DHCPMessage.Code.messageType, [bootServer == nil ? 1 : 3])
    if let architecture {
      add(DHCPMessage.Code.vendorClass, Array(vendorClass(architecture).utf8))
      add(
        DHCPMessage.Code.architecture,
        [UInt8(architecture >> 8 & 0xff), UInt8(architecture & 0xff)])
      add(DHCPMessage.Code.networkInterface, [1, 3, 1])
      add(DHCPMessage.Code.machine, [0] + hardware + [UInt8](repeating: 0, count: 10))
    }
    if isIPXE {
      add(DHCPMessage.Code.userClass, Array(DHCPMessage.userClass.utf8))
      // What it can do: HTTP.
      add(DHCPMessage.Code.ipxe, [19, 1, 1])
    }
    if let item = bootServer?.item {
      add(
        DHCPMessage.Code.vendorOptions,
        [PXEMenu.Code.chosen, 4, UInt8(item >> 8), UInt8(item & 0xff), 0, 0, 255])
    }
    add(DHCPMessage.Code.parameters, [1, 3, 6, 12, 15, 28, 43, 54, 60, 66, 67])
    return bytes + [255]
  }

  private func vendorClass(_ architecture: Int) -> String {
    let isHTTP = AskedArchitecture(rawValue: architecture)?.isHTTP == true && !isIPXE
    let number = String(architecture)
    let digits = String(repeating: "0", count: max(0, 5 - number.count)) + number
    return "\(isHTTP ? "HTTP" : "PXE")Client:Arch:\(digits):UNDI:003001"
  }

  /// The whole IPv4 packet. The kernel fills in the sender's address, the length and the checksum of its header.
  func packet(transaction: UInt32) -> [UInt8] {
    let message = message(transaction: transaction)
    let length = 8 + message.count
    let ports: (from: UInt8, to: [UInt8]) = (68, bootServer == nil ? [0, 67] : [0x0f, 0xab])
    return [0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 0, 0, 0, 0] + Self.bytes(destination)
      + [0, ports.from] + ports.to + [UInt8(length >> 8), UInt8(length & 0xff), 0, 0] + message
  }

  var destination: UInt32 { bootServer?.address ?? .max }

  private static func bytes(_ number: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }
}
