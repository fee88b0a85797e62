import BuildEngine
import BuiltIns
import SystemPackage

/// The sources of a site, brought into the cache.
struct SiteSources: Sendable {
  let site: SiteOptions
  let isLocked: Bool
  let allowsPrebuilt: Bool
  let console: Console

  func fetch(_ targets: [String]?) async throws -> SourceReport {
    try await withSession { session in
      let plan = try await plan(targets)
      let items = try await console.display(planSize: plan.actions.count) {
        try await SourceSupply(plan: plan).run(session)
      }
      return SourceReport(items, plan, place: session.cache.path.string)
    }
  }

  /// Brings them into the cache and lays them down as plain files.
  func vendor(_ targets: [String]?, in folder: String) async throws -> SourceReport {
    try await withSession { session in
      let plan = try await plan(targets)
      // No clean-up may come between bringing them and laying them down.
      let lock = try await session.cache.lockForBuild()
      defer { lock.release() }
      var writer = try VendorWriter(absolute(folder), store: session.store)
      let supply = SourceSupply(plan: plan)
      let (items, vendoring, result) = try await console.display(planSize: plan.actions.count) {
        let items = try await supply.run(session)
        let vendoring = VendorPlan(plan, items.filter(\.isHere).map(\.id))
        return (items, vendoring, try await session.build(vendoring.plan) { _ in }.0)
      }
      try vendoring.lay(result, with: &writer)
      let report = SourceReport(items, plan, place: folder)
      // What is missing now may be here from before.
      if report.errors.isEmpty { try writer.finish() }
      return report
    }
  }

  private func plan(_ targets: [String]?) async throws -> Plan {
    let loader = SiteLoader(
      site: site, isLocked: isLocked, isOffline: false, allowsPrebuilt: allowsPrebuilt,
      note: { console.printNotes([$0]) })
    return try await loader.load(targets).plan(targets)
  }

  private func withSession<Result>(_ body: (BuildSession) async throws -> Result) async throws
    -> Result
  {
    let session = try BuildSession(
      cache: try CacheDirectory(try site.cache), builtIns: SiteBuild.builtIns,
      options: .init(jobs: 1, keepsGoing: true, isOffline: false, sandbox: .off),
      sink: { event in
        // The targets of its plans are sources, which are reported at the end.
        if case .targetFinished = event { return }
        console.receive(event)
      })
    defer { session.close() }
    return try await body(session)
  }
}

/// What `fetch` or `vendor` did.
struct SourceReport: Sendable {
  let items: [SourceSupply.Item]
  /// Where they are now.
  let place: String
  /// False when every target can do without what is missing.
  let needsWhatIsMissing: Bool

  init(_ items: [SourceSupply.Item], _ plan: Plan, place: String) {
    self.items = items
    self.place = place
    let missing = Set(items.filter(\.isMissing).map(\.id))
    needsWhatIsMissing = !plan.targetsFailing(without: missing).isEmpty
  }

  /// What ends the command badly, in order.
  var errors: [BuildError] {
    items.compactMap { item in
      guard case .missing(let error) = item.state else { return nil }
      return error.kind != .unreachable || needsWhatIsMissing ? error : nil
    }
  }

  /// Prints it, and ends the command when something is missing.
  func show(_ terminal: TerminalOptions, _ console: Console) throws {
    if terminal.json {
      try console.printResult(json(at: console.seconds))
    } else {
      try console.printResults(lines(console.outputStyle, isVerbose: terminal.verbose))
    }
    for error in errors { console.show(error) }
    if let first = errors.first { throw ExitStatus(first.kind).code }
  }

  func lines(_ style: Style, isVerbose: Bool) -> [String] {
    let width = min(items.map { $0.name.printable().columns }.max() ?? 0, 40)
    var lines: [String] = []
    for item in items {
      let (word, paint) = item.word
      if case .cached = item.state, !isVerbose { continue }
      var text = item.words
      if case .missing(let error) = item.state { text = "because \(error.message)" }
      lines.append(
        "  " + style(paint, word.padded(toColumns: 7)) + "  "
          + item.name.printable().padded(toColumns: width) + "  " + text.printable())
    }
    var counts: [String] = []
    for word in ["fetched", "cached", "missing"] {
      let count = items.count { $0.word.0 == word }
      if count > 0 { counts.append("\(count) \(word)") }
    }
    let label = errors.isEmpty ? style(.green, "done:") : style(.boldRed, "failed:")
    return lines + [
      "\(label) \(countText(items.count, "source")) in \(place.printable())"
        + (counts.isEmpty ? "" : ": \(counts.joined(separator: ", "))")
    ]
  }

  func json(at time: Double) -> JSON {
    .object([
      "event": .string("sources"), "time": .seconds(time), "place": .string(place),
      "complete": .bool(errors.isEmpty),
      "sources": .array(
        items.map { item in
          var error: BuildError?
          if case .missing(let failure) = item.state { error = failure }
          return .object([
            "name": .string(item.name), "source": .string(item.words),
            "origin": .string(item.origin), "state": .string(item.word.0), "error": error?.json,
          ])
        }),
    ])
  }
}

extension SourceSupply.Item {
  fileprivate var word: (String, Style.Paint) {
    switch state {
    case .fetched: ("fetched", .green)
    case .cached: ("cached", .dim)
    case .missing: ("missing", .boldRed)
    }
  }
}
