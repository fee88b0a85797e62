import CLinux
import Glibc
import SystemPackage

/// The budget of `-j N`: a GNU make jobserver (one byte in a FIFO a free slot) that the engine and the
/// makes and workers it starts all draw from, so that N compilers run in all.
///
/// An action holds one slot while it runs; what it starts beside its first child takes more from the
/// FIFO and puts them back. https://www.gnu.org/software/make/manual/html_node/POSIX-Jobserver.html
public actor JobSlots {
  /// Where the FIFO is.
  public nonisolated let path: FilePath
  /// N.
  public nonisolated let count: Int
  private let file: FileDescriptor
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private var isPolling = false

  /// - Precondition: `count` is at least 1, and nothing stands at `path`.
  public init(_ count: Int, at path: FilePath) throws {
    self.count = count
    self.path = path
    guard path.withPlatformString({ linux_make_fifo($0, 0o600) }) == 0 else {
      throw BuildError(errno: errno, doing: "create the jobserver", path: path)
    }
    file = try FileSystem.open(
      path, .readWrite, options: [.nonBlocking], doing: "open the jobserver")
    try FileSystem.write([UInt8](repeating: UInt8(ascii: "+"), count: count), to: file, path: path)
  }

  deinit { try? file.close() }  // the FIFO goes with the work folder

  /// Waits for a free slot.
  public func acquire() async {
    if waiting.isEmpty, takeByte() { return }
    await withCheckedContinuation { continuation in
      waiting.append(continuation)
      pollIfNeeded()
    }
  }

  /// Gives a slot back.
  public func release() {
    if waiting.isEmpty {
      var byte = UInt8(ascii: "+")
      // The FIFO never holds more than `count` bytes, far below what it can take.
      precondition(Glibc.write(file.rawValue, &byte, 1) == 1, "the jobserver FIFO is full")
    } else {
      waiting.removeFirst().resume()
    }
  }

  private func takeByte() -> Bool {
    var byte: UInt8 = 0
    return Glibc.read(file.rawValue, &byte, 1) == 1
  }

  /// Slots that a worker gives back arrive in the FIFO without notice, so somebody has to look while
  /// actions wait.
  private func pollIfNeeded() {
    guard !isPolling else { return }
    isPolling = true
    Task {
      while !waiting.isEmpty {
        if takeByte() {
          waiting.removeFirst().resume()
        } else {
          try? await Task.sleep(for: .milliseconds(5))  // this task is never cancelled
        }
      }
      isPolling = false
    }
  }
}
