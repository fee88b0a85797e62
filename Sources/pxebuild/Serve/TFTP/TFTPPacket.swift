/// What TFTP clients and servers say to one another (RFC 1350, options by RFC 2347 to 2349), as far as a server
/// that only sends has to know.
enum TFTPPacket {
  /// What a client asks for.
  struct ReadRequest: Equatable {
    var name: String
    /// In small letters: "octet".
    var mode: String
    /// By their names in small letters.
    var options: [String: String]
  }

  enum Message: Equatable {
    case read(ReadRequest)
    case acknowledgement(UInt16)
    case error(String)
    /// A wish to write, or what only a server says.
    case other
  }

  /// The code of an error packet.
  enum ErrorCode: UInt16 {
    case undefined = 0
    case notFound = 1
    case access = 2
    case illegal = 4
  }

  /// Nil for what is no packet.
  static func parse(_ bytes: ArraySlice<UInt8>) -> Message? {
    guard bytes.count >= 4, bytes.first == 0 else { return nil }
    let rest = bytes.dropFirst(2)
    switch bytes[bytes.startIndex + 1] {
    case 1: return readRequest(rest).map(Message.read)
    case 4:
      return .acknowledgement(
        UInt16(rest[rest.startIndex]) << 8 | UInt16(rest[rest.startIndex + 1]))
    case 5: return .error(String(decoding: rest.dropFirst(2).prefix { $0 != 0 }, as: UTF8.self))
    case 2, 3, 6: return .other
    default: return nil
    }
  }

  /// Texts that end in a zero each: the name, the mode, then options in pairs.
  private static func readRequest(_ bytes: ArraySlice<UInt8>) -> ReadRequest? {
    guard bytes.last == 0 else { return nil }
    let texts = bytes.dropLast().split(separator: 0, omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
    guard texts.count >= 2, texts.count.isMultiple(of: 2), !texts[0].isEmpty else { return nil }
    var options: [String: String] = [:]
    for index in stride(from: 2, to: texts.count, by: 2) {
      options[texts[index].lowercased()] = texts[index + 1]
    }
    return ReadRequest(name: texts[0], mode: texts[1].lowercased(), options: options)
  }

  static func data(_ block: UInt16, _ bytes: some Collection<UInt8>) -> [UInt8] {
    [0, 3, UInt8(block >> 8), UInt8(block & 0xff)] + bytes
  }

  static func optionAcknowledgement(_ options: [(name: String, value: String)]) -> [UInt8] {
    options.reduce(into: [0, 6]) { $0 += Array($1.name.utf8) + [0] + Array($1.value.utf8) + [0] }
  }

  static func error(_ code: ErrorCode, _ text: String) -> [UInt8] {
    [0, 5, UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xff)] + Array(text.utf8) + [0]
  }
}
