import Menus

/// The recipes of one folder, read and checked: every name in them is known to mean something.
public struct RecipeSet: Sendable {
  /// The absolute path of the folder.
  public let folder: String
  /// The folder as a person wrote it, for messages.
  public let name: String
  public let site: Site
  /// In the order of the files.
  public let sources: [Source]
  /// In the order of the files.
  public let targets: [Target]
  /// In the order of the files.
  public let configs: [Config]
  /// Those that the program knows and those of the recipes.
  var knownBugs: [KnownBug] = []
  /// What is suspicious but no error.
  public internal(set) var warnings: [Diagnostic] = []
  /// What is suspicious in hand-written scripts but no error; of interest to who asks for a check.
  public internal(set) var scriptWarnings: [Diagnostic] = []
  /// Files beside the recipes that were read with them, absolute.
  public internal(set) var filesRead: [String] = []
  private let sourceIndex: [String: Int]
  private let targetIndex: [String: Int]

  init(
    folder: String, name: String, site: Site, sources: [Source], targets: [Target],
    configs: [Config]
  ) {
    self.folder = folder
    self.name = name
    self.site = site
    self.sources = sources
    self.targets = targets
    self.configs = configs
    sourceIndex = Dictionary(
      sources.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    targetIndex = Dictionary(
      targets.enumerated().map { ($1.path, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The source of a name.
  public func source(_ name: String) -> Source? { sourceIndex[name].map { sources[$0] } }

  /// The target of a path.
  public func target(_ path: String) -> Target? { targetIndex[path].map { targets[$0] } }

  /// True when a path is a target's; cheaper than asking for the target.
  func hasTarget(_ path: String) -> Bool { targetIndex[path] != nil }

  /// The path of the lock file that belongs to the folder.
  public var lockPath: String { "\(folder)/\(LockFile.fileName)" }

  /// Reads and checks all recipes (`*.yaml`, `*.yml`) of a folder, not of the folders in it.
  ///
  /// - Parameters:
  ///   - folder: A path, absolute or relative to the current folder.
  ///   - name: What messages call the folder; `folder` itself when left out.
  /// - Returns: The recipes, with every name in them known to mean something.
  /// - Throws: every error of all files, with the warnings.
  public static func load(folder: String, name: String? = nil) throws(RecipeErrors) -> RecipeSet {
    var loader = RecipeLoader(folder: folder, name: name ?? folder)
    return try loader.load()
  }
}
