/// What only the build can know of the things that a menu names.
public struct BuildFindings: Sendable {
  /// The paths of targets that are not in the tree, because a source could not be reached.
  public var missing: Set<String>
  /// By the names that `LinuxBoot.image` uses.
  public var facts: [String: ImageFacts]
  /// The names in folders, by the names that `BootFile.folder` uses.
  public var folders: [String: Set<String>]
  /// How files are spelled whose case did not matter, by the names that `BootFile.anyCase` uses.
  public var spellings: [String: String] = [:]

  public init(
    missing: Set<String> = [], facts: [String: ImageFacts] = [:],
    folders: [String: Set<String>] = [:]
  ) {
    self.missing = missing
    self.facts = facts
    self.folders = folders
  }

  /// The URL of a file: the first choice that its folder has.
  func url(of file: BootFile, for item: String) throws(MenuError) -> String {
    if let key = file.anyCase, let choice = file.choices.first, let spelling = spellings[key] {
      // Letters, digits and a few marks: a URL has them as they are.
      return choice.url.dropLast(choice.name.count) + spelling
    }
    guard let folder = file.folder, let names = folders[folder] else {
      return file.choices.first?.url ?? ""
    }
    guard let found = file.choices.first(where: { names.contains($0.name) }) else {
      throw MenuError(
        item: item, wanted: file.choices.map(\.name), folder: folder, found: names.sorted())
    }
    return found.url
  }
}

/// An image that has none of the files that an item needs.
public struct MenuError: Error, Sendable, Hashable {
  /// The item's title.
  public var item: String
  /// The names that would do.
  public var wanted: [String]
  /// The folder's path in the tree.
  public var folder: String
  /// What the folder has.
  public var found: [String]
}
