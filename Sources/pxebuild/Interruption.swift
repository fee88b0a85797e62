import BuildEngine
import Glibc
import Synchronization
import SystemPackage

/// Turns Ctrl-C and a polite kill into the cancellation of a piece of work: every child ends, the tree
/// stays as it was. A second Ctrl-C ends pxebuild at once; the children end with it.
enum Interruption {
  /// The pipe that the signal handler writes to: a handler can reach nothing but a global.
  private static let pipe = Atomic<Int32>(-1)

  /// Runs `work` so that SIGINT, SIGTERM and SIGHUP cancel it.
  static func cancelling<Result: Sendable>(
    _ work: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    let ends: (readEnd: FileDescriptor, writeEnd: FileDescriptor)
    do { ends = try FileDescriptor.pipe() } catch let error as Errno {
      throw BuildError(.failed, "cannot watch for signals", reason: error.description)
    }
    for end in [ends.readEnd, ends.writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
    pipe.store(ends.writeEnd.rawValue, ordering: .sequentiallyConsistent)
    let running = Task { try await work() }
    watch(ends.readEnd) { running.cancel() }
    // A handler, not SIG_IGN: a program that is started gets handlers reset, but keeps ignored signals.
    for number in [SIGINT, SIGTERM, SIGHUP] where !isIgnored(number) { signal(number, handle) }
    return try await running.value
  }

  /// True for a signal that pxebuild was started without: by nohup, or by a shell in the background.
  private static func isIgnored(_ number: Int32) -> Bool {
    var old = sigaction()
    guard sigaction(number, nil, &old) == 0 else { return false }
    return unsafeBitCast(old.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  private static let handle: @convention(c) (Int32) -> Void = { _ in
    var byte: UInt8 = 0
    // Async-signal-safe, and there is nobody to tell if it fails.
    _ = write(pipe.load(ordering: .sequentiallyConsistent), &byte, 1)
  }

  /// Waits in a thread of its own, since reading blocks.
  private static func watch(_ end: FileDescriptor, cancel: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Watcher(end: end, cancel: cancel))
    pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Watcher>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, box.toOpaque())
    pthread_detach(thread)
  }

  private final class Watcher: Sendable {
    let end: FileDescriptor
    let cancel: @Sendable () -> Void

    init(end: FileDescriptor, cancel: @escaping @Sendable () -> Void) {
      self.end = end
      self.cancel = cancel
    }

    func run() {
      var byte: UInt8 = 0
      guard read(end.rawValue, &byte, 1) == 1 else { return }
      cancel()
      guard read(end.rawValue, &byte, 1) == 1 else { return }
      _exit(ExitStatus.interrupted.rawValue)
    }
  }
}
