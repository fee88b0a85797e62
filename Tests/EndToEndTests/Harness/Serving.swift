import Foundation
import Synchronization

/// A `pxebuild serve` that runs, with what it prints.
final class Serving: Sendable {
  let running: Running
  private let file: String
  private let site: Site
  /// Programs are started on its network.
  private let entering: [String]
  private let wasAsked = Atomic<Bool>(false)

  struct Failure: Error, CustomStringConvertible { var description: String }

  /// Starts it and waits until it says that it serves; `body` runs, then it is asked to end.
  ///
  /// - Parameters:
  ///   - isAlone: On a network of its own with nothing but a loopback. Only root can make one.
  ///   - prefix: Programs that start it.
  @discardableResult
  static func with<Result>(
    _ arguments: [String], on site: Site, isAlone: Bool = false, prefix: [String] = [],
    _ body: (Serving) async throws -> Result
  ) async throws -> (Result, Run) {
    let serving = try Serving(arguments, site, isAlone, prefix)
    do {
      try await serving.wait(for: "serving")
      let result = try await body(serving)
      serving.end(SIGTERM)
      return (result, await serving.running.wait())
    } catch {
      serving.end(SIGTERM)
      let run = await serving.running.wait()
      throw Failure(description: "\(error)\nit printed:\n\(serving.text)\(run.errors)")
    }
  }

  private init(_ arguments: [String], _ site: Site, _ isAlone: Bool, _ prefix: [String]) throws {
    file = "\(site.scratch)/serve-\(UInt64.random(in: 0...UInt64.max))"
    self.site = site
    let output = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0o644)
    defer { close(output) }
    let network = ["/usr/bin/unshare", "--net", "/bin/sh", "-c"]
    let alone = network + ["ip link set lo up && exec \"$@\"", "sh"]
    running = try site.start(
      ["serve"] + arguments, prefix: (isAlone ? alone : []) + prefix, output: output)
    entering = isAlone ? ["nsenter", "--target", "\(running.id)", "--net"] : []
  }

  /// Asks it to end, unless it was asked before: a second time it would end at once.
  func end(_ signal: Int32) {
    if !wasAsked.exchange(true, ordering: .relaxed) { running.send(signal) }
  }

  /// What it has printed so far.
  var text: String {
    String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
  }

  /// The lines without the times of day.
  var lines: [String] {
    text.split(separator: "\n").map { String($0).replacing(#/^[0-9:]{8}  /#, with: "") }
  }

  /// Waits until it has printed something.
  func wait(for part: String) async throws {
    for _ in 0..<6000 {
      if text.contains(part) { return }
      if kill(running.id, 0) != 0 { break }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw Failure(description: "it does not say \"\(part)\"")
  }

  /// Runs a program that has to succeed, where it is answered.
  @discardableResult
  func run(_ arguments: [String]) async throws -> String {
    try await mustRun(entering + arguments, in: site.scratch)
  }

  /// Fetches a URL whole.
  func fetch(_ url: String, _ options: [String] = []) async throws -> Data {
    let target = "\(site.scratch)/fetched-\(UInt64.random(in: 0...UInt64.max))"
    defer { unlink(target) }
    // An empty file would not be written.
    _ = FileManager.default.createFile(atPath: target, contents: nil)
    try await run(
      ["curl", "--silent", "--show-error", "--fail", "--globoff", "--output", target] + options
        + [url])
    return FileManager.default.contents(atPath: target) ?? Data()
  }

  /// The folder for servers' files that a program's arguments name.
  func folder(of process: pid_t) -> String? {
    let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
    return line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.first {
      $0.hasPrefix("/tmp/pxebuild-serve-") && !$0.hasSuffix(".conf")
    }
  }

  /// The programs that it has started, and those that these have started.
  var descendants: [pid_t] {
    var parents: [pid_t: pid_t] = [:]
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let id = pid_t(name),
        let status = FileManager.default.contents(atPath: "/proc/\(name)/stat"),
        // "12 (a name) S 1 …": the parent is the second after the name.
        let after = String(decoding: status, as: UTF8.self).split(separator: ")").last,
        let parent = after.split(separator: " ").dropFirst().first.flatMap({ pid_t($0) })
      else { continue }
      parents[id] = parent
    }
    var found: [pid_t] = []
    var open = [running.id]
    while let next = open.popLast() {
      let children = parents.filter { $0.value == next }.map(\.key)
      found += children
      open += children
    }
    return found
  }
}

/// Waits until none of some processes is left.
func untilGone(_ processes: [pid_t]) async throws -> Bool {
  for _ in 0..<1500 {
    if processes.allSatisfy({ kill($0, 0) != 0 || isZombie($0) }) { return true }
    try await Task.sleep(for: .milliseconds(10))
  }
  return false
}

/// True for a process that has ended and that nobody has asked about yet.
private func isZombie(_ id: pid_t) -> Bool {
  let status = FileManager.default.contents(atPath: "/proc/\(id)/stat") ?? Data()
  return String(decoding: status, as: UTF8.self).split(separator: ")").last?.hasPrefix(" Z") ?? true
}

/// A port that nobody has right now.
func freePort() throws -> Int {
  let server = try FileServer()
  defer { server.stop() }
  return Int(server.port)
}
