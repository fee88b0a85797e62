import BuildEngine
import BuiltIns
import CLinux
import Glibc
import Subprocess
import SystemPackage

/// A server that runs as long as pxebuild does, and whose output is read line by line.
struct Daemon: Sendable {
  enum Stream: Sendable { case output, errors }

  /// What messages call it: "nginx".
  var name: String
  var program: FilePath
  var arguments: [String]
  /// Where its files are; removed when pxebuild is killed.
  var folder: FilePath

  /// Runs it to its end, or until the task is cancelled; then it is asked to end, and waited for.
  ///
  /// - Parameter line: Gets every line that it prints, from one thread for each stream.
  /// - Returns: How it ended.
  /// - Throws: `BuildError` when it cannot be started.
  func run(
    _ line: @escaping @Sendable (Stream, String) -> Void
  ) async throws -> TerminationStatus {
    // Held open until this returns, or pxebuild ends: see `Guard`.
    let life = try Self.pipe()
    defer { try? life.write.close() }  // nothing was written to it
    let output = try Self.pipe()
    let errors = try Self.pipe()
    async let lines: Void = Self.read(output.read) { line(.output, $0) }
    async let errorLines: Void = Self.read(errors.read) { line(.errors, $0) }
    var options = PlatformOptions()
    options.createSession = true
    // The guard needs time of its own to end what it watches.
    options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(6))]
    let own = try FilePath(FileSystem.readSymlink("/proc/self/exe"))
    let status = try await Subprocess.run(
      .path(own),
      arguments: Arguments(["internal", "guard", "--", folder.string, program.string] + arguments),
      environment: .inherit.updating(["LC_ALL": "C.UTF-8"]), platformOptions: options,
      input: .fileDescriptor(life.read, closeAfterSpawningProcess: true),
      output: .fileDescriptor(output.write, closeAfterSpawningProcess: true),
      error: .fileDescriptor(errors.write, closeAfterSpawningProcess: true)
    ).terminationStatus
    // What it has said last is read to the end.
    _ = await (lines, errorLines)
    return status
  }

  private static func pipe() throws -> (read: FileDescriptor, write: FileDescriptor) {
    var ends: [Int32] = [-1, -1]
    guard linux_pipe(&ends) == 0 else {
      throw BuildError(errno: errno, doing: "make", path: "a pipe")
    }
    return (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
  }

  /// Longer lines are cut: a request line of nginx has 32 KiB at most.
  private static let longestLine = 64 * 1024

  /// Reads lines until the last holder of the other end has closed it.
  private static func read(
    _ end: FileDescriptor, _ line: @escaping @Sendable (String) -> Void
  ) async {
    // The thread throws nothing: what cannot be read any more has ended.
    try? await onOwnThread {
      defer { try? end.close() }  // opened for reading only
      var rest: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 16 * 1024)
      while let count = try? buffer.withUnsafeMutableBytes({ try end.read(into: $0) }), count > 0 {
        for byte in buffer[..<count] {
          if byte == UInt8(ascii: "\n") {
            line(String(decoding: rest, as: UTF8.self))
            rest = []
          } else if rest.count < longestLine {
            rest.append(byte)
          }
        }
      }
      if !rest.isEmpty { line(String(decoding: rest, as: UTF8.self)) }
    }
  }
}
