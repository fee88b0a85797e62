import Foundation
import Synchronization

/// A little HTTP server on a port of its own.
final class FileServer: Sendable {
  let port: UInt16
  private let listener: Int32
  private let files: Mutex<[String: Data]>
  private let asked = Mutex<[String]>([])

  init(_ files: [String: Data] = [:]) throws {
    self.files = Mutex(files)
    (listener, port) = try listenOnLoopback()
    Thread.detachNewThread { [self] in
      while true {
        let client = accept(self.listener, nil, nil)
        if client < 0 { return }
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        Thread.detachNewThread {
          self.answer(client)
          close(client)
        }
      }
    }
  }

  /// `http://127.0.0.1:PORT`
  var url: String { "http://127.0.0.1:\(port)" }

  /// The request lines so far, such as `GET /wimboot`.
  var requests: [String] { asked.withLock { $0 } }

  func put(_ path: String, _ data: Data) { files.withLock { $0[path] = data } }

  /// From here on nobody answers at its address.
  func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  private func answer(_ client: Int32) {
    var request: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while request.count < 65536, !request.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      let count = read(client, &buffer, buffer.count)
      if count <= 0 { return }
      request += buffer[..<count]
    }
    let line = String(decoding: request.prefix { $0 != 13 }, as: UTF8.self)
    let words = line.split(separator: " ").map(String.init)
    guard words.count == 3 else { return }
    asked.withLock { $0.append("\(words[0]) \(words[1])") }
    let path = String(words[1].prefix { $0 != "?" })
    let body = files.withLock { $0[path] }
    let status = body == nil ? "404 Not Found" : "200 OK"
    let head =
      "HTTP/1.1 \(status)\r\nContent-Length: \(body?.count ?? 0)\r\nConnection: close\r\n\r\n"
    var rest = Array(head.utf8) + (words[0] == "HEAD" ? [] : Array(body ?? Data()))
    while !rest.isEmpty {
      let count = send(client, rest, rest.count, Int32(MSG_NOSIGNAL))
      if count <= 0 { return }
      rest.removeFirst(count)
    }
  }
}

/// A server that takes requests and never answers, or, when it is patient, never comes to the end of its
/// answer: that keeps a client waiting however slow the machine is.
final class StalledServer: Sendable {
  private let port: UInt16
  private let listener: Int32
  private let clients = Mutex<[Int32]>([])

  init(isPatient: Bool = false) throws {
    (listener, port) = try listenOnLoopback()
    Thread.detachNewThread { [self] in
      while true {
        let client = accept(listener, nil, nil)
        if client < 0 { return }
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        clients.withLock { $0.append(client) }
        if isPatient { Thread.detachNewThread { Self.answerForEver(client) } }
      }
    }
  }

  /// Sends enough every second not to count as stalled.
  private static func answerForEver(_ client: Int32) {
    let head = Array("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n".utf8)
    var next = head
    while send(client, next, next.count, Int32(MSG_NOSIGNAL)) > 0 {
      Thread.sleep(forTimeInterval: 0.5)
      next = [UInt8](repeating: 0, count: 4096)
    }
  }

  var url: String { "http://127.0.0.1:\(port)" }

  func waitForRequest() async throws {
    for _ in 0..<12000 where clients.withLock({ $0.isEmpty }) {
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
    // Not closed before its thread has seen the end: the number would be another file's.
    clients.withLock { for client in $0 { shutdown(client, Int32(SHUT_RDWR)) } }
  }
}

private func listenOnLoopback() throws -> (listener: Int32, port: UInt16) {
  let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let isListening = withUnsafeMutablePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(listener, $0, length) == 0 && listen(listener, 64) == 0
        && getsockname(listener, $0, &length) == 0
    }
  }
  guard isListening else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
  return (listener, UInt16(bigEndian: address.sin_port))
}
