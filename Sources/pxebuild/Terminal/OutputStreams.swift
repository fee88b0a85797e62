import CLinux
import Glibc
import SystemPackage

/// The two streams that the console writes to, and what it must know of them. Tests give others.
struct OutputStreams: Sendable {
  enum Stream: Sendable { case output, error }

  /// Writes all of the text at once.
  var write: @Sendable (Stream, String) throws(Errno) -> Void
  var isTerminal: @Sendable (Stream) -> Bool
  /// Columns and lines of the terminal behind standard error, asked anew for each frame so that a
  /// resized window is followed; nil when it has none.
  var size: @Sendable () -> (columns: Int, rows: Int)?
  /// The value of an environment variable.
  var environment: @Sendable (String) -> String?
  /// Seconds on a clock that only goes forward.
  var now: @Sendable () -> Double

  /// Those of this process.
  static let process = OutputStreams(
    write: { (stream, text) throws(Errno) in
      let file: FileDescriptor = stream == .output ? .standardOutput : .standardError
      try writeAll(text, to: file)
    },
    isTerminal: { isatty($0 == .output ? 1 : 2) == 1 },
    size: {
      let columns = Int(linux_terminal_columns(2))
      let rows = Int(linux_terminal_rows(2))
      // Serial consoles answer 0 by 0: assume the size that every terminal has at least.
      return (columns > 0 ? columns : 80, rows > 0 ? rows : 24)
    },
    environment: { getenv($0).map { String(cString: $0) } },
    now: {
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    })

  private static func writeAll(_ text: String, to file: FileDescriptor) throws(Errno) {
    var text = text
    let failure = text.withUTF8 { bytes -> Errno? in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = Glibc.write(file.rawValue, rest.baseAddress, rest.count)
        if count >= 0 {
          rest = UnsafeRawBufferPointer(rebasing: rest[count...])
          continue
        }
        let error = Errno(rawValue: errno)
        if error == .interrupted { continue }
        guard error == .wouldBlock else { return error }
        // Somebody else made this terminal non-blocking: wait until it takes more.
        var wait = pollfd(fd: file.rawValue, events: Int16(POLLOUT), revents: 0)
        poll(&wait, 1, -1)
      }
      return nil
    }
    if let failure { throw failure }
  }
}
