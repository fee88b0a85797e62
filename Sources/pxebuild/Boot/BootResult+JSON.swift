import BootLab

extension BootResult {
  /// The event `boot` of docs/json.md.
  ///
  /// - Parameter dhcp: The DHCP server's config; nil on QEMU's user network.
  func json(at seconds: Double, dhcp: String?) -> JSON {
    var evidence: BootEvidence?
    if case .passed(let found) = verdict { evidence = found }
    let failure = attempts.last?.failure
    return .object([
      "event": .string("boot"), "time": .seconds(seconds),
      "firmware": .string(combination.firmware.rawValue),
      "via": .string(combination.method.rawValue),
      "network": .string(dhcp == nil ? "user" : "lab"), "dhcp": dhcp.map(JSON.string),
      "target": combination.target.map(JSON.string), "outcome": .string(outcome.rawValue),
      "file": evidence?.file.map(JSON.string), "bytes": evidence?.bytes.map(JSON.integer),
      "request": evidence.map { .string($0.request) },
      "version": evidence.map { .string($0.version) },
      "seconds": evidence.map { .seconds($0.seconds) },
      "item": attempts.last?.item.map { .string($0.name) },
      "sign": attempts.last?.item.map { .string($0.sign) },
      "signSeconds": attempts.last?.item.map { .seconds($0.seconds) },
      "cause": failure.map { .string($0.fault.code) },
      "message": failure.map { .string($0.message) },
      "advice": failure?.advice.map(JSON.string),
      "because": outcome == .skipped ? .string(because) : nil,
      "output": (failure?.output).flatMap { $0.isEmpty ? nil : .array($0.map(JSON.string)) },
      "console": console.isEmpty ? nil : .array(console.map(JSON.string)),
      "attempts": outcome == .skipped ? nil : .array(attempts.map(\.json)),
    ])
  }

  /// The event `boot-summary` of docs/json.md.
  static func summary(
    passed: Int, failed: Int, skipped: Int, untested: [Untested], report: String?, junit: String?,
    at seconds: Double
  ) -> JSON {
    .object([
      "event": .string("boot-summary"), "time": .seconds(seconds),
      "passed": .integer(Int64(passed)), "failed": .integer(Int64(failed)),
      "skipped": .integer(Int64(skipped)),
      "untested": untested.isEmpty
        ? nil
        : .array(
          untested.map { .object(["what": .string($0.what), "because": .string($0.why)]) }),
      "report": report.map(JSON.string),
      "junit": junit.map(JSON.string),
    ])
  }
}

extension BootAttempt {
  fileprivate var json: JSON {
    .object([
      "seconds": .seconds(seconds),
      "message": failure.map { .string($0.message) },
      "timedOut": failure.map { .bool($0.isTimeOut) },
      "console": .array(record.consoleLines.map(JSON.string)),
      "packets": .array(record.events.map(\.json)),
      "kept": kept.map { .string($0.string) },
    ])
  }
}

extension SeenEvent {
  fileprivate var json: JSON {
    var pairs: [JSON.Member] = [
      .init(name: "seconds", value: .seconds(seconds)),
      .init(name: "from", value: .string(from)), .init(name: "to", value: .string(to)),
    ]
    func add(_ name: String, _ value: JSON?) {
      if let value { pairs.append(.init(name: name, value: value)) }
    }
    switch event {
    case .asked(let client):
      add("kind", .string("dhcp-question"))
      add("ipxe", .bool(client.isIPXE))
    case .answered(let client, let answer):
      add("kind", .string("dhcp-answer"))
      add("ipxe", .bool(client.isIPXE))
      add("file", answer.file.map(JSON.string))
    case .readStarted(let file):
      add("kind", .string("tftp-read"))
      add("file", .string(file))
    case .readFinished(let file, let bytes, let sha256):
      add("kind", .string("tftp-sent"))
      add("file", .string(file))
      add("bytes", .integer(bytes))
      add("sha256", sha256.map(JSON.string))
    case .readFailed(let file, let code, let message):
      add("kind", .string("tftp-error"))
      add("file", .string(file))
      add("code", .integer(Int64(code)))
      add("text", .string(message))
    case .requested(let path, let agent):
      add("kind", .string("http-request"))
      add("path", .string(path))
      add("agent", .string(agent))
    case .responded(let path, _, let status, let bytes):
      add("kind", .string("http-response"))
      add("path", .string(path))
      add("status", .integer(Int64(status)))
      add("bytes", bytes.map(JSON.integer))
    case .mounted(let path, let status):
      add("kind", .string("nfs-mount"))
      add("path", .string(path))
      add("status", .integer(Int64(status)))
    case .refused(_, let port):
      add("kind", .string("tcp-refused"))
      add("port", .integer(Int64(port)))
    }
    if !details.isEmpty {
      let list = details.map {
        JSON.object(["name": .string($0.name), "value": .string($0.value)])
      }
      add("details", .array(list))
    }
    return .members(pairs)
  }
}
