import BuildEngine
import CLinux
import Glibc
import Synchronization
import SystemPackage

/// Runs a program and ends it, with all that it has started, when the process that started the guard ends: by
/// itself, by Ctrl-C or by `kill -9`.
///
/// The guard's standard input is a pipe that pxebuild holds the other end of and never writes to; the kernel
/// closes that end however pxebuild ends. PR_SET_PDEATHSIG would not do: a daemon that gives up root loses
/// it, and the workers of a server do not inherit it.
enum Guard {
  /// How long a program may take to end when it is asked to, in seconds.
  private static let patience = 3.0

  /// A handler can reach nothing but a global.
  private static let isAskedToEnd = Atomic<Bool>(false)

  /// Runs the program of an argument vector to its end.
  ///
  /// - Parameter folder: Removed when pxebuild is not there any more to do so.
  /// - Returns: Its exit code; 128 and the number of the signal that ended it.
  static func run(_ arguments: [String], in folder: FilePath) throws -> Int32 {
    _ = linux_adopt_descendants()  // without it, only the program's own group is ended
    signal(SIGTERM, handle)
    signal(SIGINT, SIG_IGN)
    let child = try start(arguments)
    while true {
      var status: Int32 = 0
      if waitpid(child, &status, WNOHANG) == child {
        endAll(of: child)
        return exitCode(status)
      }
      if isAskedToEnd.load(ordering: .relaxed) {
        endAll(of: child)
        return 0
      }
      if isAlone(waiting: 100) {
        endAll(of: child)
        try? FileSystem.remove(folder)  // a few small files are left behind
        return 0
      }
    }
  }

  private static let handle: @convention(c) (Int32) -> Void = { _ in
    isAskedToEnd.store(true, ordering: .relaxed)
  }

  /// True when the other end of standard input is closed. Waits some milliseconds for that.
  private static func isAlone(waiting milliseconds: Int32) -> Bool {
    var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    guard poll(&input, 1, milliseconds) > 0 else { return false }
    var byte: UInt8 = 0
    return read(STDIN_FILENO, &byte, 1) <= 0
  }

  /// Starts the program as the leader of a group of its own, so that a Ctrl-C on the terminal reaches pxebuild
  /// alone.
  private static func start(_ arguments: [String]) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF))
    var vector: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for word in vector { free(word) } }
    var child: pid_t = 0
    let code = posix_spawn(&child, arguments[0], &actions, &attributes, &vector, environ)
    guard code == 0 else {
      throw BuildError(errno: code, doing: "run", path: .init(arguments[0]))
    }
    return child
  }

  /// Asks everything in the program's group to end, and kills what does not.
  private static func endAll(of child: pid_t) {
    kill(-child, SIGTERM)
    var left = patience
    while left > 0, hasChildren() {
      usleep(20_000)
      left -= 0.02
    }
    kill(-child, SIGKILL)
    while hasChildren(), left > -1 {
      usleep(20_000)
      left -= 0.02
    }
  }

  /// Takes note of children that have ended; true while there are others.
  private static func hasChildren() -> Bool {
    while true {
      let ended = waitpid(-1, nil, WNOHANG)
      if ended == 0 { return true }
      if ended < 0 { return errno == EINTR }
    }
  }

  private static func exitCode(_ status: Int32) -> Int32 {
    let number = status & 0x7f
    return number == 0 ? (status >> 8) & 0xff : 128 + number
  }
}
