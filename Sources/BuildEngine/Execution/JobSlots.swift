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
  /// Slots that running actions hold, beside what they have taken from the FIFO.
  private var held = 0
  private var waiting: [Waiter] = []
  private var lastWaiter = 0
  private var isPolling = false

  private struct Waiter {
    var number: Int
    var continuation: CheckedContinuation<Void, any Error>
  }

  /// - Precondition: `count` is at least 1, and nothing stands at `path`.
  public init(_ count: Int, at path: FilePath) throws {
    self.count = count
    self.path = path
    guard path.withPlatformString({ linux_make_fifo($0, 0o600) }) == 0 else {
      throw BuildError(errno: errno, doing: "create the jobserver", path: path)
    }
    let file = try FileSystem.open(
      path, .readWrite, options: [.nonBlocking], doing: "open the jobserver")
    self.file = file
    try FileSystem.write(Self.tokens(count), to: file, path: path)
  }

  deinit { try? file.close() }  // the FIFO goes with the work folder

  /// Waits for a free slot. Throws `CancellationError` when the build is interrupted meanwhile; then no
  /// slot was taken.
  public func acquire() async throws {
    try Task.checkCancellation()
    if waiting.isEmpty, takeToken() {
      held += 1
      return
    }
    lastWaiter += 1
    let number = lastWaiter
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation {
        (continuation: CheckedContinuation<Void, any Error>) in
        // From here to the end of this closure nothing else runs on the actor, so an interrupt is either
        // seen here or finds the waiter in the list.
        guard !Task.isCancelled else { return continuation.resume(throwing: CancellationError()) }
        waiting.append(Waiter(number: number, continuation: continuation))
        pollIfNeeded()
      }
    } onCancel: {
      Task { await stopWaiting(number) }
    }
  }

  /// Gives a slot back.
  ///
  /// - Precondition: what ran in it has ended, children included.
  public func release() {
    held -= 1
    if waiting.isEmpty { putToken() } else { serveFirst() }
    if held == 0 { refill() }
  }

  private func serveFirst() {
    held += 1
    waiting.removeFirst().continuation.resume()
  }

  private func stopWaiting(_ number: Int) {
    guard let place = waiting.firstIndex(where: { $0.number == number }) else { return }
    waiting.remove(at: place).continuation.resume(throwing: CancellationError())
  }

  // MARK: The FIFO

  private static func tokens(_ count: Int) -> [UInt8] {
    [UInt8](repeating: UInt8(ascii: "+"), count: count)
  }

  private func takeToken() -> Bool {
    var byte: UInt8 = 0
    return Glibc.read(file.rawValue, &byte, 1) == 1
  }

  /// A FIFO that somebody filled to the brim has tokens enough; `refill` sets it right.
  private func putToken() { _ = Glibc.write(file.rawValue, Self.tokens(1), 1) }

  /// While nothing runs, all slots are free: what a killed make took with it is put back, what a broken
  /// one put in too much is taken out.
  private func refill() {
    var bytes = [UInt8](repeating: 0, count: 4096)
    while Glibc.read(file.rawValue, &bytes, bytes.count) > 0 {}
    _ = Glibc.write(file.rawValue, Self.tokens(count), count)
  }

  /// Slots that a worker gives back arrive in the FIFO without notice, so somebody has to look while
  /// actions wait.
  private func pollIfNeeded() {
    guard !isPolling else { return }
    isPolling = true
    Task {
      while !waiting.isEmpty {
        if takeToken() {
          serveFirst()
        } else {
          try? await Task.sleep(for: .milliseconds(5))  // this task is never cancelled
        }
      }
      isPolling = false
    }
  }
}
