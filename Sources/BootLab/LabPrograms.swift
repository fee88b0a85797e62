import BuildEngine
import Glibc
import SystemPackage

/// The programs of a lab that run.
struct LabPrograms {
  /// For their logs.
  let folder: String
  private var names: [pid_t: String] = [:]

  init(folder: String) { self.folder = folder }

  /// - Parameter descriptors: What the program finds open beside its input and its output, by the number that it
  ///   has there: above all that are open here.
  mutating func start(
    _ program: LabPlan.Program, descriptors: [Int32: Int32] = [:]
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    let log = "\(folder)/\(program.name).log"
    posix_spawn_file_actions_addopen(
      &actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o666)
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    for (number, own) in descriptors { posix_spawn_file_actions_adddup2(&actions, own, number) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    var words: [UnsafeMutablePointer<CChar>?] = program.arguments.map { strdup($0) } + [nil]
    // Kea writes where no ordinary folder may be.
    let kea = [
      "KEA_LOCKFILE_DIR=\(folder)", "KEA_PIDFILE_DIR=\(folder)", "KEA_LOGGER_DESTINATION=stdout",
    ]
    var variables: [UnsafeMutablePointer<CChar>?] =
      (["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"] + kea).map { strdup($0) } + [nil]
    defer { for word in words + variables { free(word) } }
    var child: pid_t = 0
    let code = posix_spawn(
      &child, program.arguments[0], &actions, &attributes, &words, &variables)
    guard code == 0 else {
      throw BuildError(errno: code, doing: "run", path: .init(program.arguments[0]))
    }
    names[child] = program.name
  }

  /// What has ended since that was asked last, with its status: 128 and a signal's number when one ended it.
  mutating func ended() -> [(name: String, status: Int)] {
    var status: Int32 = 0
    var result: [(String, Int)] = []
    while true {
      let child = waitpid(-1, &status, WNOHANG)
      guard child > 0 else { return result }
      guard let name = names.removeValue(forKey: child) else { continue }
      let number = status & 0x7f
      result.append((name, Int(number == 0 ? status >> 8 & 0xff : 128 + number)))
    }
  }
}
