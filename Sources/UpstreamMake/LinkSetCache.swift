import BuildEngine
import SystemPackage

/// What earlier builds taught about link sets, in `link-sets/` of the cache folder.
///
/// `NAME.txt` holds the sets by goal, in the form of shipped ones. `pins/KEY.txt` holds what was compiled the last
/// time for one source, configuration and folder: the next build asks for the same objects, so that its
/// objects action has the key of the one before. Both are `CheckedFile`s and may be deleted at any time.
struct LinkSetCache {
  let directory: FilePath

  init(cache: FilePath) { directory = cache.appending("link-sets") }

  /// The objects to compile.
  enum Choice: Equatable {
    case all
    case some(Set<String>)

    static func covering(_ wanted: Choice, pinned: Choice?) -> Choice {
      switch (wanted, pinned) {
      case (_, nil): wanted
      case (.all, _), (_, .all): .all
      case (.some(let names), .some(.some(let earlier))): .some(names.union(earlier))
      }
    }

    /// One name a line, the form of an action's input.
    var bytes: [UInt8]? {
      switch self {
      case .all: nil
      case .some(let names): Array(names.sorted().map { $0 + "\n" }.joined().utf8)
      }
    }
  }

  func learned(_ name: String) throws -> LinkSets {
    guard let bytes = try CheckedFile.read(file(name)) else { return LinkSets() }
    // A damaged hint is as good as none: the next build writes a new one.
    return (try? LinkSets(parsing: String(decoding: bytes, as: UTF8.self))) ?? LinkSets()
  }

  func learn(_ members: Set<String>, goal: String, name: String) throws {
    var sets = try learned(name)
    guard sets.objects[goal] != members else { return }
    sets.objects[goal] = members
    try FileSystem.createDirectories(directory)
    try CheckedFile.write(
      sets.text(comment: "learned by building; may be deleted").utf8, to: file(name))
  }

  func pinned(_ key: Digest) throws -> Choice? {
    guard let bytes = try CheckedFile.read(pin(key)) else { return nil }
    let names = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    return names == ["*"] ? .all : .some(Set(names))
  }

  func pin(_ choice: Choice, _ key: Digest) throws {
    guard try pinned(key) != choice else { return }
    try FileSystem.createDirectories(pin(key).removingLastComponent())
    try CheckedFile.write(choice.bytes ?? Array("*\n".utf8), to: pin(key))
  }

  private func file(_ name: String) -> FilePath { directory.appending("\(name).txt") }
  private func pin(_ key: Digest) -> FilePath {
    directory.appending("pins").appending("\(key.short).txt")
  }
}
