/// Walks through an image's folders and checks what it finds.
struct ImageTreeReader {
  private let image: DiskImage
  private let wanted: WantedPaths?
  private var tree = ImageTree()
  /// The folders on the way from the root: one of them again is a loop.
  private var open: Set<ImageFolder> = []
  private var seenCount = 0
  /// Bytes of the image that files claim; files that share all their bytes count once.
  private var claimed: Int64 = 0
  private var holes: Int64 = 0
  private var known: Set<FileContent> = []

  /// Ten times what the largest distribution's image has.
  private static let mostEntries = 400_000
  /// ISO 9660 has 8, and Linux's own limit for a path is 4096 bytes.
  private static let deepest = 200
  private static let longestPath = 3072
  /// Of all holes together. Zeros cost nothing to store, but each is hashed.
  private static let mostHoles: Int64 = 1 << 40

  init(_ image: DiskImage, wanted: WantedPaths?) {
    self.image = image
    self.wanted = wanted
  }

  mutating func read() throws(ImageError) -> ImageTree {
    tree.root = try folder(image.root, path: [], wanted: wanted)
    return tree
  }

  private mutating func folder(
    _ folder: ImageFolder, path: [String], wanted: WantedPaths?
  ) throws(ImageError) -> ImageTree.Folder {
    let name = path.isEmpty ? "/" : path.joined(separator: "/")
    guard open.insert(folder).inserted else {
      throw ImageError(.refused, "its folder '\(name)' holds a folder that it is in itself")
    }
    defer { open.remove(folder) }
    guard path.count <= Self.deepest, name.utf8.count <= Self.longestPath else {
      throw ImageError(.refused, "its folders are nested \(path.count) deep")
    }
    let entries = try image.entries(of: folder, name: name)
    seenCount += entries.count
    guard seenCount <= Self.mostEntries else {
      throw ImageError(.refused, "it has more than \(Self.mostEntries) files and folders")
    }
    var result = ImageTree.Folder()
    if let wanted, !wanted.isWhole {
      for (name, inside) in wanted.inside.sorted(by: { $0.key < $1.key }) {
        let found = try find(name, in: entries, path)
        try add(found, to: &result, path, wanted: inside)
      }
      return result
    }
    try checkNames(entries, path)
    for entry in entries {
      // Where Rock Ridge keeps folders that were too deep; they have been put back in their places.
      if path.isEmpty, try isEmptyRelocation(entry) { continue }
      try add(entry, to: &result, path, wanted: nil)
    }
    return result
  }

  private func find(_ name: String, in entries: [ImageEntry], _ path: [String]) throws(ImageError)
    -> ImageEntry
  {
    if let exact = entries.first(where: { $0.name == name }) { return exact }
    let alike = entries.filter { $0.name.lowercased() == name.lowercased() }
    if image.ignoresCase, alike.count == 1 { return alike[0] }
    let whole = (path + [name]).joined(separator: "/")
    var error = ImageError(.noSuchPath, "it has no '\(whole)'")
    error.wanted = whole
    error.nearest = (alike.isEmpty ? entries : alike).map {
      (path + [$0.name]).joined(separator: "/")
    }
    throw error
  }

  private mutating func add(
    _ entry: ImageEntry, to folder: inout ImageTree.Folder, _ parent: [String],
    wanted: WantedPaths?
  ) throws(ImageError) {
    let path = parent + [entry.name]
    let shown = path.joined(separator: "/")
    try checkName(entry.name, in: parent)
    tree.entryCount += 1
    let isPartial = wanted.map { !$0.isWhole } ?? false
    let kind: ImageTree.Entry.Kind
    switch entry.kind {
    case .folder(let inner):
      kind = .folder(try self.folder(inner, path: path, wanted: isPartial ? wanted : nil))
    case .file(let content):
      guard !isPartial else { throw notAFolder(shown, "a file") }
      try content.check(inside: image.file, name: shown)
      try claim(content, name: shown)
      kind = .file(content, isExecutable: entry.isExecutable)
    case .link(let target):
      guard !isPartial else { throw notAFolder(shown, "a link to '\(target)'") }
      if let problem = Self.problem(withLink: target, depth: parent.count) {
        throw ImageError(.refused, "its link '\(shown)' leads to '\(target)': \(problem)")
      }
      kind = .link(target)
    case .special(let what):
      throw ImageError(.refused, "'\(shown)' in it is \(what), which cannot be served")
    }
    folder.entries.append(ImageTree.Entry(name: entry.name, kind: kind))
  }

