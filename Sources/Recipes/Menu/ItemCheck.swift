/// Checks what menu items name, when every name is known to mean something.
struct ItemCheck {
  let recipes: RecipeSet
  var checker: Checker

  /// What is known of a target's content before it is built.
  private enum Content {
    case file
    case folder
    /// A file or folder of this machine.
    case local(String)
    case unknown
  }

  private func content(of target: Target) -> Content {
    switch target.ruleName {
    case ScriptRule.rule.name, MenuRule.rule.name, IPXERule.rule.name, StartnetRule.rule.name:
      return .file
    case FetchRule.rule.name: return target.values[FetchRule.member] == nil ? .file : .unknown
    case FileRule.rule.name:
      guard target.values[FileRule.source] == nil else { return .unknown }
      return .local(FileRule.localPath(of: target))
    case NBIRule.rule.name, WinPERule.rule.name: return .folder
    case IsoRule.rule.name: return target.values[IsoRule.link] ?? false ? .file : .folder
    default: return .unknown
    }
  }

  /// The content of what a reference names; nil when it is elsewhere, or after a diagnostic.
  private mutating func content(of reference: ServedReference) -> Content? {
    guard case .tree(let path) = reference.place, let owner = recipes.owner(of: path) else {
      return nil
    }
    let whole = content(of: owner.target)
    guard let inner = owner.inner else {
      guard case .local(let path) = whole else { return whole }
      return local(path)
    }
    switch whole {
    case .file:
      checker.error(
        "target \(quoted(owner.target.path)) is one file, there is nothing inside it",
        at: reference.location,
        notes: [.init("the target is defined here", at: owner.target.location)])
      return nil
    case .local(let path):
      return exists(inner, in: path, named: owner.target.path, at: reference.location)
        ? local("\(path)/\(inner)") : nil
    case .folder, .unknown: return .unknown
    }
  }

  private func local(_ path: String) -> Content {
    switch LocalFile.kind(path) {
    case .success(.folder): .folder
    case .success(.file): .local(path)
    case .success(.other), .failure: .unknown
    }
  }

  /// True for a path inside a folder of this machine; otherwise an error with what is there.
  private mutating func exists(
    _ inner: String, in folder: String, named name: String, at place: SourceLocation
  ) -> Bool {
    var reached = folder
    for part in inner.split(separator: "/").map(String.init) {
      guard LocalFile.problem("\(reached)/\(part)") != nil else {
        reached += "/\(part)"
        continue
      }
      var names: [String] = []
      if case .success(let found) = LocalFile.names(in: reached) {
        names = found.filter { $0 != "." && $0 != ".." }
      }
      checker.error(
        "there is no \(quoted(inner)) in target \(quoted(name))", at: place,
        help: checker.help(for: part, among: names, listing: "\(printable(reached)) holds")
          ?? "looked in \(printable(reached))")
      return false
    }
    return true
  }

  // MARK: What kinds of item ask

  mutating func isFile(_ reference: ServedReference?) {
    guard let reference, let content = content(of: reference) else { return }
    guard case .folder = content, case .tree(let path) = reference.place else { return }
    checker.error(
      "\(quoted(path)) is a folder", at: reference.location,
      help: "name a file inside it: \(path)/…")
  }

  /// - Parameter parts: What the item needs of it; not checked where only the build can know.
  mutating func isFolder(_ reference: ServedReference?, holding parts: [ImagePart]) {
    guard let reference, case .tree(let path) = reference.place,
      let content = content(of: reference)
    else { return }
    switch content {
    case .unknown: return
    case .file, .local:
      checker.error(
        "\(quoted(path)) is one file, not the folder with an image's content",
        at: reference.location, help: "name a target that is a folder: the image unpacked")
    case .folder:
      guard let folder = recipes.localPath(of: reference) else { return }
      for part in parts
      where !part.paths.contains(where: { path in
        part.ignoresCase
          ? LocalFile.spelling(of: path, in: folder) != nil
          : LocalFile.problem("\(folder)/\(path)") == nil
      }) {
        checker.error(
          "there is no \(quoted(part.paths[0])) in \(quoted(path))", at: reference.location,
          help: "looked in \(printable(folder)); \(part.key.name): is for a file of another path")
      }
    }
  }

