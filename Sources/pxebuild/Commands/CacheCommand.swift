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
    commandName: "verify", abstract: "Read every blob and drop those whose bytes are wrong.",
    discussion:
      "What was dropped is made again by the next build. Exits with 1 if anything was wrong.")

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let cache = try CacheDirectory(try site.cache)
    let result = try CacheMaintenance(cache).verify()
    let console = Console(terminal)
    if terminal.json {
      try console.printResult(
        .object([
          "verified": .integer(Int64(result.verifiedCount)),
          "dropped": .array(result.dropped.map { .string($0) }),
        ]))
    } else {
      try console.printResults(
        result.dropped.map { "dropped \($0): its bytes were wrong" }
          + ["\(result.verifiedCount) blobs are right, \(result.dropped.count) were not"])
    }
    if !result.dropped.isEmpty { throw ExitStatus.targetFailed.code }
  }
}
