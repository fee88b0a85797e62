import BuildEngine
import Glibc
import SystemPackage
import WindowsPE

/// What is laid over an image, gathered in one folder: names that mean the same on Windows are one name, and
/// nothing of the machine that builds (times, owners, modes, links) gets in.
struct WinPEStage {
  let folder: FilePath
  private let store: ContentStore
  /// The spelling of each path, and who brought it, by the path in small letters.
  private var files: [String: (path: String, owner: String)] = [:]
  private var folders: [String: String] = ["": ""]

  init(_ folder: FilePath, store: ContentStore) throws {
    self.folder = folder
    self.store = store
    try FileSystem.createDirectories(folder)
  }

  var isEmpty: Bool { files.isEmpty && folders.count == 1 }

  /// True when a file of this path, in any case, is brought.
  func contains(_ path: String) -> Bool { files[path.lowercased()] != nil }

  /// Adds a file or a folder with all that is in it.
  ///
  /// - Parameters:
  ///   - source: Where it stands, when its bytes are not in the content store.
  ///   - path: In the image, with "/"; empty for its root, where a folder belongs.
  ///   - owner: What messages call what brings it: `files: tools`.
  mutating func add(
    _ artifact: StoredArtifact, in source: FileInPlace? = nil, at path: String, owner: String
  ) throws {
    var copies: [(inner: String, digest: Digest, place: FilePath)] = []
    for (inner, leaf) in try store.leaves(of: artifact) {
      let whole = [path, inner].filter { !$0.isEmpty }.joined(separator: "/")
      switch leaf {
      case .file(let digest, _):
        let place = try reserve(whole, owner)
        if CommandText.isRead(whole) {
          let bytes = try source?.read(inner, of: digest) ?? store.read(digest)
          try write(Self.lines(bytes, of: whole), to: place)
        } else {
          copies.append((inner, digest, place))
        }
      case .directory: _ = try makeFolder(whole, owner)
      case .symlink(let target):
        throw BuildError(
          .failed, "\(owner) has a symbolic link: \(whole.printable)",
          reason: "it leads to \(target.printable), and Windows has no such links",
          advice: "put the file itself in its place")
      }
    }
    _ = try copies.mapInParallel { [store] file in
      if let source {
        try source.copy(file.inner, of: file.digest, to: file.place)
      } else {
        try store.copyOut(file.digest, to: file.place)
      }
    }
  }

  /// Adds a file of this text.
  mutating func add(_ bytes: [UInt8], at path: String, owner: String) throws {
    try write(bytes, to: try reserve(path, owner))
  }

  /// A text of lines gets the line ends of Windows; UTF-16, and what only looks like a text by its name, stays.
  private static func lines(_ bytes: [UInt8], of path: String) -> [UInt8] {
    bytes.contains(0) ? bytes : CommandText.lines(bytes)
  }

  private func write(_ bytes: [UInt8], to place: FilePath) throws {
    let file = try FileSystem.open(
      place, .writeOnly, options: [.create, .exclusiveCreate], doing: "write")
    defer { try? file.close() }  // a lost write is found when the image is written
    try FileSystem.write(bytes, to: file, path: place)
  }

  /// Where a file is to be written.
  private mutating func reserve(_ path: String, _ owner: String) throws -> FilePath {
    let key = path.lowercased()
    if let other = files[key] {
      throw clash(path, owner, with: other.path, other.owner)
    }
    if let other = folders[key] {
      throw BuildError(
        .failed, "\(owner) has a file where a folder is: \(path.printable)",
        reason: "the folder is \(other.printable)", advice: "rename one of the two")
    }
    try check(path, owner)
    let parts = path.split(separator: "/").map(String.init)
    let parent = try makeFolder(parts.dropLast().joined(separator: "/"), owner)
    files[key] = (path, owner)
    return parent.appending(parts.last ?? path)
  }

  private mutating func makeFolder(_ path: String, _ owner: String) throws -> FilePath {
    var spelled = ""
    for part in path.split(separator: "/").map(String.init) {
      let whole = spelled.isEmpty ? part : "\(spelled)/\(part)"
      if let other = files[whole.lowercased()] {
        throw clash(whole, owner, with: other.path, other.owner)
      }
      if let known = folders[whole.lowercased()] {
        spelled = known
        continue
      }
      try check(whole, owner)
      folders[whole.lowercased()] = whole
      spelled = whole
      try FileSystem.createDirectories(folder.pushing(FilePath(whole)))
    }
    return spelled.isEmpty ? folder : folder.pushing(FilePath(spelled))
  }

  private func clash(
    _ path: String, _ owner: String, with other: String, _ otherOwner: String
  ) -> BuildError {
    let isSame = path == other
    return BuildError(
      .failed,
      isSame
        ? "the image gets \(path.printable) twice"
        : "the image gets \(other.printable) and \(path.printable)",
      reason: (isSame ? "" : "Windows does not tell them apart; ")
        + (owner == otherOwner
          ? "both are of \(owner)" : "one is of \(otherOwner), the other of \(owner)"),
      advice: "rename or remove one of the two")
  }

  /// What no file of Windows can be called.
  private func check(_ path: String, _ owner: String) throws {
    guard let name = path.split(separator: "/").last else { return }
    let bad = name.unicodeScalars.first {
      $0.value < 0x20 || "<>:\"|?*\\".unicodeScalars.contains($0)
    }
    let problem: String
    if let bad {
      problem = "it has \"\(String(bad).printable)\""
    } else if name.hasSuffix(".") || name.hasSuffix(" ") {
      problem = "it ends in \(name.hasSuffix(".") ? "a dot" : "a space")"
    } else if name.utf16.count > 255 {
      problem = "it is longer than 255 characters"
    } else {
      return
    }
    throw BuildError(
      .failed, "Windows cannot have a file named \(String(name).printable)",
      reason: "\(problem); it is of \(owner)",
      advice: "rename it")
  }

  // MARK: Times

  /// Gives everything one time, in seconds and nanoseconds since 1970. To be done immediately before the image
  /// is changed: whatever reads a file gives it another one.
  func stamp(_ time: timespec) throws { try stamp(folder, time) }

  private func stamp(_ path: FilePath, _ time: timespec) throws {
    if try FileIdentity.of(path)?.kind == .directory {
      for name in try FileSystem.list(path) { try stamp(path.appending(name), time) }
    }
    let times = [time, time]
    guard path.withPlatformString({ utimensat(AT_FDCWD, $0, times, AT_SYMLINK_NOFOLLOW) }) == 0
    else {
      throw BuildError(errno: errno, doing: "set the time of", path: path)
    }
  }
}
