import BuildEngine
import Recipes

/// What `-n` says: which actions would run, and what would change in the tree.
struct DryRun: Sendable {
  let forecast: Forecast
  /// Of the targets whose content is known.
  let changes: TreeChanges
  let output: String
  /// Files that lack a signature.
  var unsigned: [String] = []
  /// Nil when the build is not about configs.
  var configs: Configs?

  /// What would change in the folder for configs.
  struct Configs: Sendable {
    let folder: String
    let changes: TreeChanges
  }
}

extension DryRun {
  /// - Parameters:
  ///   - targets: Those that were asked for; nil for all, which also removes what is stale.
  ///   - records: Paths of records in the tree, which are written last.
  init(
    _ forecast: Forecast, targets: [String]?, tree: OutputTree, output: String,
    configs: Configs?, records: Set<String>, _ signing: SiteSigning?, _ session: BuildSession
  ) async throws {
    var wanted = forecast.targets.compactMap { TreeTarget($0) }
    var keeping = Set(forecast.targets.map(\.planned.path)).union(records)
    if let signing {
      let others = keeping.subtracting(wanted.map(\.path))
      let signed = try await signing.sign(
        wanted, keeping: others, in: tree, session, isPreview: true)
      (wanted, unsigned) = (signed.targets, signed.unsigned)
      // An old signature is replaced rather than removed.
      keeping.formUnion(unsigned.map(Site.Signing.signature))
    }
    if targets != nil { keeping.formUnion(try tree.manifest().targets.map(\.path)) }
    self.forecast = forecast
    self.output = output
    self.configs = configs
    changes = try tree.preview(
      of: wanted, keeping: keeping.subtracting(wanted.map(\.path)), store: session.store,
      digests: session.digests)
  }

  /// Targets that an action has to make first.
  private var later: [String] {
    forecast.targets.filter { $0.artifact == nil }.map(\.planned.path)
  }

  /// The targets with files to place, with how many of theirs.
  private var placed: [(target: String, count: Int)] {
    let known = Set(forecast.targets.map(\.planned.path))
    var counts: [String: Int] = [:]
    for path in changes.placed { counts[owner(of: path, known), default: 0] += 1 }
    return forecast.targets.compactMap { target in
      counts[target.planned.path].map { (target.planned.path, $0) }
    }
  }

  private func owner(of path: String, _ targets: Set<String>) -> String {
    var folder = path[...]
    while !targets.contains(String(folder)), let slash = folder.lastIndex(of: "/") {
      folder = folder[..<slash]
    }
    return String(folder)
  }

  /// For people.
  var lines: [String] {
    let runs: [String] = forecast.steps.compactMap { step in
      switch step.state {
      case .cached: nil
      case .wouldRun: "would run  \(step.name.printable)"
      case .alwaysRuns: "would ask  \(step.name.printable)"
      case .unknown(let names):
        "would see  \(step.name.printable)  (after \(names.joined(separator: ", ").printable))"
      }
    }
    let files = placed.map { target, count in
      "would place  \(target.printable)" + (count > 1 ? "  (\(count) files)" : "")
    }
    let waiting = later.map { "would place  \($0.printable)  (once it is made)" }
    let signing = unsigned.map { "would sign  \($0.printable)  (with --sign KEY)" }
    let stale = changes.removed.map { "would remove  \($0.printable)" }
    let inTree = files + waiting + signing + stale + (configs?.lines ?? [])
    return (runs.isEmpty ? ["nothing would run: everything is in the cache"] : runs)
      + (inTree.isEmpty ? ["nothing would change in \(output.printable)"] : inTree)
  }

  /// The event `forecast` of docs/json.md.
  func json(at seconds: Double) -> JSON {
    .object([
      "event": .string("forecast"), "time": .seconds(seconds), "output": .string(output),
      "actions": .array(
        forecast.steps.map { step in
          .object([
            "action": .integer(Int64(step.id.index)), "name": .string(step.name),
            "state": .string(step.state.word),
            "waitingFor": step.state.waitingFor.map { .array($0.map(JSON.string)) },
            "key": step.key.map { .string($0.digest.hex) },
          ])
        }),
      "place": .array(changes.placed.map(JSON.string)),
      "placeLater": .array(later.map(JSON.string)),
      "sign": unsigned.isEmpty ? nil : .array(unsigned.map(JSON.string)),
      "remove": .array(changes.removed.map(JSON.string)), "configs": configs?.json,
    ])
  }
}

extension DryRun.Configs {
  fileprivate var lines: [String] {
    changes.placed.map { "would write  \($0.printable) in \(folder.printable)" }
      + changes.removed.map { "would remove  \($0.printable) from \(folder.printable)" }
  }

  fileprivate var json: JSON? {
    if changes.isEmpty, changes.unchangedCount == 0 { return nil }
    return .object([
      "output": .string(folder), "place": .array(changes.placed.map(JSON.string)),
      "remove": .array(changes.removed.map(JSON.string)),
    ])
  }
}
