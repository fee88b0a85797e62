import BuildEngine
import CLinux
import Glibc
import Subprocess
import SystemPackage

/// A program of the machine that a built-in runs outside the sandbox, because it needs the network
/// or the user's own configuration.
struct Program: Sendable {
  let path: FilePath
  /// Nil removes a variable; all others are inherited, unless `isAlone`.
  var environment: [String: String?] = [:]
  /// True for a program whose output is served: it gets the variables above and no others, because those of a person
  /// may change its bytes (MTOOLS_…, a clock that was moved).
  var isAlone = false
  /// Ends the program when it prints nothing for so long.
  var silenceLimit: Duration?

  struct Result {
    var status: TerminationStatus
    /// Empty when the output went to a file.
    var output: [UInt8]
    var errors: String
    /// True when it was ended for its silence.
    var isTimedOut: Bool

    var isSuccess: Bool { status.isSuccess && !isTimedOut }

    /// Set when it was the disk that made it fail.
    ///
    /// - Parameter place: Where it wrote.
    func diskFailure(at place: FilePath) -> BuildError? {
      guard !isSuccess, errors.contains("No space left on device") else { return nil }
      return BuildError(errno: ENOSPC, doing: "write", path: place)
    }

    /// What it complained about, without empty lines and progress.
    var errorLines: [String] {
      errors.split(whereSeparator: { $0 == "\n" || $0 == "\r" || $0 == "\r\n" })
        .map { String($0).printable }.filter { !$0.allSatisfy(\.isWhitespace) }
    }
  }

  /// - Throws: `BuildError` when the program is not installed; `advice` says how to get it.
  init(_ name: String, advice: String) throws {
    guard let path = Toolchain.find(name) else {
      throw BuildError(.failed, "\(name) is not installed", advice: advice)
    }
    self.path = path
  }

  /// Runs it to its end. Its output is kept in memory, or goes to `outputFile`.
  ///
  /// - Throws: `BuildError` of kind `.cancelled` when the task is cancelled.
  func run(
    _ arguments: [String], in folder: FilePath? = nil, input: FilePath? = nil,
    outputFile: FilePath? = nil
  ) async throws -> Result {
    let errors = try Capture("errors")
    let output = try Capture("output")
    let outputDescriptor: FileDescriptor
    if let outputFile {
      outputDescriptor = try FileSystem.open(
        outputFile, .writeOnly, options: [.create, .truncate], doing: "write")
    } else {
      outputDescriptor = try output.descriptor.duplicate()
    }
    let inputDescriptor = try FileSystem.open(input ?? "/dev/null", .readOnly, doing: "read")
    defer { try? inputDescriptor.close() }  // opened for reading only
    let spawned = Spawned(
      arguments: arguments, folder: folder, input: inputDescriptor, output: outputDescriptor,
      errors: errors.descriptor)
    defer { try? outputDescriptor.close() }  // what the child could not write it has reported
    let end: (status: TerminationStatus?, isTimedOut: Bool)
    do {
      end = try await waitForEnd(of: spawned)
    } catch {
      if Task.isCancelled { throw interrupted }
      throw error
    }
    if Task.isCancelled { throw interrupted }
    return Result(
      status: end.status ?? .signaled(SIGTERM), output: outputFile == nil ? try output.bytes() : [],
      errors: String(decoding: try errors.bytes(), as: UTF8.self), isTimedOut: end.isTimedOut)
  }

  private var interrupted: BuildError {
    BuildError(.cancelled, "interrupted while \(path.lastComponent?.string ?? "it") ran")
  }

  private func waitForEnd(
    of spawned: Spawned
  ) async throws -> (status: TerminationStatus?, isTimedOut: Bool) {
    try await withThrowingTaskGroup(of: TerminationStatus?.self) { group in
      group.addTask { try await spawn(spawned) }
      if let silenceLimit {
        group.addTask {
          try await waitForSilence(of: [spawned.output, spawned.errors], silenceLimit)
        }
      }
      var status = try await group.next() ?? nil
      let isTimedOut = status == nil
      group.cancelAll()
      // The watcher ends by throwing when it is cancelled; the program's own end is what counts.
      while let next = try? await group.next() { status = status ?? next }
      return (status, isTimedOut)
    }
  }

  private struct Spawned: Sendable {
    var arguments: [String]
    var folder: FilePath?
    var input: FileDescriptor
    var output: FileDescriptor
    var errors: FileDescriptor
  }

  private func spawn(_ spawned: Spawned) async throws -> TerminationStatus {
    var options = PlatformOptions()
    // No controlling terminal, so that nothing (ssh) can ask the person for a password.
    options.createSession = true
    options.teardownSequence = [
      .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(2)),
      .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .seconds(1)),
    ]
    let changes = Dictionary(
      uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) })
    let variables: Environment =
      isAlone ? .custom(changes.compactMapValues { $0 }) : .inherit.updating(changes)
    return try await Subprocess.run(
      .path(path), arguments: Arguments(spawned.arguments),
      environment: variables, workingDirectory: spawned.folder,
      platformOptions: options,
      input: .fileDescriptor(spawned.input, closeAfterSpawningProcess: false),
      output: .fileDescriptor(spawned.output, closeAfterSpawningProcess: false),
      error: .fileDescriptor(spawned.errors, closeAfterSpawningProcess: false)
    ).terminationStatus
  }

  /// Returns nil once none of the files has grown for `limit`.
  private func waitForSilence(
    of files: [FileDescriptor], _ limit: Duration
  ) async throws -> TerminationStatus? {
    var sizes: [Int64] = []
    var lastChange = ContinuousClock.now
    while ContinuousClock.now - lastChange < limit {
      try await Task.sleep(for: min(limit, .milliseconds(500)))
      let now = files.map { file in
        var status = stat()
        return fstat(file.rawValue, &status) == 0 ? Int64(status.st_size) : 0
      }
      if now != sizes { lastChange = .now }
      sizes = now
    }
    return nil
  }
}

/// A file in memory that a child process writes to: a pipe would stay open as long as a grandchild
/// holds it.
private final class Capture: Sendable {
  let descriptor: FileDescriptor

  init(_ name: String) throws {
    let file = linux_memory_file(name)
    guard file >= 0 else { throw BuildError(errno: errno, doing: "create", path: FilePath(name)) }
    descriptor = FileDescriptor(rawValue: file)
  }

  func bytes() throws -> [UInt8] {
    var status = stat()
    guard fstat(descriptor.rawValue, &status) == 0 else {
      throw BuildError(errno: errno, doing: "read", path: "a program's output")
    }
    let size = Int(status.st_size)
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = max(0, pread(descriptor.rawValue, buffer.baseAddress, size, 0))
    }
  }

  deinit { close(descriptor.rawValue) }
}
