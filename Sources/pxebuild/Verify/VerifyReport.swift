import BuildEngine

/// What `verify` found in one place: the output tree, the configs' folder, the cache.
struct VerifyReport: Sendable {
  /// One thing that is not as it should be.
  struct Finding: Sendable, Equatable {
    /// One word: `missing`, `changed`, `mode`, `foreign`, `damaged`; of a comparison `differs`, `absent`, `extra`,
    /// `unbuilt`.
    var problem: String
    /// Below the place.
    var path: String
    /// What should be there and what is, in as few words as possible; nil where there is nothing to say.
    var expected: String?
    var found: String?
    /// False for what is only told of.
    var isFault = true
    /// Where bytes differ, a line each.
    var details: [String] = []
  }

  /// The place as a person would name it.
  var place: String
  var findings: [Finding]
  /// What was looked at: "6 files of 6 targets".
  var scope: String
  /// How much was read, in bytes; nil where nobody cares.
  var bytesRead: Int64?

  var faultCount: Int { findings.count(where: \.isFault) }

  /// A line for each finding, then one that sums up.
  func lines(_ style: Style) -> [String] {
    let width = min(findings.map { $0.path.printable().columns }.max() ?? 0, 40)
    return findings.flatMap { finding in
      [finding.line(pathWidth: width, style)]
        + finding.details.map { "           " + $0.printable(keepsTabs: true) }
    } + [conclusion(style)]
  }

  private func conclusion(_ style: Style) -> String {
    let looked = scope + (bytesRead.map { ", \(sizeText($0)) read" } ?? "")
    guard !findings.isEmpty else {
      return style(.green, "right:") + " \(place.printable()): \(looked)"
    }
    let order = [
      "missing", "changed", "mode", "foreign", "damaged", "differs", "absent", "extra", "unbuilt",
    ]
    let counts = order.compactMap { word in
      let count = findings.count { $0.problem == word }
      return count == 0 ? nil : "\(count) \(Self.countWords[word] ?? word)"
    }
    let label = faultCount > 0 ? style(.boldRed, "wrong:") : style(.green, "right:")
    return "\(label) \(place.printable()): \(counts.joined(separator: ", ")); \(looked)"
  }

  /// For a count, where the word alone reads badly.
  private static let countWords = [
    "mode": "of another mode", "differs": "different", "unbuilt": "not built",
  ]

  /// The objects of `--json`: one for each finding, one that sums up.
  func json(at time: Double) -> [JSON] {
    findings.map { finding in
      .object([
        "event": .string("finding"), "time": .seconds(time), "place": .string(place),
        "problem": .string(finding.problem), "path": .string(finding.path),
        "expected": finding.expected.map(JSON.string), "found": finding.found.map(JSON.string),
        "fault": .bool(finding.isFault),
        "details": finding.details.isEmpty ? nil : .array(finding.details.map(JSON.string)),
      ])
    } + [
      .object([
        "event": .string("verified"), "time": .seconds(time), "place": .string(place),
        "scope": .string(scope), "bytes": bytesRead.map(JSON.integer),
        "faults": .integer(Int64(faultCount)),
      ])
    ]
  }
}

extension VerifyReport.Finding {
  fileprivate func line(pathWidth: Int, _ style: Style) -> String {
    let paint: Style.Paint = isFault ? .boldRed : .yellow
    var line = "  " + style(paint, problem.padded(toColumns: 7)) + "  "
    let facts = [found.map { "it is \($0)" }, expected.map { "it was \($0)" }].compactMap { $0 }
    if facts.isEmpty { return line + path.printable() }
    line += path.printable().padded(toColumns: pathWidth)
    return line + "  " + facts.joined(separator: "; ").printable()
  }

  init(_ finding: TreeFinding, allowsForeign: Bool) {
    path = finding.path
    switch finding.problem {
    case .missing: problem = "missing"
    case .changed(let expected, let found):
      problem = "changed"
      (self.expected, self.found) = (expected.words, found.words)
    case .changedLink(let expected, let found):
      problem = "changed"
      (self.expected, self.found) = ("a link to \(expected)", "a link to \(found)")
    case .wrongKind(let expected, let found):
      problem = "changed"
      (self.expected, self.found) = (expected.words, found.words)
    case .wrongMode(let expected, let found):
      problem = "mode"
      (self.expected, self.found) = (modeText(expected), modeText(found))
    case .foreign(let kind):
      problem = "foreign"
      (found, isFault) = ("\(kind.words) that pxebuild did not place", !allowsForeign)
    }
  }
}

extension Digest {
  /// "sha256 2cf24dba5fb0…, 5 bytes"
  var words: String { "sha256 \(short)…, \(countText(Int(size), "byte"))" }
}

private func modeText(_ mode: UInt32) -> String {
  let digits = String(mode, radix: 8)
  return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}

extension VerifyReport {
  /// - Parameter noun: What the targets of the place are called.
  init(_ result: TreeVerification, place: String, noun: String, allowsForeign: Bool) {
    self.init(
      place: place,
      findings: result.findings.map { Finding($0, allowsForeign: allowsForeign) },
      scope:
        "\(countText(result.fileCount, "file")) of \(countText(result.targetCount, noun))",
      bytesRead: result.bytesRead)
  }

  init(_ result: CacheVerification, place: String) {
    self.init(
      place: place,
      findings: result.faults.map {
        Finding(problem: "damaged", path: "\($0.kind.rawValue) \($0.name)")
      },
      scope:
        "\(countText(result.blobCount + result.faults.count { $0.kind == .blob }, "blob")) and "
        + countText(
          result.resultCount + result.faults.count { $0.kind == .result }, "result"),
      bytesRead: result.bytesRead)
  }
}
