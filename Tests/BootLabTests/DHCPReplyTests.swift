import Testing

@testable import BootLab

@Suite("Answers of DHCP servers, as bytes from the network")
struct DHCPReplyTests {
  private static func message(
    file: [UInt8] = [], serverName: [UInt8] = [], options: [UInt8]
  ) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 236)
    bytes[0] = 2
    bytes.replaceSubrange(16..<24, with: [10, 0, 0, 100, 10, 0, 0, 200])
    bytes.replaceSubrange(44..<(44 + serverName.count), with: serverName)
    bytes.replaceSubrange(108..<(108 + file.count), with: file)
    return bytes + [0x63, 0x82, 0x53, 0x63] + options + [255]
  }

  private func reply(_ bytes: [UInt8]) -> DHCPReply? {
    DHCPReply(bytes, from: "10.0.0.1", port: 67)
  }

  @Test("the fields that booting needs are read, option 67 before the field of the file")
  func fields() throws {
    let found = try #require(
      reply(
        Self.message(
          file: Array("field".utf8),
          options: [53, 1, 2, 54, 4, 10, 0, 0, 9, 60, 3] + Array("PXE".utf8) + [66, 1, 0x61, 67, 2]
            + Array("67".utf8) + [43, 2, 6, 0])))
    #expect(found.type == 2)
    #expect(found.address == "10.0.0.100")
    #expect(found.nextServer == "10.0.0.200")
    #expect(found.identifier == "10.0.0.9")
    #expect(found.file == "67")
    #expect(found.vendorClass == "PXE")
    #expect(found.serverName == "a")
    #expect(found.vendorOptions == [6, 0])
    #expect(reply(Self.message(file: Array("field".utf8), options: []))?.file == "field")
  }

  @Test("options that had no room stand in other fields, which name no file then")
  func overload() throws {
    let found = try #require(
      reply(
        Self.message(
          file: [67, 1, 0x66, 255], serverName: [60, 1, 0x76, 255], options: [52, 1, 3])))
    #expect(found.file == "f")
    #expect(found.vendorClass == "v")
    #expect(reply(Self.message(file: [255], options: [52, 1, 1]))?.file == nil)
  }

  @Test("what is no answer is nothing")
  func nothing() {
    let whole = Self.message(options: [53, 1, 2])
    #expect(reply([]) == nil)
    #expect(reply(Array(whole.prefix(239))) == nil)
    #expect(reply(whole + [UInt8](repeating: 0, count: DHCPReply.longest)) == nil)
    var question = whole
    question[0] = 1
    #expect(reply(question) == nil)
    var other = whole
    other[236] = 0
    #expect(reply(other) == nil)
  }

  @Test("a PXE menu names its first item and that item's server; cut off, it names what is whole")
  func menu() {
    let bytes: [UInt8] = [
      6, 1, 3, 8, 14, 0x80, 1, 1, 10, 0, 0, 7, 0x80, 0, 1, 10, 0, 0, 8, 9, 5, 0x80, 0, 2, 0x61,
      0x62,
      255,
    ]
    #expect(PXEMenu(bytes[...]).item == 0x8000)
    #expect(PXEMenu(bytes[...]).server == 0x0a00_0008)
    #expect(
      PXEMenu(bytes.prefix(18)).server == 0x0a00_0007 || PXEMenu(bytes.prefix(18)).server == nil)
    #expect(PXEMenu([8, 200, 1][...]).server == nil)
  }

  @Test("no bytes make the parsers fail, and no text is longer than its bytes")
  func damaged() {
    var numbers = SystemRandomNumberGenerator()
    let whole = Self.message(
      file: Array("undionly.kpxe".utf8),
      options: [53, 1, 2, 52, 1, 3, 43, 8, 6, 1, 3, 9, 3, 0x80, 0, 0, 77, 4]
        + Array("iPXE".utf8) + [67, 6] + Array("a.kpxe".utf8))
    for _ in 0..<20_000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...12, using: &numbers) {
        bytes[Int.random(in: 0..<bytes.count, using: &numbers)] = .random(
          in: 0...255, using: &numbers)
      }
      bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &numbers)))
      guard let found = reply(bytes) else { continue }
      for text in [found.file, found.vendorClass, found.serverName] {
        // Bytes that are no UTF-8 become marks of three bytes.
        #expect((text ?? "").utf8.count <= 3 * 255)
      }
      _ = PXEMenu(found.vendorOptions?[...] ?? [])
      let answers = DHCPAnswers(DHCPQuestion(architecture: 0))
      _ = DHCPReply.inFrame(bytes)
      var read = answers
      read.offers = [found]
      #expect(DHCPAnswers.read(read.lines(0), [read.question]) == [read])
    }
  }

  @Test("a question is the packet that firmware sends")
  func question() throws {
    let discover = DHCPQuestion(architecture: 7).message(transaction: 0x0102_0304)
    let message = try #require(DHCPMessage(discover, 0..<discover.count))
    #expect(message.isRequest && message.transaction == 0x0102_0304)
    #expect(message.number(53) == 1 && message.number(93) == 7)
    #expect(message.text(60) == "PXEClient:Arch:00007:UNDI:003001")
    #expect(message.text(77) == nil)
    let http = DHCPQuestion(architecture: 16).message(transaction: 1)
    #expect(
      DHCPMessage(http, 0..<http.count)?.text(60) == "HTTPClient:Arch:00016:UNDI:003001")
    let ipxe = DHCPQuestion(architecture: 0, isIPXE: true).message(transaction: 1)
    #expect(DHCPMessage(ipxe, 0..<ipxe.count)?.client.isIPXE == true)
    let chosen = DHCPQuestion(
      architecture: 0,
      bootServer: .init(address: 0x0a00_00c8, ownAddress: 0x0a00_0002, item: 0x8000)
    )
    let packet = chosen.packet(transaction: 1)
    #expect(Array(packet[16..<24]) == [10, 0, 0, 200, 0, 68, 0x0f, 0xab])
    let request = chosen.message(transaction: 1)
    #expect(DHCPMessage(request, 0..<request.count)?.number(53) == 3)
    #expect(
      DHCPMessage(request, 0..<request.count)?.data(43).map { Array($0) } == [
        71, 4, 0x80, 0, 0, 0, 255,
      ])
  }
}
