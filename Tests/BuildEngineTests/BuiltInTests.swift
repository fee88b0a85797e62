import SystemPackage
import Testing

@testable import BuildEngine

/// Writes its parameter to `out`, after it has done what the test wants.
private struct Writer: BuiltIn {
  var name = "writer"
  var version = 2
  var body: @Sendable (BuiltInInvocation) async throws -> Void = { _ in }

  func run(_ invocation: BuiltInInvocation) async throws {
    try await body(invocation)
    try FileSystem.replace(
      invocation.outputDirectory.appending("out"),
      with: (invocation.parameters["text"] ?? "").utf8)
  }
}

struct BuiltInTests {
  private func request(_ name: String = "writer", version: Int = 2, outputs: [String] = ["out"])
    -> ActionRequest
  {
    ActionRequest(
      name: "t: write", rule: RuleVersion("test", 1),
      operation: .builtIn(name, version: version, parameters: ["text": "hello"]), outputs: outputs)
  }

  @Test("runs in empty folders of its own, reports, and leaves nothing behind")
  func runs() async throws {
    let writer = Writer { invocation in
      #expect(try FileSystem.list(invocation.outputDirectory) == [])
      #expect(try FileSystem.list(invocation.scratchDirectory) == [])
      #expect(invocation.context.isOffline)
      try FileSystem.replace(invocation.scratchDirectory.appending("x"), with: [1])
      invocation.progress(Progress(done: 1, total: nil, unit: .bytes))
      invocation.note("a note")
    }
    try await LocalTest.with(.off, builtIns: [writer]) { (test) async throws in
      let artifacts = try await test.run(request())
      #expect(try test.cache.text(artifacts["out"]) == "hello")
      #expect(test.events.progress == [Progress(done: 1, total: nil, unit: .bytes)])
      #expect(test.events.notes == ["a note"])
      #expect(try leftovers(test.cache.work.path) == ["jobserver", "lock"])
    }
  }

  @Test("one that is not there, has another version or wrote too little is an error")
  func errors() async throws {
    try await LocalTest.with(.off, builtIns: [Writer()]) { (test) async throws in
      #expect(
        await errorText { _ = try await test.run(request("other")) }
          == "error: t: write: there is no built-in named other")
      #expect(
        await errorText { _ = try await test.run(request(version: 1)) } == """
          error: t: write was planned for version 1 of the built-in writer, but this is version 2
            fix: this is a fault of the rule test, please report it
          """)
      #expect(
        await errorText { _ = try await test.run(request(outputs: ["out", "deep/more"])) } == """
          error: t: write ended well but did not write deep/more
            fix: this is a fault of the rule test, please report it
          """)
      #expect(try leftovers(test.cache.work.path) == ["jobserver", "lock"])
    }
  }
}
