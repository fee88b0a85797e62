import SystemPackage

/// What stands in the way of an update.
extension TreePlacer {
  /// What of ours has to go before the wanted files can be put in place.
  struct Obstacles {
    /// Files where a folder is needed, or in a folder where a file is needed.
    var files: Set<String> = []
    /// Folders where a file is needed; they hold nothing but such files.
    var folders: [String] = []
  }

  /// Makes sure that every wanted path is free or ours, and returns the stale files of ours that stand in
  /// the way of a folder, or a folder of ours where a file is needed.
  func checkConflicts(_ files: [TreeLayout.File], owned: Set<String>, stale: Set<String>) throws
    -> Obstacles
  {
    var obstacles = Obstacles()
    var foreign: [(path: String, what: String)] = []
    var checkedFolders: Set<String> = []
    // What is seen below one of these is seen through a link.
    var noFolders: Set<String> = []
    for file in files {
      var folder = ""
      var isBelowNoFolder = false
      for component in file.path.split(separator: "/").dropLast() {
        folder += folder.isEmpty ? String(component) : "/\(component)"
        if noFolders.contains(folder) { isBelowNoFolder = true }
        guard checkedFolders.insert(folder).inserted, !isBelowNoFolder,
          let identity = try FileIdentity.of(directory.pushing(FilePath(folder))),
          identity.kind != .directory
        else { continue }
        noFolders.insert(folder)
        isBelowNoFolder = true
        if stale.contains(folder) {
          obstacles.files.insert(folder)
        } else {
          foreign.append((folder, identity.kind.words))
        }
      }
      guard !isBelowNoFolder,
        let identity = try FileIdentity.of(directory.pushing(FilePath(file.path)))
      else { continue }
      if identity.kind == .directory {
        // An empty folder is there as soon as a folder is, whatever is in it (a mount).
        if file.isFolder { continue }
        if let inside = try self.files(in: file.path, ifAllOf: stale) {
          obstacles.files.formUnion(inside)
          obstacles.folders.append(file.path)
        } else {
          foreign.append((file.path, identity.kind.words))
        }
      } else if !owned.contains(file.path) {
        foreign.append((file.path, identity.kind.words))
      }
    }
    if !foreign.isEmpty { throw foreignFiles(foreign) }
    return obstacles
  }

  /// The files below a folder; nil when one of them is not stale.
  private func files(in folder: String, ifAllOf stale: Set<String>) throws -> [String]? {
    var result: [String] = []
    for name in try FileSystem.entries(of: directory.pushing(FilePath(folder))) {
      guard let text = name.validatedString else { return nil }
      let path = "\(folder)/\(text)"
      if try FileIdentity.of(directory.pushing(FilePath(path)))?.kind == .directory {
        guard let inside = try files(in: path, ifAllOf: stale) else { return nil }
        result += inside
      } else {
        guard stale.contains(path) else { return nil }
        result.append(path)
      }
    }
    return result
  }

  private func foreignFiles(_ files: [(path: String, what: String)]) -> BuildError {
    let shown = files.prefix(10).map { "\($0.path.printable) (\($0.what))" }
    let more = files.count > 10 ? "\nand \(files.count - 10) more" : ""
    return BuildError(
      .cannotWrite,
      "\(directory.printable) has \(files.count == 1 ? "something" : "things") that pxebuild did not "
        + "place, under a name that it needs",
      reason: shown.joined(separator: "\n") + more,
      advice: "move it away, rename the target, or choose another folder with \(option)")
  }
}
