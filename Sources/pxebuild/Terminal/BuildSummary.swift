import BuildEngine

/// What a build came to, as the last thing it prints.
struct BuildSummary: Sendable {
  var outcomes: [TargetOutcome]
  /// How many targets there are when their outcomes are not listed, because nothing has changed.
  var targetCount: Int?
  /// Sizes of the targets that are folders, in bytes, by path; a file's size is in its digest.
  var folderSizes: [String: Int64] = [:]
  /// The output tree, as the person named it.
  var output: String
  /// How many files, folders and links of the tree were put in place, and how many were taken away.
  var placed: Int
  var removed: Int
  /// The folder for configs; nil when the build was not about configs, or there are none.
  var configs: ConfigSummary?
  var wasInterrupted = false
  /// Filled in by the console.
  var executed = 0
  var cached = 0
  /// Seconds since the build began.
  var seconds = 0.0

  /// A longer list is cut unless all is asked for; what went wrong is always named.
  static let longestList = 40

  var hasFailed: Bool {
    outcomes.contains {
      if case .failed(let error) = $0.state { error.kind != .cancelled } else { false }
    }
  }

  /// True when the tree already was what the recipes describe.
  var isUpToDate: Bool {
    guard placed == 0, removed == 0, !wasInterrupted else { return false }
    if let configs, configs.placed + configs.removed > 0 { return false }
    return outcomes.allSatisfy {
      switch $0.state {
      case .built, .prebuilt, .skipped: true
      case .failed, .notReached: false
      }
    }
  }

  /// The lines, without line ends.
  func lines(_ style: Style, isVerbose: Bool) -> [String] {
    if isUpToDate && !isVerbose { return [conclusion(style)] }
    let paths = outcomes.map(\.path) + (configs?.lines ?? []).map(\.path)
    let widest = min(paths.map { $0.printable().columns }.max() ?? 0, 40)
    var lines: [String] = []
    var left = isVerbose ? Int.max : Self.longestList
    var uncounted = 0
    for outcome in outcomes {
      if case .built = outcome.state {
        left -= 1
        if left < 0 {
          uncounted += 1
          continue
        }
      }
      lines += row(outcome, pathWidth: widest, style)
    }
    if uncounted > 0 { lines.append(style(.dim, "  and \(uncounted) more that were built")) }
    lines += (configs?.lines ?? []).map { $0.row(pathWidth: widest, style) }
    return lines + [conclusion(style)]
  }

  private func word(_ outcome: TargetOutcome) -> (String, Style.Paint) {
    switch outcome.state {
    case .built where outcome.isCompiled: ("compiled", .green)
    case .built: (outcome.rule == "fetch" ? "fetched" : "built", .green)
    case .prebuilt: ("prebuilt", .yellow)
    case .skipped: ("skipped", .yellow)
    case .failed(let error) where error.kind == .cancelled: ("stopped", .dim)
    case .failed: ("failed", .boldRed)
    case .notReached: ("not tried", .dim)
    }
  }

  private func row(_ outcome: TargetOutcome, pathWidth: Int, _ style: Style) -> [String] {
    let (word, paint) = word(outcome)
    let path = outcome.path.printable().padded(toColumns: pathWidth)
    let size = size(of: outcome).map(sizeText) ?? ""
    var line = "  " + style(paint, word.padded(toColumns: 9)) + "  " + path
    line += "  " + size.rightAligned(toColumns: 9)
    var more: [String] = []
    switch outcome.state {
    case .prebuilt(_, let version, let because, let limitation):
      line += "  \(version.oneLine), because \(because.oneLine)"
      if let limitation {
        more.append(String(repeating: " ", count: 13) + "limitation: \(limitation.oneLine)")
      }
    case .skipped(let because):
      line = "  " + style(paint, word.padded(toColumns: 9)) + "  " + path
      line += "  because \(because.oneLine)"
    case .built, .failed, .notReached: break
    }
    while line.last == " " { line.removeLast() }
    return [line] + more
  }

  private func size(of outcome: TargetOutcome) -> Int64? {
    switch outcome.state {
    case .built(let artifact), .prebuilt(let artifact, _, _, _):
      switch artifact {
      case .file(let digest, _): digest.size
      case .directory: folderSizes[outcome.path]
      case .symlink: nil
      }
    case .skipped, .failed, .notReached: nil
    }
  }

  /// The last line: what it all came to.
  private func conclusion(_ style: Style) -> String {
    let counts = self.counts
    let targets = countText(targetCount ?? outcomes.count, "target")
    var facts: [String] = []
    if executed + cached > 0 {
      facts.append(
        countText(executed + cached, "action") + (cached > 0 ? ", \(cached) from cache" : ""))
    }
    facts.append(seconds < 1 ? "\(Int((seconds * 1000).rounded())) ms" : durationText(seconds))
    let written = configs.map { "; \($0.text)" } ?? ""
    let tail = (wasInterrupted || hasFailed ? "" : written) + "; " + facts.joined(separator: ", ")
    if wasInterrupted {
      let what =
        outcomes.isEmpty
        ? "\(output.printable()) is as it was" : "\(counts.done) of \(targets) done"
      return style(.yellow, "interrupted:") + " \(what)" + tail
    }
    if isUpToDate {
      let notBuilt = counts.inWords.filter { !$0.isPlain }.map(\.text).joined(separator: ", ")
      let what =
        outcomes.isEmpty && targetCount == nil
        ? output.printable() : "\(targets) in \(output.printable())"
      return style(.green, "up to date:") + " \(what)"
        + (notBuilt.isEmpty ? "" : " (\(notBuilt))") + tail
    }
    let label = hasFailed ? style(.boldRed, "failed:") : style(.green, "done:")
    let words = counts.inWords.map(\.text).joined(separator: ", ")
    let untouched = hasFailed && placed == 0 && removed == 0 ? "; the tree is as it was" : ""
    return "\(label) \(targets) in \(output.printable()): \(words)" + untouched + tail
  }

  private var counts: (done: Int, inWords: [(text: String, isPlain: Bool)]) {
    var byWord: [String: Int] = [:]
    for outcome in outcomes { byWord[word(outcome).0, default: 0] += 1 }
    let plain = ["compiled", "fetched", "built"]
    let order = plain + ["prebuilt", "skipped", "failed", "stopped", "not tried"]
    let inWords = order.compactMap { word in
      byWord[word].map { (text: "\($0) \(word)", isPlain: plain.contains(word)) }
    }
    let done = (plain + ["prebuilt"]).reduce(0) { $0 + byWord[$1, default: 0] }
    return (done, inWords)
  }

  /// The object that ends the output of `--json`.
  func json(at time: Double) -> JSON {
    .object([
      "event": .string("summary"), "time": .seconds(time),
      "result": .string(
        wasInterrupted
          ? "interrupted" : hasFailed ? "failed" : isUpToDate ? "up-to-date" : "built"),
      "output": .string(output), "placed": .integer(Int64(placed)),
      "removed": .integer(Int64(removed)), "executed": .integer(Int64(executed)),
      "cached": .integer(Int64(cached)), "seconds": .seconds(seconds),
      "targets": .array(outcomes.map(\.json)), "configs": configs?.json,
    ])
  }
}

extension String {
  /// A reason may have several lines; here it gets one.
  fileprivate var oneLine: String {
    split(separator: "\n").joined(separator: "; ").printable()
  }
}
