import BuildEngine
import Glibc
import SystemPackage

/// Takes the selected members of an archive, one after the other, and writes them.
struct Extraction {
  var output: OutputFolder
  var makesExecutable = false
  /// Hard links to members that are not selected: where each such member goes.
  private(set) var outside: [MemberPath: [MemberPath]] = [:]

  private let selected: MemberPath
  /// Absolute links are the package's own and start at its root.
  private let isPackage: Bool
  private var hardLinks: [(path: MemberPath, target: MemberPath)] = []
  private var symlinks: [(path: MemberPath, text: String, target: MemberPath)] = []

  init(
    _ destination: FilePath, archiveName: String, selected: MemberPath, isPackage: Bool = false
  ) {
    output = OutputFolder(destination, archiveName: archiveName, origin: selected)
    self.selected = selected
    self.isPackage = isPackage
  }

  /// Writes the member if it is selected. Returns another member's path when this one is the
  /// selected one itself and only a link to that.
  @discardableResult
  mutating func take(_ member: Member, from reader: ArchiveReader) throws -> MemberPath? {
    guard let full = member.path else {
      let parts = member.name.split(separator: "/").map(String.init)
      if parts.starts(with: selected.components) {
        _ = try MemberPath(member.name, archiveName: output.archiveName)
      }
      return nil
    }
    guard let path = full.below(selected) else { return nil }
    let isSelectedItself = path.components.isEmpty
    switch member.kind {
    case .directory: try output.makeDirectory(path)
    case .file:
      let executable = member.isExecutable || makesExecutable && isSelectedItself
      try output.writeFile(path, executable: executable) { file, place in
        try reader.writeData(to: file, path: place)
      }
    case .hardLink(let target):
      if isSelectedItself { return target }
      hardLinks.append((path, target))
    case .symlink(let text):
      if isSelectedItself {
        guard let target = full.resolving(link: text) else { throw leaving(full, text) }
        return target
      }
      guard let target = path.resolving(link: text, isRootAbsolute: isPackage) else {
        throw leaving(full, text)
      }
      symlinks.append((path, text, target))
    case .special(let kind): throw output.refused("its member '\(full)' is \(kind)")
    }
    return nil
  }

  /// Makes the links, now that every file is there.
  mutating func finishLinks() throws {
    for (path, target) in hardLinks {
      if let inside = target.below(selected), output.isFile(inside) {
        try output.copyFile(inside, to: path)
      } else {
        outside[target, default: []].append(path)
      }
    }
    let targets = Dictionary(symlinks.map { ($0.path, $0.target) }) { first, _ in first }
    for link in symlinks {
      if isPackage, let file = finalFile(link.target, targets) {
        try output.copyFile(file, to: link.path)
      } else if isPackage {
        try output.makeSymlink(link.path, target: link.path.relativeLink(to: link.target))
      } else {
        try output.makeSymlink(link.path, target: link.text)
      }
    }
  }

  /// The file of the package that a chain of links ends at.
  private func finalFile(_ path: MemberPath, _ links: [MemberPath: MemberPath]) -> MemberPath? {
    var path = path
    for _ in 0..<16 {
      if output.isFile(path) { return path }
      guard let next = links[path] else { return nil }
      path = next
    }
    return nil
  }

  /// On a second reading: writes members that are not selected, but that selected ones are.
  mutating func takeOutside(_ member: Member, from reader: ArchiveReader) throws {
    guard let full = member.path, member.kind == .file, let path = outside[full]?.first,
      !output.isFile(path)
    else { return }
    try output.writeFile(path, executable: member.isExecutable) { file, place in
      try reader.writeData(to: file, path: place)
    }
  }

  mutating func copyOutside() throws {
    for (target, paths) in outside {
      guard let first = paths.first, output.isFile(first) else {
        throw output.refused("a hard link in it leads to '\(target)', which it does not have")
      }
      for path in paths.dropFirst() { try output.copyFile(first, to: path) }
    }
  }

  private func leaving(_ path: MemberPath, _ target: String) -> BuildError {
    output.refused("its link '\(path)' leads to '\(target)', which is outside")
  }
}
