import BuildEngine
import Glibc

/// Ties this process's input and output to a socket that is a file: what QEMU starts for each connection from its
/// own network to the site's HTTP server.
public enum SocketRelay {
  /// Returns once both sides have said all that they have to say.
  ///
  /// - Throws: `BuildError` when nobody answers at the socket.
  public static func run(_ path: String) throws(BuildError) {
    signal(SIGPIPE, SIG_IGN)
    let socket = try UnixSocket.connect(to: path)
    defer { close(socket) }
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    // Input and output are one socket of QEMU's.
    var ways = [(from: STDIN_FILENO, to: socket), (from: socket, to: STDOUT_FILENO)]
    while !ways.isEmpty {
      var ends = ways.map { pollfd(fd: $0.from, events: Int16(POLLIN), revents: 0) }
      guard poll(&ends, nfds_t(ends.count), -1) > 0 else { continue }
      let ready = zip(ways, ends).filter { $0.1.revents != 0 }.map(\.0)
      for way in ready where !carry(from: way.from, to: way.to, &buffer) {
        shutdown(way.to, Int32(SHUT_WR))
        ways.removeAll { $0.from == way.from }
        // A machine that has got its answer may leave its end open for ever.
        if way.from == socket { return }
      }
    }
  }

  /// Carries what is there; false when that is the end, or nobody takes it.
  private static func carry(from: Int32, to: Int32, _ buffer: inout [UInt8]) -> Bool {
    let count = read(from, &buffer, buffer.count)
    guard count > 0 else { return count < 0 && errno == EINTR }
    var rest = buffer[..<count]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { write(to, $0.baseAddress, $0.count) }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { return false }
      rest = rest.dropFirst(written)
    }
    return true
  }
}
