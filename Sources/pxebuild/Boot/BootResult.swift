import BootLab

/// What became of one combination.
struct BootResult: Sendable {
  var combination: BootCombination
  /// Nil when it was skipped.
  var verdict: BootVerdict?
  /// The last lines on the machine's console, of a failed boot.
  var console: [String] = []

  enum Outcome: String, Sendable { case passed, failed, skipped }

  var outcome: Outcome {
    switch verdict {
    case nil: .skipped
    case .passed: .passed
    case .failed, .running: .failed
    }
  }

  /// Lines for people.
  func lines(_ style: Style) -> [String] {
    let name = combination.name.padded(toColumns: 20)
    switch verdict {
    case .passed(let evidence):
      return ["  \(style(.green, "passed"))   \(name)  \(evidence.text)"]
    case .failed(let failure):
      var lines = ["  \(style(.boldRed, "failed"))   \(name)  \(failure.message.printable())"]
      if let advice = failure.advice { lines.append("           fix: \(advice.printable())") }
      if !console.isEmpty {
        lines.append("           last lines of its console:")
        lines += console.map { "           | \($0.printable())" }
      }
      return lines
    case nil, .running:
      return ["  \(style(.yellow, "skipped"))  \(name)  because \(because.printable())"]
    }
  }

  private var because: String {
    if case .skipped(let because) = combination.outlook { return because }
    return "it was not tried"
  }

  /// The event `boot` of docs/json.md.
  ///
  /// - Parameter dhcp: The DHCP server's config.
  func json(at seconds: Double, dhcp: String) -> JSON {
    var failure: BootFailure?
    var evidence: BootEvidence?
    switch verdict {
    case .failed(let found): failure = found
    case .passed(let found): evidence = found
    case nil, .running: break
    }
    return .object([
      "event": .string("boot"), "time": .seconds(seconds),
      "firmware": .string(combination.firmware.rawValue),
      "via": .string(combination.method.rawValue), "dhcp": .string(dhcp),
      "target": combination.target.map(JSON.string), "outcome": .string(outcome.rawValue),
      "file": evidence?.file.map(JSON.string), "bytes": evidence?.bytes.map(JSON.integer),
      "request": evidence.map { .string($0.request) },
      "version": evidence.map { .string($0.version) },
      "seconds": evidence.map { .seconds($0.seconds) },
      "message": failure.map { .string($0.message) },
      "advice": failure?.advice.map(JSON.string),
      "because": outcome == .skipped ? .string(because) : nil,
      "console": console.isEmpty ? nil : .array(console.map(JSON.string)),
    ])
  }
}

extension BootEvidence {
  /// "undionly.kpxe read (71.3 kB), iPXE 2.0.0 got install.ipxe after 12.3s".
  var text: String {
    let read = file.map { name in
      "\(name.printable()) read\(bytes.map { " (\(sizeText($0)))" } ?? ""), "
    }
    return (read ?? "")
      + "iPXE \(version.printable()) got \(request.printable()) after \(durationText(seconds))"
  }
}
