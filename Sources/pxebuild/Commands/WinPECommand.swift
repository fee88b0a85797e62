import ArgumentParser
import BuildEngine
import BuiltIns
import Glibc
import Recipes
import SystemPackage

struct WinPECommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "winpe", abstract: "Look into a Windows PE that was built.",
    subcommands: [WinPEListCommand.self, WinPEShowCommand.self])
}

struct WinPEListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Print an image's architecture, version, languages, drivers and what it starts.",
    discussion: "What net use is given as a password is shown as ***.")

  @Argument(help: "The target, by its path in the output tree.")
  var target: String

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    let console = Console(terminal)
    let report = try BuiltImage(target, of: site).report()
    if terminal.json {
      try console.printResult(report.json)
    } else {
      try console.printResults(report.lines)
    }
  }
}

struct WinPEShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Print a file out of an image, as it is.")

  @Argument(help: "The target, by its path in the output tree.")
  var target: String

  @Argument(help: "The file's path in the image: Windows/System32/startnet.cmd.")
  var path: String

  @OptionGroup var site: SiteOptions
  @OptionGroup var terminal: TerminalOptions

  func run() async throws {
    try Console(terminal).printBytes(try BuiltImage(target, of: site).bytes(of: path))
  }
}

/// The image of a target in the output tree.
struct BuiltImage {
  /// What messages call it.
  private let name: String
  private let path: FilePath

  /// - Throws: when there is no such target, or no image of it yet.
  init(_ target: String, of site: SiteOptions) throws {
    let recipes = try RecipeSet.load(folder: try site.recipes.string, name: site.recipeFolder)
    guard recipes.target(target) != nil else {
      throw BuildError(
        .recipe, "there is no target \(target.printable)",
        reason: "the images are those of the rule winpe, and targets that are a .wim",
        advice: "pxebuild plan lists all targets")
    }
    let output = try site.output(or: recipes.site.output)
    let candidates =
      target.lowercased().hasSuffix(".wim") ? [target] : ["\(target)/sources/boot.wim"]
    let found = try candidates.first { name in
      try FileIdentity.of(output.pushing(FilePath(name)), followingLinks: true)?.kind == .regular
    }
    guard let found else {
      throw BuildError(
        .failed, "there is no image of \(target.printable) in \(output.printable)",
        reason: "looked for \(candidates.joined(separator: ", ").printable)",
        advice: "build it first: pxebuild build \(target.printable)")
    }
    name = found
    path = output.pushing(FilePath(found))
  }

  func report() throws -> WinPEReport {
    try withScratch { try WinPEReport(of: path, name: name, scratch: $0) }
  }

  func bytes(of inner: String) throws -> [UInt8] {
    try withScratch { try WinPEReport.bytes(of: inner, in: path, name: name, scratch: $0) }
  }

  /// wimlib writes files, it hands out no bytes.
  private func withScratch<Result>(_ body: (FilePath) throws -> Result) throws -> Result {
    var template = Array("/tmp/pxebuild-winpe-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw BuildError(errno: errno, doing: "create a folder in", path: "/tmp")
    }
    let folder = FilePath(platformString: template)
    defer { try? FileSystem.remove(folder) }  // what was asked for has been read
    return try body(folder)
  }
}

extension WinPEReport {
  /// For people.
  var lines: [String] {
    func row(_ name: String, _ value: String) -> String {
      name + String(repeating: " ", count: 14 - name.count)
        + (value.isEmpty ? "unknown" : value.printable)
    }
    var lines = [
      row("image", name), row("architecture", architecture), row("version", version),
      row("languages", languages.joined(separator: ", ")),
      "drivers       \(drivers.isEmpty ? "none" : String(drivers.count))",
    ]
    for driver in drivers {
      let facts =
        driver.problem.map { "cannot be read: \($0)" }
        ?? [
          driver.driverClass, driver.provider, driver.version,
          driver.signature == .none ? "not signed" : driver.signature.rawValue,
        ].filter { !$0.isEmpty }.joined(separator: ", ")
      lines.append("  \(driver.path.printable)  \(facts.printable)")
    }
    lines.append(row("starts", start?.path ?? "nothing of its own"))
    for line in (start?.text ?? "").split(
      omittingEmptySubsequences: true, whereSeparator: \.isNewline)
    {
      lines.append("  | \(String(line).printable)")
    }
    return lines
  }

  /// For scripts (docs/json.md).
  var json: JSON {
    .object([
      "image": .string(name), "architecture": .string(architecture), "version": .string(version),
      "languages": .array(languages.map { .string($0) }),
      "drivers": .array(
        drivers.map { driver in
          .object([
            "path": .string(driver.path), "class": .string(driver.driverClass),
            "provider": .string(driver.provider), "version": .string(driver.version),
            "signature": .string(driver.signature.rawValue),
            "problem": driver.problem.map { .string($0) } ?? .null,
          ])
        }),
      "start": .object([
        "path": start.map { .string($0.path) } ?? .null,
        "text": start.map { .string($0.text) } ?? .null,
      ]),
    ])
  }
}
