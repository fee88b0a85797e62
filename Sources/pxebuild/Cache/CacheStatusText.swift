import BuildEngine

/// What `cache status` prints.
struct CacheStatusText: Sendable {
  let path: String
  let status: CacheStatus
  /// Of the last builds, the oldest first.
  let builds: [BuildHistory.Entry]

  var lines: [String] {
    var lines = [
      "cache    \(path.printable())",
      "blobs    \(status.blobCount), \(sizeText(status.blobBytes))",
      "results  \(status.resultCount)",
      "sources  \(sizeText(status.otherBytes)) (git clones, downloads, logs)",
    ]
    let width = status.rules.map { $0.name.printable().columns }.max() ?? 0
    for (index, rule) in status.rules.enumerated() {
      lines.append(
        (index == 0 ? "by rule  " : "         ") + rule.name.printable().padded(toColumns: width)
          + "  " + sizeText(rule.bytes).rightAligned(toColumns: 9) + "  "
          + countText(rule.resultCount, "result"))
    }
    lines.append(
      "by age   "
        + status.ages.map { "\(Self.words($0)): \(sizeText($0.bytes))" }.joined(separator: ", ")
        + ", of no result: \(sizeText(status.looseBytes))")
    if let hits = Self.hits(builds) { lines.append("hits     \(hits)") }
    return lines
  }

  private static func words(_ age: CacheStatus.Age) -> String {
    age.limit.map { $0 == 1 ? "today" : "within \($0) days" } ?? "older"
  }

  /// "93 % of 240 actions in the last 12 builds; the last: 100 % of 20"
  private static func hits(_ builds: [BuildHistory.Entry]) -> String? {
    let counted = builds.filter { $0.cached + $0.executed > 0 }
    guard let last = counted.last else { return nil }
    func percent(_ builds: [BuildHistory.Entry]) -> String {
      let cached = builds.reduce(0) { $0 + $1.cached }
      let all = builds.reduce(cached) { $0 + $1.executed }
      return "\(cached * 100 / all) % of \(countText(all, "action"))"
    }
    if counted.count == 1 { return "\(percent(counted)) in the last build" }
    return
      "\(percent(counted)) in the last \(counted.count) builds; the last one: \(percent([last]))"
  }

  var json: JSON {
    .object([
      "path": .string(path), "blobs": .integer(Int64(status.blobCount)),
      "bytes": .integer(status.blobBytes), "results": .integer(Int64(status.resultCount)),
      "otherBytes": .integer(status.otherBytes), "looseBytes": .integer(status.looseBytes),
      "rules": .array(
        status.rules.map {
          .object([
            "rule": .string($0.name), "results": .integer(Int64($0.resultCount)),
            "bytes": .integer($0.bytes),
          ])
        }),
      "ages": .array(
        status.ages.map {
          .object([
            "days": $0.limit.map { .integer(Int64($0)) } ?? .null, "bytes": .integer($0.bytes),
          ])
        }),
      "builds": .array(
        builds.map {
          .object([
            "time": .integer($0.time), "executed": .integer(Int64($0.executed)),
            "cached": .integer(Int64($0.cached)), "output": .string($0.site),
          ])
        }),
    ])
  }
}
