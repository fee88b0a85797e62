import ArgumentParser
import BuildEngine

struct CacheCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache", abstract: "Look after the cache.",
    subcommands: [CacheStatusCommand.self, CacheCollectCommand.self, CacheVerifyCommand.self])
}

struct CacheStatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Say how much the cache holds.")

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let cache = try CacheDirectory(try site.cache)
    let status = try CacheMaintenance(cache).status()
    let console = Console(terminal)
    if terminal.json {
      try console.printResult(
        .object([
          "path": .string(cache.path.string), "blobs": .integer(Int64(status.blobCount)),
          "bytes": .integer(status.blobBytes), "results": .integer(Int64(status.resultCount)),
          "otherBytes": .integer(status.otherBytes),
        ]))
    } else {
      try console.printResults([
        "cache    \(cache.path.printable)",
        "blobs    \(status.blobCount), \(sizeText(status.blobBytes))",
        "results  \(status.resultCount)",
        "sources  \(sizeText(status.otherBytes)) (git clones, downloads, logs)",
      ])
    }
  }
}

struct CacheCollectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc", abstract: "Remove what has not been used for a while.",
    discussion: "Waits for nothing: it refuses to run beside a build.")

  @Option(help: "Keep results used within so many days.")
  var maxAge = 30

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func validate() throws {
    guard maxAge >= 0 else { throw ValidationError("--max-age is a number of days, 0 or more") }
  }

  func run() async throws {
    let cache = try CacheDirectory(try site.cache)
    let removed = try CacheMaintenance(cache).collect(unusedForDays: maxAge)
    let console = Console(terminal)
    if terminal.json {
      try console.printResult(
        .object([
          "removedBlobs": .integer(Int64(removed.blobCount)),
          "removedBytes": .integer(removed.blobBytes),
          "removedResults": .integer(Int64(removed.resultCount)),
        ]))
    } else {
      try console.printResults([
        "removed \(removed.resultCount) results and \(removed.blobCount) blobs, "
          + sizeText(removed.blobBytes)
      ])
    }
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
