import BuildEngine
import CArchive
import Glibc

/// One member of an archive, as its header tells; nothing of it is trusted yet.
struct Member {
  enum Kind: Equatable {
    case file
    case directory
    case symlink(target: String)
    /// The same file as another member, named as in the archive.
    case hardLink(to: MemberPath)
    /// "a device", "a pipe": refused when it is asked for.
    case special(String)
  }

  /// As written in the archive.
  let name: String
  /// Nil when the name is absolute or leads out of the archive; `refusal` says which.
  let path: MemberPath?
  let kind: Kind
  let isExecutable: Bool

  init(_ entry: OpaquePointer, archiveName: String) throws {
    guard let bytes = archive_entry_pathname(entry), let name = String(validatingCString: bytes)
    else {
      throw BuildError(
        .failed, "cannot read the archive \(archiveName)",
        reason: "the name of one of its members is not UTF-8",
        advice: "pack it again with names in UTF-8")
    }
    self.name = name
    path = try? MemberPath(name, archiveName: archiveName)  // thrown again if it is asked for
    isExecutable = archive_entry_perm(entry) & 0o111 != 0
    if let target = archive_entry_hardlink(entry) {
      kind = .hardLink(to: try MemberPath(String(cString: target), archiveName: archiveName))
      return
    }
    // The AE_IF… macros are casts that Swift does not import; they are the system's S_IF… values.
    switch archive_entry_filetype(entry) & S_IFMT {
    case S_IFREG: kind = .file
    case S_IFDIR: kind = .directory
    case S_IFLNK:
      kind = .symlink(target: archive_entry_symlink(entry).map { String(cString: $0) } ?? "")
    case S_IFCHR, S_IFBLK: kind = .special("a device")
    case S_IFIFO: kind = .special("a pipe")
    case S_IFSOCK: kind = .special("a socket")
    default: kind = .special("of an unknown kind")
    }
  }
}

/// A member's path that stays inside the archive: no empty, "." or ".." components.
package struct MemberPath: Hashable, Comparable, CustomStringConvertible {
  package let components: [String]

  package init(components: [String]) { self.components = components }

  /// - Throws: `BuildError` for an absolute path and for one that leaves the archive.
  package init(_ name: String, archiveName: String) throws {
    if name.hasPrefix("/") {
      throw Self.refusal(name, "is absolute", archiveName)
    }
    let parts = name.split(separator: "/").filter { $0 != "." }
    if parts.contains("..") { throw Self.refusal(name, "leads out of it", archiveName) }
    components = parts.map(String.init)
  }

  private static func refusal(_ name: String, _ why: String, _ archiveName: String) -> BuildError {
    BuildError(
      .failed, "refused to unpack \(archiveName)",
      reason: "the path of its member '\(name)' \(why)",
      advice: "an honest archive has no such member; do not trust where this one came from")
  }

  package var description: String { components.joined(separator: "/") }

  package static func < (left: MemberPath, right: MemberPath) -> Bool {
    left.components.lexicographicallyPrecedes(right.components)
  }

  /// The path below `folder`, empty for the folder itself; nil when it is not inside.
  func below(_ folder: MemberPath) -> MemberPath? {
    guard components.starts(with: folder.components) else { return nil }
    return MemberPath(components: Array(components.dropFirst(folder.components.count)))
  }

  /// Where a symbolic link of this path leads, or nil when that is outside.
  func resolving(link target: String, isRootAbsolute: Bool = false) -> MemberPath? {
    var result = Array(components.dropLast())
    if target.hasPrefix("/") {
      guard isRootAbsolute else { return nil }
      result = []
    }
    // ".." only at the start, where the folder is a real one. After a name, which may be a link
    // itself, it would lead up from that link's target.
    var hasName = false
    for part in target.split(separator: "/") where part != "." {
      if part == ".." {
        guard !result.isEmpty, !hasName else { return nil }
        result.removeLast()
      } else {
        hasName = true
        result.append(String(part))
      }
    }
    return MemberPath(components: result)
  }

  /// The text of a symbolic link at this path that leads to `other`.
  func relativeLink(to other: MemberPath) -> String {
    let folder = components.dropLast()
    let common = zip(folder, other.components).prefix { $0 == $1 }.count
    let up = Array(repeating: "..", count: folder.count - common)
    let text = (up + other.components.dropFirst(common)).joined(separator: "/")
    return text.isEmpty ? "." : text
  }
}
