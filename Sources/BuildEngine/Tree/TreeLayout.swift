/// The files that a set of targets consists of.
struct TreeLayout {
  struct File {
    enum Content {
      case stored(StoredArtifact)
      case text([UInt8], isPrivate: Bool)
    }

    var path: String
    var content: Content
    var isEntryPoint: Bool
    var sharesBlobs = false

    var isFolder: Bool {
      if case .stored(.directory) = content { true } else { false }
    }
  }

  private(set) var files: [File] = []
  private(set) var entries: [Manifest.Target] = []
  /// Which target places a path.
  private var owners: [String: String] = [:]

  init(_ targets: [TreeTarget], store: ContentStore) throws {
    for target in targets {
      guard target.path.isTreePath else {
        throw BuildError(
          .recipe, "\"\(target.path.printable)\" is no path in the output tree",
          reason: "it has to be relative, without \".\" and \"..\", and not in .pxebuild",
          advice: "rename the target, for example to winpe/boot.wim")
      }
      var entry = target.entry
      entry.files = []
      if target.isEntryPoint { entry.isEntryPoint = true }
      for leaf in try Self.leaves(of: target, in: store) {
        let path = leaf.path.isEmpty ? target.path : "\(target.path)/\(leaf.path)"
        if let other = owners.updateValue(target.path, forKey: path) {
          throw Self.clash(other, target.path, at: path)
        }
        files.append(
          File(
            path: path, content: leaf.content, isEntryPoint: target.isEntryPoint,
            sharesBlobs: target.placement.sharesBlobs))
        var file = try Self.entry(
          of: leaf.content, at: path, mayLinkOutside: target.placement.mayLinkOutside)
        file.signature = target.signatures[leaf.path]
        entry.files.append(file)
      }
      entries.append(entry)
    }
    for file in files {
      var folder = file.path[...]
      while let end = folder.lastIndex(of: "/") {
        folder = folder[..<end]
        guard let other = owners[String(folder)] else { continue }
        throw Self.clash(other, owners[file.path] ?? file.path, at: String(folder))
      }
    }
  }

  private static func leaves(of target: TreeTarget, in store: ContentStore) throws
    -> [(path: String, content: File.Content)]
  {
    switch target.content {
    case .stored(let artifact):
      return try store.leaves(of: artifact).map { ($0.path, .stored($0.artifact)) }
    case .texts(let texts):
      return try texts.map { text in
        guard text.path.isEmpty || text.path.isTreePath else {
          throw BuildError(
            .recipe, "\"\(text.path.printable)\" is no path in \(target.path.printable)",
            reason: "it has to be relative, without \".\" and \"..\"")
        }
        return (text.path, .text(text.bytes, isPrivate: text.isPrivate))
      }
    }
  }

  private static func entry(of content: File.Content, at path: String, mayLinkOutside: Bool) throws
    -> Manifest.File
  {
    switch content {
    case .stored(.file(let digest, let executable)):
      return .init(
        path: path, sha256: digest.hex, size: digest.size, executable: executable ? true : nil)
    case .stored(.symlink(let link)):
      if !mayLinkOutside { try check(link: link, at: path) }
      return .init(path: path, link: link)
    case .stored(.directory): return .init(path: path, isFolder: true)
    case .text(_, isPrivate: true): return .init(path: path, isPrivate: true)
    case .text(let bytes, isPrivate: false):
      return .init(path: path, sha256: Digest(of: bytes).hex, size: Int64(bytes.count))
    }
  }

  private static func clash(_ first: String, _ second: String, at path: String) -> BuildError {
    BuildError(
      .recipe, "\"\(path.printable)\" in the output tree is wanted twice",
      reason: first == second
        ? "by two files of \(first.printable)"
        : "by \(first.printable) and by \(second.printable)",
      advice: "rename one of them")
  }

  /// A link must be relative and end inside the tree: a server that follows it must not leave. Once it
  /// has gone down it must not go up again: what it went down through may itself be a link.
  private static func check(link: String, at path: String) throws {
    let components = link.split(separator: "/").filter { $0 != "." }
    let ups = components.prefix { $0 == ".." }.count
    let depth = path.split(separator: "/").count - 1
    guard !link.hasPrefix("/"), ups <= depth else {
      throw BuildError(
        .cannotWrite, "\(path.printable) is a link that leaves the output tree",
        reason: "it points to \(link.printable)",
        advice: "leave it out, or put the file it means in its place")
    }
    guard !components.dropFirst(ups).contains("..") else {
      throw BuildError(
        .cannotWrite, "\(path.printable) is a link that goes up after it has gone down",
        reason: "it points to \(link.printable), and where that leads depends on other links",
        advice: "let it point there by the shortest way")
    }
  }
}

extension String {
  /// True for a path that pxebuild may place, replace and remove: below the output folder, and not among
  /// the files that it keeps there for itself.
  var isTreePath: Bool {
    isPlainPath && self != ".pxebuild" && !hasPrefix(".pxebuild/")
  }
}
