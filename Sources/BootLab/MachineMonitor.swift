import BuildEngine
import FoundationEssentials
import Glibc
import SystemPackage

/// A connection to the monitor of a machine in QEMU (QMP, "QEMU Machine Protocol"): one JSON object a line.
///
/// Calls block, for some seconds at most.
public struct MachineMonitor: ~Copyable {
  private let socket: Int32

  private struct Command: Encodable {
    let execute: String
    var arguments: [String: String]?
  }

  private struct Reply: Decodable {
    struct Failure: Decodable { let desc: String }
    /// Some commands answer with a text.
    struct Anything: Decodable {
      init(from decoder: any Decoder) {}
    }

    let error: Failure?
    let result: Anything?

    enum CodingKeys: String, CodingKey {
      case error
      case result = "return"
    }
  }

  /// How long QEMU may take for an answer, in seconds.
  private static let patience = 5

  /// - Parameter path: The socket: `Machine.monitor`.
  /// - Throws: `BuildError` when nobody answers there.
  public init(_ path: String) throws {
    // What has a deinit wants all of its values before anything is thrown.
    let connection = Result { () throws(BuildError) -> Int32 in try UnixSocket.connect(to: path) }
    socket = (try? connection.get()) ?? -1
    _ = try connection.get()
    var wait = timeval(tv_sec: Self.patience, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &wait, size)
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &wait, size)
    try run("qmp_capabilities")
  }

  deinit { close(socket) }

  /// Writes a picture of the machine's screen into a file.
  ///
  /// - Throws: `BuildError` when the machine has no screen, or its QEMU (before 7.1) writes no PNG.
  public func takePicture(_ file: String) throws {
    try run("screendump", ["filename": file, "format": "png"])
  }

  /// Runs a command of the monitor for people (HMP).
  func runForPeople(_ command: String) throws {
    try run("human-monitor-command", ["command-line": command])
  }

  /// Runs a command to its end.
  ///
  /// - Throws: `BuildError` with QEMU's own words when it refuses.
  private func run(_ command: String, _ arguments: [String: String]? = nil) throws {
    var line = Array(try JSONEncoder().encode(Command(execute: command, arguments: arguments)))
    line.append(UInt8(ascii: "\n"))
    guard send(socket, line, line.count, Int32(MSG_NOSIGNAL)) == line.count else {
      throw BuildError(errno: errno, doing: "talk to", path: "QEMU")
    }
    while true {
      // Greetings and events come between; they are neither.
      let text = try readLine()
      guard let reply = try? JSONDecoder().decode(Reply.self, from: Data(text)) else { continue }
      if let error = reply.error {
        throw BuildError(.failed, "QEMU does not do \(command)", reason: error.desc)
      }
      if reply.result != nil { return }
    }
  }

  private static let longestLine = 64 * 1024

  private func readLine() throws -> [UInt8] {
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while line.count < Self.longestLine {
      guard read(socket, &byte, 1) == 1 else {
        throw BuildError(.failed, "QEMU's monitor gives no answer")
      }
      if byte == UInt8(ascii: "\n") { return line }
      line.append(byte)
    }
    return line
  }
}
