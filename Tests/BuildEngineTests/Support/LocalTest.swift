import Glibc
import SystemPackage
import Testing

@testable import BuildEngine

/// A LocalExecutor with everything around it, for tests that start real programs.
struct LocalTest: Sendable {
  let folder: TemporaryFolder
  let cache: TestCache
  let sandbox: Sandbox
  let slots: JobSlots
  let executor: LocalExecutor
  let events = EventLog()

  static func with(
    _ mode: Sandbox.Mode, jobs: Int = 2, builtIns: [any BuiltIn] = [],
    _ body: (LocalTest) async throws -> Void
  ) async throws {
    if mode == .on, try await !Sandbox(.auto, pxebuild: "/bin/true").isOn {
      try Test.cancel("bubblewrap does not work here")
    }
    try await TemporaryFolder.with { folder in
      try await body(LocalTest(folder, mode, jobs: jobs, builtIns: builtIns))
    }
  }

  private init(
    _ folder: TemporaryFolder, _ mode: Sandbox.Mode, jobs: Int, builtIns: [any BuiltIn]
  ) async throws {
    self.folder = folder
    cache = try TestCache(folder)
    sandbox = try await Sandbox(mode, pxebuild: try Self.writeStandIn(folder))
    slots = try JobSlots(jobs, at: cache.work.path.appending("jobserver"))
    executor = LocalExecutor(
      store: cache.store, work: cache.work, logs: cache.cache.path.appending("logs"),
      sandbox: sandbox, slots: slots, builtIns: builtIns
    ) { [cache] _ in
      BuildContext(
        store: cache.store, cacheDirectory: cache.cache.path, isOffline: true,
        perform: { request in
          throw BuildError(.failed, "\(request.name) cannot be performed here")
        })
    }
  }

  /// What stands in for pxebuild: inside the tests /proc/self/exe is something else.
  private static func writeStandIn(_ folder: TemporaryFolder) throws -> FilePath {
    try folder.write(
      "pxebuild",
      """
      #!/bin/sh
      umask 022
      [ "$1" = internal ] || exit 64
      if [ "$2" = exec ]; then shift 3; exec "$@"; fi
      [ "$2" = repeat ] && [ "$3" = -- ] || exit 65
      printf %s "$4" > out
      """, mode: 0o755)
  }

  func request(
    _ script: String, name: String = "t: step", outputs: [String] = ["out"],
    inputs: [String: StoredArtifact] = [:], environment: [String: String] = [:]
  ) -> ActionRequest {
    ActionRequest(
      name: name, rule: RuleVersion("test", 1),
      operation: .process(arguments: ["sh", "-c", script]), inputs: inputs, outputs: outputs,
      environment: environment)
  }

  func run(_ request: ActionRequest) async throws -> [String: StoredArtifact] {
    try await executor.execute(
      request, step: Step(id: ActionID(index: 0), name: request.name, sink: events.sink)
    ).artifacts
  }

  /// Runs a shell script that writes `out` and returns its text.
  func output(
    _ script: String, inputs: [String: StoredArtifact] = [:], environment: [String: String] = [:]
  ) async throws -> String {
    let artifacts = try await run(request(script, inputs: inputs, environment: environment))
    return try cache.text(artifacts["out"]) ?? "no file"
  }

  /// The files of this test that this process has open.
  var openFiles: [String] {
    get throws {
      try FileSystem.list("/proc/self/fd").compactMap { name in
        // The descriptor of the listing itself is gone by now.
        try? FileSystem.readSymlink(FilePath("/proc/self/fd").appending(name))
      }.filter { $0.hasPrefix(folder.path.string + "/") }.sorted()
    }
  }

  /// The number of free slots in the FIFO; all are put back.
  func freeSlots() throws -> Int {
    let file = try FileSystem.open(
      slots.path, .readWrite, options: [.nonBlocking], doing: "open")
    defer { try? file.close() }  // only bytes that were read are written
    var bytes = [UInt8](repeating: 0, count: 100)
    let count = max(0, Glibc.read(file.rawValue, &bytes, bytes.count))
    try FileSystem.write(bytes[..<count], to: file, path: slots.path)
    return count
  }
}

/// Processes that carry a word in their command line.
enum Processes {
  static func count(with word: String) throws -> Int {
    try FileSystem.list("/proc").count { name in
      guard Int(name) != nil else { return false }
      // A process may end while it is looked at.
      let bytes = (try? FileSystem.read(FilePath("/proc/\(name)/cmdline"))) ?? nil
      return String(decoding: bytes ?? [], as: UTF8.self).contains(word)
    }
  }

  /// Waits until there are so many, at most half a minute.
  static func wait(for number: Int, with word: String) async throws -> Bool {
    for _ in 0..<1500 {
      if try count(with: word) == number { return true }
      try await Task.sleep(for: .milliseconds(20))
    }
    return false
  }

  /// A number of seconds that nobody else sleeps.
  static func someSeconds() -> String { "1000.\(UInt64.random(in: 1...UInt64.max))" }
}