  /// casper loads an image only from a URL that ends so.
  mutating func isISO(_ reference: ServedReference?) {
    guard let reference else { return }
    isFile(reference)
    let name =
      switch reference.place {
      case .tree(let path), .elsewhere(let path): path
      }
    guard !name.hasSuffix(".iso") else { return }
    checker.error(
      "casper loads an image only when its name ends in .iso", at: reference.location,
      help: "give the target a name that does")
  }

  mutating func canBeNFSRoot(_ reference: ServedReference?) {
    guard let reference else { return }
    guard case .tree(let path) = reference.place else {
      checker.error(
        "NFS cannot have what another server has", at: reference.location,
        help: "add nfs-root: SERVER:/PATH, or iso: with the same image as one file")
      return
    }
    let missing = [
      recipes.site.server == nil ? "site.server" : nil,
      recipes.site.output == nil ? "site.output" : nil,
    ].compactMap { $0 }
    guard missing.isEmpty, let root = ItemKind.nfsPath(of: reference, recipes.site) else {
      checker.error(
        "the NFS root of this item needs \(missing.joined(separator: " and "))",
        at: reference.location,
        help:
          "add it to site:, or say with nfs-root: where the image is, or boot it by HTTP with iso:")
      return
    }
    if root.contains(where: { $0 == " " || $0 == "," }) || root.contains("${") {
      checker.error(
        "a kernel cannot be told of the NFS root \(quoted(root))", at: reference.location,
        notes: [.init("\(quoted(path)) is below the output folder")],
        help: "give the target, or the output folder, a name without blanks and commas")
    }
  }

  /// A disk of this machine that is too large for comfort.
  mutating func size(of reference: ServedReference?, limit: Int64) {
    guard let reference, case .tree(let name) = reference.place,
      let path = recipes.localPath(of: reference)
        ?? recipes.target(name).flatMap({ IsoRule.localPath(of: $0, recipes) }),
      let size = LocalFile.size(path), size > limit
    else { return }
    checker.warn(
      "this image has \(size / 1_000_000) MB, which is much for sanboot", at: reference.location,
      help:
        "a system with disk drivers of its own loses the image once it runs; unpack it and boot its "
        + "kernel, or raise warn-above:")
  }

  /// An item that no machine sees is a mistake, where the recipes say which machines boot.
  mutating func isSeen(_ line: MenuLine) {
    let platforms = line.values[ItemKeys.platform] ?? Platform.allCases
    let architectures: [BuildArchitecture?] = line.values[ItemKeys.architecture] ?? [nil]
    guard !recipes.bootPrograms.isEmpty else { return }
    let isBooted = platforms.contains { platform in
      architectures.contains { recipes.boots(platform: platform, architecture: $0) }
    }
    guard !isBooted else { return }
    let isAboutPlatform = line.values[ItemKeys.platform] != nil
    checker.warn(
      "no machine sees this item: no target boots machines of this kind",
      at: isAboutPlatform
        ? line.values.location(ItemKeys.platform) : line.values.location(ItemKeys.architecture),
      help: "remove platform: and architecture:, or add a boot program for such machines")
  }

  mutating func isSubmenu(_ record: Record, _ key: Key<ServedReference>) {
    guard let reference = record[key] else { return }
    guard case .tree(let path) = reference.place, let owner = recipes.owner(of: path),
      owner.inner == nil, owner.target.ruleName == MenuRule.rule.name
    else {
      checker.error(
        "a submenu is a target of the rule menu", at: reference.location,
        help: "use chain: for a script of another kind")
      return
    }
    let lines = owner.target.values[MenuRule.items] ?? []
    guard !lines.contains(where: { $0.kind.name == "back" }) else { return }
    guard checker.isFirst("no back in \(path)") else { return }
    checker.error(
      "the submenu \(quoted(path)) has no way back",
      at: owner.target.values.keyLocation(MenuRule.items),
      notes: [.init("it is a submenu here", at: reference.location)],
      help: "add an item like {back: Back}")
  }
}

extension RecipeSet {
  /// The file or folder of this machine that a reference names; nil when the build makes it, or when it is
  /// elsewhere.
  func localPath(of reference: ServedReference) -> String? {
    guard case .tree(let path) = reference.place, let owner = owner(of: path),
      owner.target.ruleName == FileRule.rule.name, owner.target.values[FileRule.source] == nil
    else { return nil }
    let whole = FileRule.localPath(of: owner.target)
    return owner.inner.map { "\(whole)/\($0)" } ?? whole
  }
}
