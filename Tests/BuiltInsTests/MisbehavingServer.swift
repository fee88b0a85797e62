import Subprocess
import SystemPackage
import Testing

/// Runs `body` with the base URL of a server as Fixtures/server.py describes it.
func withServer<Result: Sendable>(
  _ body: @Sendable (String) async throws -> Result
) async throws -> Result {
  let result = try await Subprocess.run(
    .name("python3"), arguments: [fixtures.appending("server.py").string], input: .none,
    output: .sequence,
    error: .discarded
  ) { execution in
    var port = ""
    for try await line in execution.standardOutput.strings() {
      port = line.filter(\.isNumber)
      break
    }
    do {
      let value = try await body("http://127.0.0.1:\(try #require(Int(port)))")
      await execution.teardown(using: [])
      return value
    } catch {
      await execution.teardown(using: [])
      throw error
    }
  }
  return result.takeClosureResult()
}
