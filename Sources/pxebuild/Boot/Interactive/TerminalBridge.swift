import BootLab
import BuildEngine
import Glibc
import Synchronization

/// Ties a machine's serial console to the terminal that pxebuild runs on.
///
/// The terminal hands on every key as it is while that lasts, Ctrl-C too, and is as it was before afterwards.
final class TerminalBridge: Sendable {
  /// Why it has ended.
  enum End: Sendable { case left, machineEnded }

  private let isCancelled = Atomic<Bool>(false)

  /// Makes `run` return soon.
  func cancel() { isCancelled.store(true, ordering: .relaxed) }

  /// Blocks until somebody leaves the console, or the machine has ended.
  ///
  /// - Parameter path: The console's socket.
  /// - Throws: `BuildError` when there is no machine.
  func run(_ path: String) throws -> End {
    let machine = try UnixSocket.connect(to: path)
    defer { close(machine) }
    var before = termios()
    let isTerminal = tcgetattr(STDIN_FILENO, &before) == 0
    if isTerminal {
      var raw = before
      cfmakeraw(&raw)
      tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)
    }
    defer {
      if isTerminal { tcsetattr(STDIN_FILENO, TCSADRAIN, &before) }
      // The machine's colours, and its cursor somewhere in a line.
      Self.write(Array("\u{1b}[0m\r\n".utf8)[...], to: STDOUT_FILENO)
    }
    return carry(machine, isTerminal: isTerminal)
  }

  private func carry(_ machine: Int32, isTerminal: Bool) -> End {
    var keys = EscapeKeys()
    var buffer = [UInt8](repeating: 0, count: 4096)
    // Without a terminal nothing is typed.
    var ends = [
      pollfd(fd: machine, events: Int16(POLLIN), revents: 0),
      pollfd(fd: isTerminal ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
    ]
    while !isCancelled.load(ordering: .relaxed) {
      guard poll(&ends, nfds_t(ends.count), 100) > 0 else { continue }
      if ends[0].revents != 0 {
        let count = read(machine, &buffer, buffer.count)
        guard count > 0 else { return .machineEnded }
        Self.write(buffer[..<count], to: STDOUT_FILENO)
      }
      if ends[1].revents != 0 {
        let count = read(STDIN_FILENO, &buffer, buffer.count)
        guard count > 0 else { return .left }
        let (bytes, leaves) = keys.take(buffer[..<count])
        Self.write(bytes[...], to: machine)
        if leaves { return .left }
      }
    }
    return .left
  }

  /// What the other side does not take any more is lost; its end is seen when it is read.
  private static func write(_ bytes: ArraySlice<UInt8>, to file: Int32) {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
