import BuildEngine
import Testing

@testable import BootLab

/// Frames as they pass on a cable.
private enum Made {
  static let machine: UInt32 = 0x0a00_0064
  static let server: UInt32 = 0x0a00_00c8

  static func bytes(_ number: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(number >> UInt32($0) & 255) }
  }

  static func bytes(_ number: Int) -> [UInt8] { [UInt8(number >> 8 & 255), UInt8(number & 255)] }

  private static func ip(
    _ proto: UInt8, from: UInt32, to: UInt32, _ content: [UInt8], fragment: Int = 0
  ) -> [UInt8] {
    [UInt8](repeating: 2, count: 12) + [8, 0, 0x45, 0] + bytes(20 + content.count) + [0, 1]
      + bytes(fragment) + [64, proto, 0, 0] + bytes(from) + bytes(to) + content
  }

  static func udp(
    _ ports: (Int, Int), from: UInt32 = machine, to: UInt32 = server, fragment: Int = 0,
    _ data: [UInt8]
  ) -> [UInt8] {
    let head = bytes(ports.0) + bytes(ports.1) + bytes(8 + data.count) + [7, 7]
    return ip(17, from: from, to: to, head + data, fragment: fragment)
  }

  static func tcp(
    _ ports: (Int, Int), from: UInt32 = machine, to: UInt32 = server, flags: UInt8 = 0x18,
    _ text: String = ""
  ) -> [UInt8] {
    let head = bytes(ports.0) + bytes(ports.1) + [UInt8](repeating: 0, count: 8)
    return ip(
      6, from: from, to: to, head + [0x50, flags] + [UInt8](repeating: 0, count: 6) + text.utf8)
  }

  static func dhcp(
    isRequest: Bool, file: String = "", address: UInt32 = 0, server: UInt32 = 0,
    options: [UInt8]
  ) -> [UInt8] {
    var data = [UInt8](repeating: 0, count: 236)
    data[0] = isRequest ? 1 : 2
    data.replaceSubrange(4..<8, with: [1, 2, 3, 4])
    data.replaceSubrange(16..<20, with: bytes(address))
    data.replaceSubrange(20..<24, with: bytes(server))
    data.replaceSubrange(108..<(108 + file.utf8.count), with: file.utf8)
    return data + [0x63, 0x82, 0x53, 0x63] + options + [255]
  }

  static let ipxeOptions: [UInt8] = [53, 1, 1, 0, 93, 2, 0, 0, 77, 4] + Array("iPXE".utf8)
}

@Suite("Frames on a machine's cable")
struct PacketReaderTests {
  private func seen(_ frames: [[UInt8]]) -> [SeenEvent] {
    var reader = PacketReader()
    return frames.compactMap { reader.event(of: $0, seconds: 1) }
  }

  private func events(_ frames: [[UInt8]]) -> [NetworkEvent] { seen(frames).map(\.event) }

