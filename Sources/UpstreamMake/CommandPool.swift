import CLinux
import Glibc

/// Runs commands, as many at a time as the build has slots.
///
/// One thread, one poll loop: a child's end is the end of its output pipe. SIGINT and SIGTERM are held
/// back while it runs, so that every slot is given back before the process obeys them.
final class CommandPool {
  let directory: String
  let environment: [String]
  private let jobserver: Jobserver?
  private let print: (String) -> Void

  /// `environment` holds `NAME=value` strings.
  init(
    directory: String, environment: [String], jobserver: Jobserver?,
    print: @escaping (String) -> Void
  ) {
    self.directory = directory
    self.environment = environment
    self.jobserver = jobserver
    self.print = print
  }

  private struct Child {
    var unit: Int
    var step: Int
    var process: pid_t
    var pipe: Int32
    var token: UInt8?
    var output: [UInt8] = []
  }

  /// Runs one command in the slot that the process owns and prints what it says.
  func run(_ command: Command) throws { try run([[command]]) }

  /// Runs one command and returns what it says.
  func capture(_ command: Command) throws -> [UInt8] {
    var said: [UInt8] = []
    try run([[command]], said: { said = $0 })
    return said
  }

  /// Runs every unit; the commands of one unit follow each other. Units start in their order.
  ///
  /// After the first failure nothing new starts; what runs is waited for.
  ///
  /// - Parameters:
  ///   - units: commands that follow each other, each list on its own.
  ///   - said: takes the output of a command that succeeded; printed without it.
  ///   - finished: told the index of each unit that succeeded.
  /// - Throws: `CommandFailure` for the first failure, or `WorkerFailure`.
  func run(
    _ units: [[Command]], said: (([UInt8]) -> Void)? = nil, finished: (Int) -> Void = { _ in }
  ) throws {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    var previous = sigset_t()
    pthread_sigmask(SIG_BLOCK, &signals, &previous)
    defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }

    var next = 0
    var children: [Child] = []
    var failure: (any Error)?
    func end(_ child: Child) {
      if let token = child.token { jobserver?.giveBack(token) }
    }
    while true {
      while failure == nil, next < units.count {
        let hasOwnSlot = !children.contains { $0.token == nil }
        var token: UInt8?
        if !hasOwnSlot {
          guard let taken = jobserver?.take() else { break }
          token = taken
        }
        if units[next].isEmpty {
          if let token { jobserver?.giveBack(token) }
        } else {
          do {
            var child = Child(unit: next, step: 0, process: 0, pipe: -1, token: token)
            try start(&child, units[next][0])
            children.append(child)
          } catch {
            if let token { jobserver?.giveBack(token) }
            failure = error
          }
        }
        next += 1
      }
      if children.isEmpty { break }

      let wantsSlot = failure == nil && next < units.count
      var polled = children.map { pollfd(fd: $0.pipe, events: Int16(POLLIN), revents: 0) }
      if wantsSlot, let jobserver {
        polled.append(pollfd(fd: jobserver.descriptor, events: Int16(POLLIN), revents: 0))
      }
      _ = poll(&polled, nfds_t(polled.count), 200)
      if let signal = pendingSignal(&signals) {
        for child in children {
          kill(child.process, SIGTERM)
          end(child)
        }
        // Nothing is left to clean up: whoever started this process removes its folder.
        exit(128 + signal)
      }
      var position = 0
      for index in children.indices {
        defer { position += 1 }
        guard polled[index].revents != 0 else { continue }
        guard try readSome(&children[index]) else { continue }
        let status = wait(for: children[index])
        let child = children[index]
        let command = units[child.unit][child.step]
        if status != 0, failure == nil {
          failure = CommandFailure(command: command, status: status, output: child.output)
        } else if !child.output.isEmpty {
          if let said {
            said(child.output)
          } else {
            print(String(decoding: child.output, as: UTF8.self))
          }
        }
        children[index].process = 0
        if status == 0, failure == nil, child.step + 1 < units[child.unit].count {
          children[index].step += 1
          children[index].output = []
          do { try start(&children[index], units[child.unit][child.step + 1]) } catch {
            failure = error
            children[index].process = 0
          }
        }
        if children[index].process == 0 {
          end(child)
          if status == 0 { finished(child.unit) }
        }
      }
      children.removeAll { $0.process == 0 }
    }
    if let failure { throw failure }
  }

  private func pendingSignal(_ signals: inout sigset_t) -> Int32? {
    var now = timespec()
    let signal = sigtimedwait(&signals, nil, &now)
    return signal > 0 ? signal : nil
  }

  /// True at the end of the output.
  private func readSome(_ child: inout Child) throws -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = read(child.pipe, &buffer, buffer.count)
    if count == -1 { return errno != EINTR && errno != EAGAIN }
    if count == 0 { return true }
    // A program that prints without end must not fill the memory; its first MiB tells enough.
    if child.output.count < 1 << 20 { child.output.append(contentsOf: buffer[..<count]) }
    return false
  }

  private func wait(for child: Child) -> Int32 {
    close(child.pipe)
    var status: Int32 = 0
    while waitpid(child.process, &status, 0) == -1 {
      if errno != EINTR { return 127 }
    }
    return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
  }

  private func start(_ child: inout Child, _ command: Command) throws {
    var pipes: [Int32] = [-1, -1]
    guard linux_pipe(&pipes) == 0 else {
      throw WorkerFailure("cannot make a pipe: \(String(cString: strerror(errno)))")
    }
    defer { close(pipes[1]) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    linux_spawn_change_directory(&actions, directory)
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    if let path = command.standardOutput {
      posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    } else {
      posix_spawn_file_actions_adddup2(&actions, pipes[1], 1)
    }
    posix_spawn_file_actions_adddup2(&actions, pipes[1], 2)
    // A descriptor duplicated onto itself loses its close-on-exec flag, which is the point here.
    for descriptor in command.inheritedDescriptors {
      posix_spawn_file_actions_adddup2(&actions, descriptor, descriptor)
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

    var arguments = command.arguments.map { strdup($0) } + [nil]
    var variables = (environment + command.variables).map { strdup($0) } + [nil]
    defer {
      for pointer in arguments + variables { free(pointer) }
    }
    var process: pid_t = 0
    let code = posix_spawnp(
      &process, command.arguments[0], &actions, &attributes, &arguments, &variables)
    guard code == 0 else {
      close(pipes[0])
      throw WorkerFailure(
        "cannot start \(command.arguments[0]): \(String(cString: strerror(code)))")
    }
    child.process = process
    child.pipe = pipes[0]
  }
}
