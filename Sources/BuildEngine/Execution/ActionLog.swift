import Glibc
import SystemPackage

/// What an action prints, in a file, and the progress lines found there while it runs.
///
/// A file rather than a pipe: a pipe stays open as long as any grandchild holds it, and a person can
/// read the file while a long action runs. A worker reports with lines of the form
/// `##progress DONE TOTAL`, which are not shown.
struct ActionLog: Sendable {
  static let marker = "##progress "

  var path: FilePath

  /// Runs `body` and reports progress lines five times a second until it ends.
  func watch<Result: Sendable>(step: Step, _ body: @Sendable () async throws -> Result) async throws
    -> Result
  {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        var offset: Int64 = 0
        while !Task.isCancelled {
          try? await Task.sleep(for: .milliseconds(200))  // ends early when cancelled, as it should
          try report(from: &offset, to: step)
        }
      }
      let result = try await body()
      group.cancelAll()
      try await group.waitForAll()
      return result
    }
  }

  /// Puts the log where people find it.
  func keep(at target: FilePath) throws {
    if try FileIdentity.of(path) != nil { try FileSystem.rename(path, to: target) }
  }

  /// Reads what has come since `offset` and reports the last progress line in it.
  private func report(from offset: inout Int64, to step: Step) throws {
    guard try FileIdentity.of(path) != nil else { return }
    let file = try FileSystem.open(path, .readOnly, doing: "read")
    defer { try? file.close() }  // opened for reading only
    var bytes = [UInt8](repeating: 0, count: 64 * 1024)
    var newest: Progress?
    while true {
      let count = pread(file.rawValue, &bytes, bytes.count, off_t(offset))
      guard count > 0 else { break }
      guard let end = bytes[..<count].lastIndex(of: UInt8(ascii: "\n")) else {
        // A line longer than the buffer is no progress line: step over it.
        if count < bytes.count { break }
        offset += Int64(count)
        continue
      }
      offset += Int64(end + 1)
      let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\n")
      newest = lines.reversed().lazy.compactMap(Self.parse).first ?? newest
    }
    if let newest { step.progress(newest) }
  }

  private static func parse(_ line: Substring) -> Progress? {
    guard line.hasPrefix(marker) else { return nil }
    let numbers = line.dropFirst(marker.count).split(separator: " ").compactMap { Int64($0) }
    guard numbers.count == 2 else { return nil }
    return Progress(done: numbers[0], total: numbers[1], unit: .steps)
  }

  /// The last twenty lines of a log, without progress lines, control characters escaped.
  static func tail(of path: FilePath) throws -> [String] {
    guard let identity = try FileIdentity.of(path) else { return [] }
    let file = try FileSystem.open(path, .readOnly, doing: "read")
    defer { try? file.close() }  // opened for reading only
    var bytes = [UInt8](repeating: 0, count: Int(min(identity.size, 64 * 1024)))
    let count = pread(file.rawValue, &bytes, bytes.count, off_t(identity.size - Int64(bytes.count)))
    guard count > 0 else { return [] }
    return String(decoding: bytes[..<count], as: UTF8.self)
      .split(separator: "\n")
      .filter { !$0.hasPrefix(marker) }
      .suffix(20)
      .map { String($0).printable }
  }
}