  @Test("the fields and options of a DHCP message are there for people")
  func details() {
    let options: [UInt8] =
      [53, 1, 2, 54, 4, 10, 0, 0, 200, 6, 8, 8, 8, 8, 8, 1, 1, 1, 1, 67, 2, 98, 0, 43, 3, 6, 1, 8]
      + [60, 3, 80, 88, 69, 251, 4] + Array("iPXE".utf8) + [51, 4, 0, 0, 0, 120, 99, 1, 1, 42, 0]
    let found = seen([
      Made.udp((68, 67), Made.dhcp(isRequest: true, options: Made.ipxeOptions)),
      Made.udp(
        (67, 68), from: Made.server, to: Made.machine,
        Made.dhcp(
          isRequest: false, file: "a", address: Made.machine, server: Made.server,
          options: options)),
    ])
    #expect(found.map(\.from) == ["10.0.0.100", "10.0.0.200"])
    #expect(found.map(\.to) == ["10.0.0.200", "10.0.0.100"])
    #expect(
      found[0].details == [
        .init("message", "DISCOVER"), .init("architecture (93)", "0"),
        .init("user class (77)", "iPXE"),
      ])
    #expect(
      found[1].details == [
        .init("message", "OFFER"), .init("your address", "10.0.0.100"),
        .init("next server", "10.0.0.200"), .init("file", "a"),
        .init("vendor class (60)", "PXE"),
        .init("user class (77), hidden from the servers", "iPXE"),
        .init("server (54)", "10.0.0.200"), .init("boot file (67)", "b"),
        .init("vendor options (43)", "3 bytes"), .init("DNS (6)", "8.8.8.8, 1.1.1.1"),
        .init("lease in seconds (51)", "120"), .init("other options", "42 99"),
      ])
  }

  @Test("DHCP says who asks, and what it is offered")
  func dhcp() {
    let client = NetworkEvent.Client(architecture: 0, isIPXE: true)
    let found = events([
      Made.udp((68, 67), Made.dhcp(isRequest: true, options: Made.ipxeOptions)),
      Made.udp(
        (67, 68), from: Made.server, to: Made.machine,
        Made.dhcp(
          isRequest: false, file: "undionly.kpxe", address: Made.machine, server: Made.server,
          options: [53, 1, 2])),
      Made.udp(
        (67, 68), from: Made.server, to: Made.machine,
        Made.dhcp(isRequest: false, file: "a", options: [67, 2, 98, 0, 43, 1, 1])),
    ])
    #expect(
      found == [
        .asked(client),
        .answered(
          client, .init(address: "10.0.0.100", server: "10.0.0.200", file: "undionly.kpxe")),
        .answered(client, .init(address: nil, server: nil, file: "b", hasMenu: true)),
      ])
  }

  @Test("a card's own iPXE hides what it is, and nothing else of what it says changes")
  func hidden() {
    let frame = Made.udp((68, 67), Made.dhcp(isRequest: true, options: Made.ipxeOptions))
    var changed = frame
    #expect(DHCPMessage.hideUserClass(in: &changed))
    #expect(events([changed]) == [.asked(.init(architecture: 0, isIPXE: false))])
    #expect(zip(frame, changed).filter { $0 != $1 }.count == 3)
    #expect(!DHCPMessage.hideUserClass(in: &changed))
    var other = Made.udp((2000, 69), [0, 1] + Array("a\0octet\0".utf8))
    #expect(!DHCPMessage.hideUserClass(in: &other))
  }

  @Test("where a DHCP server knows no iPXE, an iPXE is told its script, and firmware is not")
  func script() {
    let firmware = Made.udp((68, 67), Made.dhcp(isRequest: true, options: [53, 1, 1, 93, 2, 0, 0]))
    let program = Made.udp((68, 67), Made.dhcp(isRequest: true, options: Made.ipxeOptions))
    let answer = Made.udp(
      (67, 68), from: Made.server, to: Made.machine,
      Made.dhcp(
        isRequest: false, file: "undionly.kpxe", address: Made.machine, server: Made.server,
        options: [53, 1, 2]))
    func files(_ script: String?, _ frames: [[UInt8]]) -> [String?] {
      var offer = ScriptOffer(script: script)
      let changed = frames.map { frame in
        var frame = frame
        offer.apply(to: &frame)
        return frame
      }
      return events(changed).compactMap { event -> String?? in
        if case .answered(_, let answer) = event { .some(answer.file) } else { nil }
      }
    }
    #expect(files("http://a/b", [firmware, answer]) == ["undionly.kpxe"])
    #expect(files("http://a/b", [program, answer]) == ["http://a/b"])
    #expect(files(nil, [program, answer]) == [nil])
    var hidden = program
    DHCPMessage.hideUserClass(in: &hidden)
    #expect(files("http://a/b", [hidden, answer]) == ["undionly.kpxe"])
    // Not even a text that is too long gets past its field.
    let long = files(String(repeating: "x", count: 500), [program, answer])
    #expect(long == [String(repeating: "x", count: 127)])
  }

  @Test("TFTP reads are followed to their last block, with the size that was agreed on")
  func tftp() {
    func block(_ number: Int, _ count: Int) -> [UInt8] {
      Made.udp(
        (4000, 2000), from: Made.server, to: Made.machine,
        [0, 3] + Made.bytes(number) + [UInt8](repeating: 1, count: count))
    }
    let request = Made.udp((2000, 69), [0, 1] + Array("boot/ipxe.efi\0octet\0".utf8))
    let agreed = Made.udp(
      (4000, 2000), from: Made.server, to: Made.machine,
      [0, 6] + Array("tsize\u{0}2000\0blksize\u{0}1024\0".utf8))
    #expect(
      events([request, request, agreed, block(1, 1024), block(1, 1024), block(2, 976)]) == [
        .readStarted(file: "boot/ipxe.efi"),
        .readFinished(file: "boot/ipxe.efi", bytes: 2000, sha256: Self.sha256(2000)),
      ])
    #expect(
      events([request, block(1, 512), block(2, 0)]).last
        == .readFinished(file: "boot/ipxe.efi", bytes: 512, sha256: Self.sha256(512)))
    let refusal = Made.udp(
      (4000, 2000), from: Made.server, to: Made.machine, [0, 5, 0, 1] + Array("no\0".utf8))
    #expect(
      events([request, refusal]).last
        == .readFailed(file: "boot/ipxe.efi", code: 1, message: "no"))
  }

  private static func sha256(_ count: Int) -> String {
    Digest(of: [UInt8](repeating: 1, count: count)).hex
  }

  @Test("HTTP requests come with who asks and what came of it")
  func http() {
    let request = "GET /install.ipxe HTTP/1.1\r\nHost: x\r\nuser-agent: iPXE/2.0.0\r\n\r\n"
    let found = events([
      Made.tcp((3000, 80), flags: 2), Made.tcp((3000, 80), request),
      Made.tcp(
        (80, 3000), from: Made.server, to: Made.machine,
        "HTTP/1.1 404 Not Found\r\nContent-Length: 153\r\n\r\nX: 1"),
      Made.tcp((3001, 80), "HEAD /ipxe.efi HTTP/1.1\r\n\r\n"), Made.tcp((3002, 80), flags: 2),
      Made.tcp((80, 3002), from: Made.server, to: Made.machine, flags: 0x14),
      Made.tcp((3003, 8080), flags: 2),
      Made.tcp((8080, 3003), from: Made.server, to: Made.machine, flags: 0x14),
    ])
    #expect(
      found == [
        .requested(path: "/install.ipxe", agent: "iPXE/2.0.0"),
        .responded(path: "/install.ipxe", agent: "iPXE/2.0.0", status: 404, bytes: 153),
        .refused(address: "10.0.0.200", port: 80), .refused(address: "10.0.0.200", port: 8080),
      ])
  }

  @Test("a frame cut anywhere, or of random bytes, is no event and no crash")
  func hostile() {
    let whole = [
      Made.udp((68, 67), Made.dhcp(isRequest: true, options: Made.ipxeOptions)),
      Made.udp((2000, 69), [0, 1] + Array("a\0octet\0".utf8)),
      Made.tcp((3000, 80), "GET / HTTP/1.1"),
      Made.udp((2000, 69), fragment: 100, [0, 1, 2, 3, 4, 5]),
    ]
    for frame in whole {
      for count in 0..<frame.count { #expect(events([Array(frame[..<count])]).isEmpty) }
      var generator = SystemRandomNumberGenerator()
      for _ in 0..<2000 {
        var bad = frame
        for _ in 0..<4 {
          bad[Int.random(in: 12..<bad.count)] = UInt8.random(in: 0...255, using: &generator)
        }
        var hidden = bad
        DHCPMessage.hideUserClass(in: &hidden)
        _ = events([bad, hidden])
      }
    }
    #expect(events([whole[3]]).isEmpty)
  }
}
