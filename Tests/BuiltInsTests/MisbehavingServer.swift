import Glibc
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

/// Runs `body` with a port on which connections succeed and nothing ever answers.
func withSilentPort(_ body: (UInt16) async throws -> Void) async throws {
  let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(listener) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let port = withUnsafeMutablePointer(to: &address) { pointer -> UInt16? in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic -> UInt16? in
      guard bind(listener, generic, length) == 0, listen(listener, 5) == 0,
        getsockname(listener, generic, &length) == 0
      else { return nil }
      return 0
    }
  }
  _ = try #require(port)
  try await body(UInt16(bigEndian: address.sin_port))
}
