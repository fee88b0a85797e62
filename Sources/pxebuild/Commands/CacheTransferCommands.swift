import ArgumentParser
import BuildEngine
import Glibc
import SystemPackage

struct CacheExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write what builds of some targets find in the cache, as a tar file.",
    discussion:
      "For another machine with the same tools: pxebuild cache export > file.tar, pxebuild cache import file.tar."
  )

  @Argument(help: "The targets; all of them when left out.")
  var targets: [String] = []

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let console = Console(terminal)
    guard isatty(1) == 0 else {
      throw BuildError(
        .cannotWrite, "a tar file is nothing for a terminal",
        advice: "write it to a file: pxebuild cache export > file.tar")
    }
    let cache = try CacheDirectory(try site.cache)
    let session = try BuildSession(
      cache: cache, builtIns: SiteBuild.builtIns,
      options: .init(jobs: 1, keepsGoing: false, isOffline: true, sandbox: .off), sink: { _ in })
    defer { session.close() }
    let loader = SiteLoader.looking(at: site, console)
    let wanted = targets.isEmpty ? nil : targets
    let plan = try await loader.load(wanted).plan(wanted)
    let report = try await Interruption.cancelling {
      try await CacheTransfer(cache: cache).export(plan, session, to: .standardOutput)
    }
    console.printNotes([
      "exported \(countText(report.resultCount, "result")), \(sizeText(report.bytes))"
    ])
  }
}

struct CacheImportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Take the results of a file that cache export has written.",
    discussion:
      "Their bytes are verified, but whoever wrote the file decides what they are: take it from people you trust."
  )

  @Argument(help: "The file.")
  var file: String

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let cache = try CacheDirectory(try site.cache)
    let path = try absolute(file)
    guard try FileIdentity.of(path, followingLinks: true) != nil else {
      throw BuildError(.failed, "there is no file \(path.printable)")
    }
    let report = try await Interruption.cancelling {
      try await CacheTransfer(cache: cache).take(path)
    }
    let console = Console(terminal)
    if terminal.json {
      return try console.printResult(
        .object(["results": .integer(Int64(report.resultCount)), "bytes": .integer(report.bytes)]))
    }
    try console.printResults([
      "imported \(countText(report.resultCount, "result")), \(sizeText(report.bytes))"
    ])
  }
}
