import BootLab

/// What became of one combination.
struct BootResult: Sendable {
  var combination: BootCombination
  /// Empty when it was skipped; the second one is there when time was up in the first.
  var attempts: [BootAttempt] = []

  /// Nil when it was skipped.
  var verdict: BootVerdict? { attempts.last?.verdict }

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
    var lines: [String]
    switch verdict {
    case .passed(let evidence):
      lines = [
        "  \(style(.green, "passed"))   \(name)  \(evidence.words) "
          + "after \(durationText(evidence.seconds))"
      ]
      if let item = attempts.last?.item { lines.append("           \(item.text)") }
      if let first = firstTry {
        lines.append("           a second try; in the first, \(first.message.printable())")
      }
    case .failed(let failure):
      lines = ["  \(style(.boldRed, "failed"))   \(name)  \(failure.message.printable())"]
      if let advice = failure.advice { lines.append("           fix: \(advice.printable())") }
      if let first = firstTry {
        let text = first.message == failure.message ? "the same" : first.message.printable()
        lines.append("           a second try; in the first, \(text)")
      }
      for (name, text) in [("output", failure.output), ("console", console)] where !text.isEmpty {
        lines.append("           last lines of its \(name):")
        lines += text.map { "           | \($0.printable())" }
      }
    case nil, .running:
      lines = ["  \(style(.yellow, "skipped"))  \(name)  because \(because.printable())"]
    }
    return lines
      + attempts.compactMap(\.kept).map { "           kept: \($0.string.printable())" }
  }

  private var firstTry: BootFailure? { attempts.count > 1 ? attempts[0].failure : nil }

  /// The last lines on the machine's console, of a failed boot.
  var console: [String] {
    guard outcome == .failed, let record = attempts.last?.record else { return [] }
    return Array(record.consoleLines.suffix(8))
  }

  /// Why it was skipped.
  var because: String {
    if case .skipped(let because) = combination.outlook { return because }
    return "it was not tried"
  }
}

extension BootEvidence {
  /// "undionly.kpxe read (71.3 kB), iPXE 2.0.0 got install.ipxe".
  var words: String {
    let read = file.map { name in
      "\(name.printable()) read\(bytes.map { " (\(sizeText($0)))" } ?? ""), "
    }
    return (read ?? "") + "iPXE \(version.printable()) got \(request.printable())"
  }
}

extension ItemEvidence {
  /// "item live: it mounted /srv/live over NFS after 43.1s".
  var text: String {
    "item \(name.printable()): \(sign.printable()) after \(durationText(seconds))"
  }
}
