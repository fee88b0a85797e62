import Testing

@testable import BuildEngine

struct DigestTests {
  @Test(
    "gives the SHA-256 of FIPS 180-4's examples",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
    ])
  func knownVectors(text: String, hex: String) {
    let digest = Digest(of: Array(text.utf8))
    #expect(digest.hex == hex)
    #expect(digest.size == Int64(text.utf8.count))
    #expect(digest.description == "\(hex)/\(text.utf8.count)")
    #expect(digest.short == String(hex.prefix(12)))
  }

  @Test("is the same for bytes that do not lie in one piece")
  func scatteredBytes() {
    let bytes = [UInt8](0...255)
    #expect(Digest(of: bytes[10...].lazy.map { $0 }) == Digest(of: Array(bytes[10...])))
  }

  @Test("reads hexadecimal digits of either case")
  func parsesHex() {
    let digest = Digest(of: Array("abc".utf8))
    #expect(Digest(hex: digest.hex, size: 3) == digest)
    #expect(Digest(hex: digest.hex.uppercased(), size: 3) == digest)
    #expect(Digest(hex: digest.hex, size: 4) != digest)
  }

  @Test(
    "refuses what is no digest",
    arguments: [
      "", "abc", String(repeating: "0", count: 63), String(repeating: "0", count: 65),
      String(repeating: "0", count: 63) + "g", String(repeating: " ", count: 64),
      String(repeating: "é", count: 32), "-" + String(repeating: "0", count: 63),
    ])
  func refusesHex(text: String) {
    #expect(Digest(hex: text, size: 0) == nil)
  }

  @Test("refuses a negative size")
  func refusesNegativeSize() {
    #expect(Digest(hex: String(repeating: "0", count: 64), size: -1) == nil)
  }
}
