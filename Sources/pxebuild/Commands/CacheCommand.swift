import ArgumentParser
import BuildEngine

struct CacheCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache", abstract: "Look after the cache.",
    subcommands: [
      CacheStatusCommand.self, CacheCollectCommand.self, CacheVerifyCommand.self,
      CacheExportCommand.self, CacheImportCommand.self,
    ])
}

struct CacheStatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract:
      "Say how much the cache holds, by rule and by age, and how often builds found in it what they need."
  )

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let cache = try CacheDirectory(try site.cache)
    let text = CacheStatusText(
      path: cache.path.string, status: try CacheMaintenance(cache).status(),
      builds: try BuildHistory(in: cache).entries())
    let console = Console(terminal)
    if terminal.json {
      try console.printResult(text.json)
    } else {
      try console.printResults(text.lines)
    }
  }
}

struct CacheCollectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc", abstract: "Remove what was not used for a while, or what is too much.",
    discussion: """
      The least recently used results go first, then the files that only they needed. What the last build of a \
      standing tree used stays, and so does what a build that runs beside may need. Clones and downloads stay.
      """)

  @Option(help: "Remove results not used for so long: 30d, 12h; 30d when no limit is given.")
  var maxAge: AgeLimit?

  @Option(help: "Keep so much at most, as in 20G or 500M.")
  var maxSize: SizeLimit?

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let cache = try CacheDirectory(try site.cache)
    let age = maxAge ?? (maxSize == nil ? AgeLimit(seconds: 30 * 86_400) : nil)
    let collection = CacheCollection(
      cache, .init(maxAge: age?.seconds, maxBytes: maxSize?.bytes))
    let report = try await Interruption.cancelling { try await collection.run() }
    let console = Console(terminal)
    if terminal.json { return try console.printResult(Self.json(report)) }
    var lines = [
      "removed \(countText(report.removedResults, "result")) and "
        + "\(countText(report.removedBlobs, "blob")), \(sizeText(report.removedBytes)); "
        + "kept \(countText(report.keptResults, "result")), \(sizeText(report.keptBytes))"
    ]
    if let limit = maxSize?.bytes, report.keptBytes > limit {
      lines.append(
        report.runningBuilds > 0
          ? "that is more than \(sizeText(limit)): what running builds may need stays"
          : "that is more than \(sizeText(limit)): the trees that stand need \(sizeText(report.neededBytes))"
      )
    }
    try console.printResults(lines)
  }

  private static func json(_ report: CacheCollection.Report) -> JSON {
    .object([
      "removedBlobs": .integer(Int64(report.removedBlobs)),
      "removedBytes": .integer(report.removedBytes),
      "removedResults": .integer(Int64(report.removedResults)),
      "keptBytes": .integer(report.keptBytes), "keptResults": .integer(Int64(report.keptResults)),
      "neededBytes": .integer(report.neededBytes),
      "runningBuilds": .integer(Int64(report.runningBuilds)),
    ])
  }
}

struct CacheVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Read every blob and every result, and name those that are damaged.",
    discussion: "Safe beside running builds. Exits with 1 if anything was wrong.")

  @Flag(help: "Drop what is damaged; the next build that needs it makes it again.")
  var repair = false

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let cache = try CacheDirectory(try site.cache)
    let repair = repair
    let result = try await Interruption.cancelling {
      try await CacheMaintenance(cache).verify(dropsFaults: repair)
    }
    let console = Console(terminal)
    if terminal.json {
      try console.printResult(
        .object([
          "blobs": .integer(Int64(result.blobCount)),
          "results": .integer(Int64(result.resultCount)),
          "damaged": .array(
            result.faults.map {
              .object(["kind": .string($0.kind.rawValue), "sha256": .string($0.name)])
            }), "dropped": .bool(repair && !result.faults.isEmpty),
        ]))
    } else {
      try console.printResults(
        result.faults.map {
          "\(repair ? "dropped" : "damaged") \($0.kind.rawValue) \($0.name): its bytes were wrong"
        } + [
          "\(countText(result.blobCount, "blob")) and \(countText(result.resultCount, "result")) are right, "
            + "\(result.faults.count) \(result.faults.count == 1 ? "is" : "are") not"
        ])
      if !repair, !result.faults.isEmpty {
        console.printNotes(["pxebuild cache verify --repair drops what is damaged"])
      }
    }
    if !result.faults.isEmpty { throw ExitStatus.targetFailed.code }
  }
}
