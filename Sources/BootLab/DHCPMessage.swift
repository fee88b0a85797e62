/// A DHCP message (RFC 2131, 2132), as far as booting needs it.
struct DHCPMessage {
  /// True for one that a client sends.
  let isRequest: Bool
  let transaction: UInt32
  let address: UInt32
  let server: UInt32
  /// The field "file" of the fixed part.
  let file: String
  /// Where each option's data is in the bytes given.
  let options: [UInt8: Range<Int>]
  private let bytes: [UInt8]

  enum Code {
    static let hostName: UInt8 = 12
    static let vendorOptions: UInt8 = 43
    static let overload: UInt8 = 52
    static let messageType: UInt8 = 53
    static let serverIdentifier: UInt8 = 54
    static let parameters: UInt8 = 55
    static let vendorClass: UInt8 = 60
    static let serverName: UInt8 = 66
    static let file: UInt8 = 67
    static let userClass: UInt8 = 77
    static let architecture: UInt8 = 93
    static let networkInterface: UInt8 = 94
    static let machine: UInt8 = 97
    static let ipxe: UInt8 = 175
    /// 224 to 254 are for everybody's own use (RFC 3942).
    static let hidden: UInt8 = 251
  }

  init?(_ bytes: [UInt8], _ payload: Range<Int>) {
    let start = payload.lowerBound
    guard payload.count >= 240, bytes.long(start + 236) == 0x6382_5363, bytes[start] <= 2 else {
      return nil
    }
    self.bytes = bytes
    isRequest = bytes[start] == 1
    transaction = bytes.long(start + 4)
    address = bytes.long(start + 16)
    server = bytes.long(start + 20)
    var options = Self.options(bytes, (start + 240)..<payload.upperBound)
    let overload = options[Code.overload].map { $0.count == 1 ? bytes[$0.lowerBound] : 0 } ?? 0
    // Options that had no room stand in the fields of the file (1) and of the server's name (2).
    let fields = [Self.fileField(at: start), (start + 44)..<(start + 108)]
    for (bit, field) in zip([UInt8(1), 2], fields) where overload & bit != 0 {
      options.merge(Self.options(bytes, field)) { old, _ in old }
    }
    file = overload & 1 == 0 ? Self.text(bytes[fields[0]].prefix { $0 != 0 }) : ""
    self.options = options
  }

  /// Where the field "file" of a message is that starts at an index.
  static func fileField(at start: Int) -> Range<Int> { (start + 108)..<(start + 236) }

  private static func options(_ bytes: [UInt8], _ range: Range<Int>) -> [UInt8: Range<Int>] {
    var result: [UInt8: Range<Int>] = [:]
    var index = range.lowerBound
    while index < range.upperBound, bytes[index] != 255 {
      if bytes[index] == 0 {
        index += 1
        continue
      }
      guard index + 1 < range.upperBound else { break }
      let data = index + 2
      let end = data + Int(bytes[index + 1])
      guard end <= range.upperBound else { break }
      // A long option may come in pieces; none that is looked at here does.
      if result[bytes[index]] == nil { result[bytes[index]] = data..<end }
      index = end
    }
    return result
  }

  /// An option's data.
  func data(_ code: UInt8) -> ArraySlice<UInt8>? { options[code].map { bytes[$0] } }

  func text(_ code: UInt8) -> String? { data(code).map { Self.text($0.prefix { $0 != 0 }) } }

  func number(_ code: UInt8) -> Int? {
    guard let range = options[code], (1...2).contains(range.count) else { return nil }
    return bytes[range].reduce(0) { $0 << 8 | Int($1) }
  }

  var client: NetworkEvent.Client {
    .init(
      architecture: number(Code.architecture), isIPXE: text(Code.userClass) == Self.userClass)
  }

  /// The user class of iPXE, which is a text without a length before it.
  static let userClass = "iPXE"

  var answer: NetworkEvent.Answer {
    let name = text(Code.file) ?? file
    return .init(
      address: address == 0 ? nil : Frame.text(address),
      server: server == 0 ? nil : Frame.text(server), file: name.isEmpty ? nil : name,
      hasMenu: options[Code.vendorOptions] != nil)
  }

  private static func text(_ bytes: some Collection<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self)
  }
}

extension DHCPMessage {
  /// Takes the user class from a request of iPXE: it becomes an option that no server looks at.
  ///
  /// QEMU's network cards have an iPXE in their ROM. Servers would send it to the script at once, and the boot
  /// program, which is what is on trial, would never be read. Cards that people have do not say it.
  ///
  /// - Returns: False when the frame is none that says it.
  @discardableResult
  static func hideUserClass(in bytes: inout [UInt8]) -> Bool {
    guard let frame = Frame(bytes), frame.transport == .udp,
      // 4011 is where the boot server of a proxy listens.
      frame.destinationPort == 67 || frame.destinationPort == 4011,
      let message = DHCPMessage(bytes, frame.payload), message.client.isIPXE,
      let option = message.options[Code.userClass]
    else { return false }
    bytes[option.lowerBound - 2] = Code.hidden
    // A checksum of 0 is none.
    bytes[frame.checksum] = 0
    bytes[frame.checksum + 1] = 0
    return true
  }
}