  private func notAFolder(_ path: String, _ what: String) -> ImageError {
    ImageError(.noSuchPath, "'\(path)' in it is \(what), not a folder")
  }

  // MARK: what no honest image has

  private func checkName(_ name: String, in parent: [String]) throws(ImageError) {
    let folder = parent.isEmpty ? "/" : parent.joined(separator: "/")
    if name.isEmpty {
      throw ImageError(.refused, "its folder '\(folder)' has an entry without a name")
    }
    if name == "." || name == ".." || name.utf8.contains(UInt8(ascii: "/")) {
      throw ImageError(
        .refused, "its folder '\(folder)' has an entry '\(name)', whose path leads out of it")
    }
    guard name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
      throw ImageError(.refused, "its folder '\(folder)' has a name with a control character")
    }
    guard name.utf8.count <= 255 else {
      throw ImageError(.refused, "its folder '\(folder)' has a name of \(name.utf8.count) bytes")
    }
  }

  private mutating func checkNames(_ entries: [ImageEntry], _ path: [String]) throws(ImageError) {
    var names: Set<String> = []
    var folded: [String: String] = [:]
    func whole(_ name: String) -> String { (path + [name]).joined(separator: "/") }
    for entry in entries {
      guard names.insert(entry.name).inserted else {
        throw ImageError(.refused, "it has two entries of the name '\(whole(entry.name))'")
      }
      if let other = folded.updateValue(entry.name, forKey: entry.name.lowercased()) {
        tree.caseClashes.append((whole(other), whole(entry.name)))
      }
    }
  }

  /// Files may share bytes (hard links do), but not so that an image holds many times what it is.
  private mutating func claim(_ content: FileContent, name: String) throws(ImageError) {
    guard known.insert(content).inserted else { return }
    for extent in content.extents {
      if extent.offset == nil {
        holes += min(extent.length, Self.mostHoles)
      } else {
        claimed += extent.length
      }
      guard claimed / 8 <= image.file.size, holes <= Self.mostHoles else {
        throw ImageError(
          .refused, "'\(name)' in it makes its files many times larger than the image: they overlap"
        )
      }
    }
    let (sum, overflow) = tree.byteCount.addingReportingOverflow(content.size)
    tree.byteCount = overflow ? Int64.max : sum
  }

  /// The same rule that the output tree has: a relative link that stays inside, and that does not go up
  /// once it has gone down, because what it went down through may be a link itself.
  static func problem(withLink target: String, depth: Int) -> String? {
    if target.isEmpty { return "it names nothing" }
    if target.utf8.contains(0) { return "it holds a zero byte" }
    if target.hasPrefix("/") { return "it is absolute" }
    let components = target.split(separator: "/").filter { $0 != "." }
    let ups = components.prefix { $0 == ".." }.count
    if ups > depth { return "it leaves the image" }
    if components.dropFirst(ups).contains("..") { return "it goes up after it has gone down" }
    return nil
  }

  private func isEmptyRelocation(_ entry: ImageEntry) throws(ImageError) -> Bool {
    guard case .iso9660(let iso) = image.volume, case .rockRidge = iso.names,
      ["rr_moved", ".rr_moved"].contains(entry.name), case .folder(let folder) = entry.kind
    else { return false }
    return try image.entries(of: folder, name: entry.name).isEmpty
  }
}
