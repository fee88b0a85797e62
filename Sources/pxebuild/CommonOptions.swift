import ArgumentParser
import BuildEngine
import BuiltIns
import Glibc
import Recipes
import SystemPackage

extension Sandbox.Mode: ExpressibleByArgument {}

extension RecordPlace: ExpressibleByArgument {}

/// Which site, and where its things are.
struct SiteOptions: ParsableArguments, Sendable {
  @Option(name: .customLong("recipes"), help: "The folder with the recipes.")
  var recipeFolder = "recipes"

  @Option(
    name: .customLong("output"), help: "The output tree; site.output of the recipes when left out.")
  var outputFolder: String?

  @Option(
    name: .customLong("config-output"),
    help: ArgumentHelp(
      "The folder for configs; site.configs of the recipes, or the output folder's name with -conf added, when left out."
    ))
  var configFolder: String?

  @Option(
    name: .customLong("cache"),
    help:
      "The cache; $PXEBUILD_CACHE, or the folder cache beside the recipes, when left out.")
  var cacheFolder: String?

  /// The recipe folder as an absolute path.
  var recipes: FilePath { get throws { try absolute(recipeFolder) } }

  /// The cache folder as an absolute path.
  var cache: FilePath {
    get throws {
      if let cacheFolder { return try absolute(cacheFolder) }
      if let value = getenv("PXEBUILD_CACHE"), value.pointee != 0 {
        return try absolute(String(cString: value))
      }
      return try recipes.removingLastComponent().appending("cache")
    }
  }

  /// The output folder as an absolute path, from the option or else from the recipes.
  func output(or fromRecipes: String?) throws -> FilePath {
    if let outputFolder { return try absolute(outputFolder) }
    if let fromRecipes { return try absolute(fromRecipes) }
    throw BuildError(
      .recipe, "the recipes do not say where the output tree goes",
      advice: "add output: /var/lib/tftpboot to site:, or give --output DIR")
  }
}

/// A path given on the command line, made absolute and free of "." and "..".
func absolute(_ path: String) throws -> FilePath {
  let given = FilePath(path)
  if given.isAbsolute { return given.lexicallyNormalized() }
  guard let current = getcwd(nil, 0) else {
    throw BuildError(errno: errno, doing: "find the current folder for", path: given)
  }
  defer { free(current) }
  return FilePath(String(cString: current)).pushing(given).lexicallyNormalized()
}

/// How to build.
struct BuildOptions: ParsableArguments, Sendable {
  @Option(
    name: [.customShort("j", allowingJoined: true), .long], help: "How many programs run at a time."
  )
  var jobs = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))

  @Flag(name: [.short, .long], help: "Build what can be built when something fails.")
  var keepGoing = false

  @Flag(name: [.customShort("n"), .long], help: "Show what would be done and do nothing.")
  var dryRun = false

  @Flag(help: "Take nothing that the lock file does not pin, and never write it.")
  var locked = false

  @Flag(help: "Fetch nothing: use what the cache has.")
  var offline = false

  @Option(
    name: .customLong("vendor"),
    help: "Take sources from this folder, which pxebuild vendor has filled, and fetch nothing.")
  var vendorFolder: String?

  @Flag(help: "Let Debian's own binaries stand in for sources that cannot be reached.")
  var allowPrebuilt = false

  @Option(
    help:
      "Where checksums, manifest, provenance and bill of materials go: in-tree, beside or none; site.records of the recipes when left out."
  )
  var records: RecordPlace?

  @Option(
    name: .customLong("junit"), help: "Write a JUnit report of the targets to this file.")
  var reportFile: String?

  @Option(help: "Run programs in bubblewrap: auto, on or off.")
  var sandbox = Sandbox.Mode.auto

  func validate() throws {
    guard (1...4096).contains(jobs) else { throw ValidationError("--jobs is from 1 to 4096") }
  }

  var session: BuildSession.Options {
    get throws {
      .init(
        jobs: jobs, keepsGoing: keepGoing, isOffline: isOffline, vendor: try vendor,
        sandbox: sandbox)
    }
  }

  /// True when nothing may be fetched.
  var isOffline: Bool { offline || vendorFolder != nil }

  /// The folder of sources as an absolute path. Throws when it is none.
  var vendor: FilePath? {
    get throws { try vendorFolder.map { try VendorFolder(absolute($0)).path } }
  }
}
