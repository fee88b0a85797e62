import CLinux
import Foundation

/// What a program came to.
struct Run: Sendable {
  /// The exit code; nil when a signal ended it.
  var status: Int32?
  var signal: Int32?
  var output: String
  var errors: String
  /// Of the program itself, without its children, in bytes.
  var peakMemory: Int
  var seconds: Double
}

/// How many programs tests run at a time: each test starts its own, and there may be a hundred tests.
actor Turns {
  static let shared = Turns(ProcessInfo.processInfo.activeProcessorCount + 1)
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(_ count: Int) { free = count }

  func take() async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  func give() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}

/// A program that runs in a session of its own, its output going to files.
final class Running: Sendable {
  let id: pid_t
  private let captured: (output: String, errors: String)
  private let start = ContinuousClock.now

  struct CannotStart: Error { var program: String, reason: String }

  /// - Parameters:
  ///   - arguments: The first one is the program, by absolute path.
  ///   - output: Where standard output goes; a file of its own that `wait` reads when left out.
  init(
    _ arguments: [String], environment: [String: String], folder: String, scratch: String,
    output: Int32? = nil
  ) throws {
    let name = "\(scratch)/run-\(UInt64.random(in: 0...UInt64.max))"
    captured = ("\(name).out", "\(name).err")
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    let flags = O_WRONLY | O_CREAT | O_TRUNC
    if let output {
      posix_spawn_file_actions_adddup2(&actions, output, 1)
    } else {
      posix_spawn_file_actions_addopen(&actions, 1, captured.output, flags, 0o644)
    }
    posix_spawn_file_actions_addopen(&actions, 2, captured.errors, flags, 0o644)
    _ = linux_spawn_change_directory(&actions, folder)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    let newSession: Int32 = 0x80  // POSIX_SPAWN_SETSID of glibc
    posix_spawnattr_setflags(
      &attributes, Int16(newSession | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map {
      strdup("\($0.key)=\($0.value)")
    }
    words.append(nil)
    variables.append(nil)
    defer { for text in words + variables { free(text) } }
    var child: pid_t = 0
    let code = posix_spawn(&child, arguments[0], &actions, &attributes, words, variables)
    guard code == 0 else {
      throw CannotStart(program: arguments[0], reason: String(cString: strerror(code)))
    }
    id = child
  }

  func send(_ signal: Int32) { kill(id, signal) }

  /// Waits for its end in a thread of its own, since waiting blocks. Call it once.
  func wait() async -> Run {
    let id = id
    let memory = MemoryWatch(of: id)
    let code = await withCheckedContinuation {
      (continuation: CheckedContinuation<Int32, Never>) in
      Thread.detachNewThread {
        var code: Int32 = 0
        while waitpid(id, &code, 0) < 0, errno == EINTR {}
        continuation.resume(returning: code)
      }
    }
    let peakMemory = memory.end()
    let elapsed = ContinuousClock.now - start
    let signal = code & 0x7f
    defer {
      unlink(captured.output)
      unlink(captured.errors)
    }
    return Run(
      status: signal == 0 ? (code >> 8) & 0xff : nil, signal: signal == 0 ? nil : signal,
      output: text(captured.output), errors: text(captured.errors),
      peakMemory: peakMemory,
      seconds: Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18)
  }

  private func text(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }
}

/// Runs a program of the machine that has to succeed: git, mount, make.
@discardableResult
func mustRun(
  _ arguments: [String], in folder: String, environment: [String: String] = [:]
) async throws -> String {
  guard let program = Binary.find(arguments[0]) else {
    throw Running.CannotStart(program: arguments[0], reason: "it is not installed")
  }
  var variables = ["PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"]
  variables.merge(environment) { $1 }
  let scratch = NSTemporaryDirectory()
  let run = try await Running(
    [program] + arguments.dropFirst(), environment: variables, folder: folder, scratch: scratch
  ).wait()
  struct Failed: Error { var arguments: [String], output: String, errors: String }
  guard run.status == 0 else {
    throw Failed(arguments: arguments, output: run.output, errors: run.errors)
  }
  return run.output
}
