import BuildEngine

/// The numbers by which systems tell one stick from another. Of equal sticks they are equal.
struct StickIdentity: Equatable {
  /// Of the file system, as eight hexadecimal digits.
  var serial: String
  /// Of the disk, in the master boot record.
  var signature: [UInt8]
  /// Of the disk and of its partition, as they stand in a GPT.
  var disk: [UInt8]
  var partition: [UInt8]

  /// Of an image that has no name of its own.
  static let fixed = StickIdentity(
    serial: "50584542", signature: [0x50, 0x58, 0x45, 0x42],
    disk: guid(Array("pxebuild disk id".utf8)), partition: guid(Array("pxebuild part id".utf8)))

  private init(serial: String, signature: [UInt8], disk: [UInt8], partition: [UInt8]) {
    self.serial = serial
    self.signature = signature
    self.disk = disk
    self.partition = partition
  }

  /// Numbers that follow from what is on the stick.
  init(of content: String) {
    let numbers = Self.bytes(of: "pxebuild numbers\n" + content)
    serial = numbers.prefix(4).map { Self.hex($0) }.joined()
    signature = Array(numbers[4..<8])
    disk = Self.guid(Self.bytes(of: "pxebuild disk\n" + content))
    partition = Self.guid(Self.bytes(of: "pxebuild partition\n" + content))
  }

  private static func bytes(of text: String) -> [UInt8] {
    let digits = Array(Digest(of: Array(text.utf8)).hex.utf8)
    return stride(from: 0, to: digits.count, by: 2).map { index in
      UInt8(String(decoding: digits[index..<(index + 2)], as: UTF8.self), radix: 16) ?? 0
    }
  }

  private static func hex(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return digits.utf8.count == 1 ? "0" + digits : digits
  }

  /// Sixteen bytes made a UUID of version 8 (RFC 9562), in the byte order of a GPT.
  private static func guid(_ bytes: [UInt8]) -> [UInt8] {
    var guid = Array(bytes.prefix(16))
    guid[7] = guid[7] & 0x0f | 0x80
    guid[8] = guid[8] & 0x3f | 0x80
    return guid
  }
}
