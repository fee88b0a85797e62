import Glibc
import Recipes
import Synchronization
import SystemPackage
import Testing

@testable import pxebuild

@Suite("pxebuild's own TFTP server")
struct TFTPServerTests {
  @Test("requests are read, and what is none is refused")
  func packets() {
    func parse(_ text: String) -> TFTPPacket.Message? { TFTPPacket.parse(Array(text.utf8)[...]) }
    #expect(
      parse("\0\u{1}a b\0OCTET\0BlkSize\01432\0tsize\00\0")
        == .read(
          .init(name: "a b", mode: "octet", options: ["blksize": "1432", "tsize": "0"])))
    #expect(parse("\0\u{4}\u{1}\u{2}") == .acknowledgement(0x102))
    #expect(parse("\0\u{5}\0\u{8}User aborted\0") == .error("User aborted"))
    #expect(parse("\0\u{2}a\0octet\0") == .other)
    for text in [
      "", "\0", "\0\u{1}", "\0\u{1}\0octet\0", "\0\u{1}a\0octet", "\0\u{1}a\0", "\0\u{9}abc",
      "\u{1}\u{1}a\0octet\0", "\0\u{1}a\0octet\0blksize\0",
    ] {
      #expect(parse(text) == nil)
    }
  }

  @Test("an answer is what the standards say, byte for byte")
  func answers() {
    #expect(TFTPPacket.data(258, [7, 8]) == [0, 3, 1, 2, 7, 8])
    #expect(TFTPPacket.error(.notFound, "no") == [0, 5, 0, 1, 110, 111, 0])
    #expect(
      TFTPPacket.optionAcknowledgement([("tsize", "5")])
        == [0, 6] + Array("tsize\05\0".utf8))
  }

  /// Sends a packet to a server of its own for `files` and returns what comes back first.
  private func ask(
    _ packet: [UInt8], files: [String: String], links: [String: String] = [:]
  ) async throws -> (reply: [UInt8], events: [ServerEvent]) {
    try await withTemporaryFolder { folder in
      for (name, text) in files { try write(text, to: folder.appending(name)) }
      for (name, target) in links {
        #expect(symlink(target, folder.appending(name).string) == 0)
      }
      let socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
      defer { close(socket) }
      let port = UInt16.random(in: 20_000..<32_000)
      let server = TFTPServer(
        root: folder, address: IPv4Address(value: 0x7f00_0001), port: Int(port))
      let events = Mutex<[ServerEvent]>([])
      let running = Task { try await server.run { event in events.withLock { $0.append(event) } } }
      while events.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(5)) }
      var place = sockaddr_in()
      place.sin_family = sa_family_t(AF_INET)
      place.sin_port = port.bigEndian
      place.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      let sent = withUnsafePointer(to: &place) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          sendto(socket, packet, packet.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      #expect(sent == packet.count)
      var wait = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
      var reply = [UInt8](repeating: 0, count: 2000)
      // What is no request gets no answer.
      let count =
        poll(&wait, 1, packet.count > 4 ? 20_000 : 300) > 0
        ? recv(socket, &reply, reply.count, 0) : 0
      running.cancel()
      try await running.value
      return (Array(reply[..<count]), events.withLock { $0 })
    }
  }

  private func request(_ name: String, mode: String = "octet", _ options: String = "") -> [UInt8] {
    Array("\0\u{1}\(name)\0\(mode)\0\(options)".utf8)
  }

  @Test("a small file is one packet, with a slash before its name or without")
  func small() async throws {
    for name in ["a", "/a", "//a"] {
      #expect(
        try await ask(request(name), files: ["a": "text"]).reply == [0, 3, 0, 1] + "text".utf8)
    }
  }

  @Test("options are granted as far as they are known")
  func options() async throws {
    let (reply, _) = try await ask(
      request("a", "tsize\00\0windowsize\016\0blksize\099999\0"), files: ["a": "text"])
    #expect(reply == [0, 6] + Array("blksize\065464\0tsize\04\0".utf8))
  }

  @Test("what is not in the tree, or leaves it, is not found; a folder is no file")
  func refused() async throws {
    for name in ["b", "../a", "x/../a", "/etc/passwd", ".pxebuild/manifest.json", "a/b"] {
      let (reply, events) = try await ask(request(name), files: ["a": "text"])
      #expect(reply == [0, 5, 0, 1] + Array("no such file\0".utf8), "\(name)")
      guard case .request(let request)? = events.last else {
        Issue.record("\(name) is no request")
        continue
      }
      #expect(request.outcome == .notFound)
    }
    let (folder, _) = try await ask(request("."), files: ["a": "text"])
    #expect(folder.prefix(4) == [0, 5, 0, 2])
  }

  @Test("a link is followed, and text mode is refused in words")
  func linksAndModes() async throws {
    let (linked, _) = try await ask(request("l"), files: ["a": "text"], links: ["l": "a"])
    #expect(linked == [0, 3, 0, 1] + "text".utf8)
    let (mode, _) = try await ask(request("a", mode: "netascii"), files: ["a": "text"])
    #expect(mode == [0, 5, 0, 4] + Array("only mode octet (binary) is served\0".utf8))
  }

  @Test("noise is not answered and harms nothing")
  func noise() async throws {
    for packet in [[0], [0, 1], [0, 9, 9, 9], [0, 4, 0, 0]] as [[UInt8]] {
      let (reply, events) = try await ask(packet, files: [:])
      #expect(reply == [])
      #expect(events == [.ready])
    }
  }
}
