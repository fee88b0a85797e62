import BuildEngine

/// What a build wrote into the folder for configs.
struct ConfigSummary: Sendable {
  struct File: Sendable {
    var path: String
    /// Both nil for a file with a secret.
    var digest: Digest?
    var isPrivate: Bool { digest == nil }
  }

  struct Line: Sendable {
    var path: String
    var kind: String
    var files: [File]

    /// In bytes; nil when a file of it is private.
    var size: Int64? {
      files.contains(where: \.isPrivate) ? nil : files.reduce(0) { $0 + ($1.digest?.size ?? 0) }
    }
  }

  /// The folder, as the person named it.
  var folder: String
  /// How many configs there are.
  var count: Int
  /// Empty when nothing has changed and nobody looked.
  var lines: [Line] = []
  var placed = 0
  var removed = 0
}

extension ConfigSummary {
  init(_ targets: [TreeTarget], _ changes: TreeChanges, folder: String) {
    self.folder = folder
    count = targets.count
    lines = targets.map { Line($0) }
    placed = changes.placed.count
    removed = changes.removed.count
  }

  /// "3 configs in out-conf".
  var text: String { "\(countText(count, "config")) in \(folder.printable())" }

  /// In the object that ends the output of `--json` (docs/json.md).
  var json: JSON {
    .object([
      "output": .string(folder), "placed": .integer(Int64(placed)),
      "removed": .integer(Int64(removed)),
      "files": .array(lines.flatMap { line in line.files.map { $0.json(of: line) } }),
    ])
  }
}

extension ConfigSummary.Line {
  init(_ target: TreeTarget) {
    path = target.path
    kind = target.entry.rule
    guard case .texts(let texts) = target.content else {
      files = []
      return
    }
    files = texts.map { text in
      ConfigSummary.File(
        path: text.path.isEmpty ? target.path : "\(target.path)/\(text.path)",
        digest: text.isPrivate ? nil : Digest(of: text.bytes))
    }
  }

  /// The config's row in the list of what was built.
  func row(pathWidth: Int, _ style: Style) -> String {
    var line = "  " + style(.green, "written".padded(toColumns: 9)) + "  "
    line += path.printable().padded(toColumns: pathWidth)
    line += "  " + (size.map(sizeText) ?? "").rightAligned(toColumns: 9)
    if files.contains(where: \.isPrivate) { line += "  private" }
    while line.last == " " { line.removeLast() }
    return line
  }
}

extension ConfigSummary.File {
  fileprivate func json(of line: ConfigSummary.Line) -> JSON {
    .object([
      "config": .string(line.path), "kind": .string(line.kind), "path": .string(path),
      "sha256": digest.map { .string($0.hex) }, "size": digest.map { .integer($0.size) },
      "private": .bool(isPrivate),
    ])
  }
}
