import Menus

extension ItemKind {
  static let wimbootKey = Key(
    "wimboot", .served, isRequired: true,
    "The folder with the content of Windows PE's medium, or a boot.wim alone.")
  static let program = Key("program", .served, "wimboot itself; the target wimboot when left out.")
  static let bcd = Key("bcd", .innerPath, "The path of the BCD, where it is not Boot/BCD.")
  static let sdi = Key("sdi", .innerPath, "The path of boot.sdi, where it is not Boot/boot.sdi.")
  static let wim = Key(
    "wim", .innerPath, "The path of the image, where it is not sources/boot.wim.")
  static let extraFiles = Key(
    "files", .oneOrList(.served),
    "More files, which Windows PE finds in \\Windows\\System32 under the last part of their path.")

  static let index = Key(
    "index", .integer("the number of an image", 1...9999),
    "The image in the WIM; the one that is marked to boot when left out.")
  static let gui = Key(
    "gui", .boolean, "true: the boot loader's own screens, with its messages and its menu.")
  static let quiet = Key("quiet", .boolean, "true: wimboot prints nothing.")

  /// The paths as the wiki page has them. Media spell them in other cases, which means the same to Windows.
  private static let parts: [(name: String, key: Key<String>, usual: String)] = [
    ("BCD", bcd, "Boot/BCD"), ("boot.sdi", sdi, "Boot/boot.sdi"),
    ("boot.wim", wim, "sources/boot.wim"),
  ]

  private static func choices(_ record: Record) -> [ImagePart] {
    parts.map { ImagePart(key: $0.key, paths: [record[$0.key] ?? $0.usual], ignoresCase: true) }
  }

  /// True when the item names an image instead of a medium.
  private static func isImageAlone(_ reference: ServedReference) -> Bool {
    switch reference.place {
    case .tree(let path), .elsewhere(let path): path.lowercased().hasSuffix(".wim")
    }
  }

  static let wimboot = ItemKind(
    wimbootKey.description,
    [
      program.description, bcd.description, sdi.description, wim.description,
      extraFiles.description, index.description, gui.description, quiet.description,
      ItemKeys.arguments.description,
    ], summary: "Windows PE.", check: checkWindows,
    checkReferences: { record, check in
      check.isFile(record[program])
      for file in record[extraFiles] ?? [] { check.isFile(file) }
      guard let reference = record[wimbootKey] else { return }
      if isImageAlone(reference) {
        check.isFile(reference)
      } else {
        check.isFolder(reference, holding: choices(record))
      }
    }
  ) { record, inputs, planner throws(RecipeErrors) in
    guard let reference = record[wimbootKey] else { return nil }
    let program = try inputs.file(record[program] ?? usualProgram(record), &planner)
    var files: [WindowsBoot.File] = []
    for extra in record[extraFiles] ?? [] {
      files.append(.init(name: lastPart(extra), file: try inputs.file(extra, &planner)))
    }
    let title = record[ItemKeys.title] ?? ""
    if isImageAlone(reference) {
      files.append(.init(name: "boot.wim", file: try inputs.file(reference, &planner)))
      try inputs.addImage(reference, of: title, &planner)
    } else {
      for part in parts {
        let file = try inputs.file(
          in: reference, anyCase: record[part.key] ?? part.usual,
          imageOf: part.name == "boot.wim" ? title : nil, &planner)
        files.append(.init(name: part.name, file: file))
      }
    }
    return .wimboot(WindowsBoot(program: program, arguments: arguments(record), files: files))
  }

  private static func arguments(_ record: Record) -> [String] {
    var words: [String] = []
    if record[gui] ?? false { words.append("gui") }
    if record[quiet] ?? false { words.append("quiet") }
    if let number = record[index] { words.append("index=\(number)") }
    return words + (record[ItemKeys.arguments] ?? [])
  }

  private static func usualProgram(_ record: Record) -> ServedReference {
    let place = record.keyLocation(wimbootKey)
    return ServedReference(
      place: .tree("wimboot"), folder: place.file.folder, location: place,
      help:
        "the item needs wimboot itself: add a target of that name, or name another with program:")
  }

  private static func lastPart(_ reference: ServedReference) -> String {
    switch reference.place {
    case .tree(let path), .elsewhere(let path): baseName(path)
    }
  }

  private static func checkWindows(_ record: Record, _ checker: inout Checker) {
    if record[program] == nil { checker.servedReferences.append(usualProgram(record)) }
    if let reference = record[wimbootKey], isImageAlone(reference) {
      for part in parts where record[part.key] != nil {
        checker.error(
          "an image alone has no \(part.key.name)", at: record.keyLocation(part.key),
          help: "name the folder of the whole medium, or remove \(part.key.name):")
      }
    }
    for word in record[ItemKeys.arguments] ?? [] {
      let name = word.prefix { $0 != "=" }
      guard ["index", "gui", "quiet"].contains(name), record.isWritten(String(name)) else {
        continue
      }
      checker.error(
        "the key \(name): says it already", at: record.keyLocation(ItemKeys.arguments),
        help: "remove \(quoted(word)) here")
    }
    if (record[ItemKeys.arguments] ?? []).contains("rawwim"), record[extraFiles] != nil {
      checker.error(
        "with rawwim wimboot puts no file into the image", at: record.keyLocation(extraFiles),
        help: "remove files:, or the argument rawwim")
    }
    checkNames(record, &checker)
  }

  /// wimboot takes 63 files with names of 31 characters (its src/main.c and src/vdisk.h).
  private static func checkNames(_ record: Record, _ checker: inout Checker) {
    let extra = record[extraFiles] ?? []
    if extra.count > 60 {
      checker.error(
        "wimboot takes 63 files, three of which are the image's own",
        at: record.keyLocation(extraFiles))
    }
    var seen: Set<String> = Set(parts.map { $0.name.lowercased() })
    for reference in extra {
      let name = lastPart(reference)
      if !(1...31).contains(name.utf8.count) || !isMakeName(name) {
        checker.error(
          "wimboot cannot take a file named \(quoted(name))", at: reference.location,
          help: "31 letters, digits, \".\", \"_\", \"+\" and \"-\" at most, a letter or digit first"
        )
      } else if !seen.insert(name.lowercased()).inserted {
        checker.error(
          "two files of this item are named \(quoted(name))", at: reference.location,
          help: "rename one: Windows PE knows them by the last part of their path")
      }
    }
  }
}
