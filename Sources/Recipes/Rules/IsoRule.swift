import BuildEngine

/// `iso: IMAGE` — the content of a disc image, a link to it, or a folder that it is mounted at.
enum IsoRule {
  static let iso = Key(
    "iso", .image, isRequired: true,
    "The ISO 9660 or UDF image: a file of this machine, a target, or a URL.")
  static let sha256 = Key(
    "sha256", .sha256, "The SHA-256 of a downloaded image; the lock file has it when left out.")
  static let mirrors = Key(
    "mirrors", .oneOrList(.url(["https", "http", "file"])),
    "Other URLs of the same bytes, tried in order.")
  static let paths = Key(
    "paths", .oneOrList(.innerPath), "What to take of the image; everything when left out.")
  static let link = Key(
    "link", .boolean, "true: the target is a symbolic link to the image, which stays where it is.")
  static let mount = Key(
    "mount", .boolean,
    "true: the target is a folder that the server mounts the image at; it stays where it is.")

  static let rule = Rule(
    name: "iso", version: 1, summary: "The content of a disc image, or a link to it.",
    keys: [
      iso.description, sha256.description, mirrors.description, paths.description,
      link.description, mount.description,
    ],
    requests: { download(of: $0)?.requests ?? [] },
    check: check, checkReferences: checkReferences, needs: needs, plan: plan)

  // MARK: Checks

  private static func check(_ record: Record, _ checker: inout Checker) {
    let isLink = record[link] ?? false
    let isMount = record[mount] ?? false
    if isLink && isMount {
      checker.error(
        "\(record.owner) cannot be a link and a mount at once", at: record.keyLocation(mount),
        help: "keep one of the two")
    }
    if isLink || isMount, record[paths] != nil {
      checker.error(
        "\"paths\" takes files out of an image, \"\(isLink ? "link" : "mount")\" leaves it whole",
        at: record.keyLocation(paths), help: "keep one of the two")
    }
    guard case .url? = record[iso] else { return checkLocal(record, &checker) }
    if isLink || isMount {
      checker.error(
        "\"\(isLink ? "link" : "mount")\" needs an image that is on this machine",
        at: record.location(iso), help: "download it once and name its path")
    }
  }

  /// What only a download has.
  static func checkLocal(_ record: Record, _ checker: inout Checker) {
    for (isWritten, name, place) in [
      (record.isWritten(sha256.name), sha256.name, record.keyLocation(sha256)),
      (record.isWritten(mirrors.name), mirrors.name, record.keyLocation(mirrors)),
    ] where isWritten {
      checker.error(
        "\(quoted(name)) is for an image that is downloaded", at: place,
        help: "remove it: pxebuild sees by itself when a file changes")
    }
  }

  private static func checkReferences(
    _ target: Target, _ recipes: RecipeSet, _ checker: inout Checker
  ) {
    guard case .file(let reference)? = target.values[iso] else { return }
    let word = (target.values[link] ?? false) ? "link" : "mount"
    let staysOutside = [link, mount].contains { target.values[$0] ?? false }
    if let made = recipes.target(reference.name) {
      if staysOutside {
        checker.error(
          "\(quoted(word)) needs a file of this machine, \(quoted(made.path)) is a target",
          at: reference.location, notes: [.init("it is defined here", at: made.location)],
          help: "name the path of the image itself")
      } else if made.ruleName == rule.name {
        checker.error(
          "\(quoted(made.path)) is no image, but made of one", at: reference.location,
          notes: [.init("it is defined here", at: made.location)],
          help: "name the image that it names")
      }
      return
    }
    let path = absolutePath(reference.name, from: reference.folder)
    if case .success(.folder) = LocalFile.kind(path) {
      checker.error(
        "\(quoted(reference.name)) is a folder, not an image", at: reference.location,
        help: "serve a folder as it is with file: \(reference.name)")
    } else if target.values[link] ?? false, !LocalFile.isReadableByAll(path) {
      checker.warn(
        "servers cannot follow the link: not every user may read \(quoted(path))",
        at: reference.location,
        help: "chmod o+r the image, and o+x the folders above it")
    }
  }

  private static func needs(_ target: Target, _ recipes: RecipeSet) -> [ServiceNeed] {
    guard target.values[mount] ?? false, let path = localPath(of: target, recipes) else {
      return []
    }
    return [.mount(image: LocalFile.resolved(path), folder: target.path)]
  }

  // MARK: Planning

  private static func plan(_ target: Target, _ planner: inout Planner) throws(RecipeErrors)
    -> RulePlan
  {
    let values = target.values
    var parameters: [String: String] = [:]
    let image: Artifact
    if let download = download(of: values) {
      parameters["name"] = baseName(download.url)
      image = try planner.download(
        download, member: nil, isExecutable: false, name: "\(target.path): image",
        target.rule.ruleVersion, at: target.location)
    } else if let path = localPath(of: target, planner.recipes) {
      image = .localInPlace(path: path)
    } else if case .file(let reference)? = values[iso] {
      parameters["name"] = baseName(reference.name)
      image = try planner.artifact(of: reference)
    } else {
      return RulePlan(artifact: .bytes([]))
    }
    var result = RulePlan(artifact: .emptyFolder)
    result.identity = identity(of: image, target, parameters, &planner)
    if values[link] ?? false, let path = localPath(of: target, planner.recipes) {
      result.artifact = .link(to: LocalFile.resolved(path))
      result.placement.mayLinkOutside = true
    } else if !(values[mount] ?? false) {
      parameters["paths"] = (values[paths] ?? []).joined(separator: "\n")
      let id = planner.plan.add(
        PlannedAction(
          name: target.path, rule: target.rule.ruleVersion,
          operation: .builtIn("iso-content", version: 1, parameters: parameters),
          inputs: ["image": image], outputs: ["content"], startsEarly: true,
          origin: "\(target.location)"))
      result.artifact = .output(id, path: "content")
      result.placement.sharesBlobs = true
    }
    return result
  }

  private static func identity(
    of image: Artifact, _ target: Target, _ parameters: [String: String], _ planner: inout Planner
  ) -> Artifact {
    let id = planner.plan.add(
      PlannedAction(
        name: "\(target.path): identity", rule: target.rule.ruleVersion,
        operation: .builtIn("iso-identity", version: 1, parameters: parameters),
        inputs: [
          "image": image,
          "known-bugs": .bytes(KnownBugReader.encoded(planner.recipes.knownBugs)),
        ], outputs: ["identity"], origin: "\(target.location)"))
    return .output(id, path: "identity")
  }

  private static func download(of values: Record) -> Download? {
    guard case .url(let url)? = values[iso] else { return nil }
    return Download(url: url, sha256: values[sha256], mirrors: values[mirrors] ?? [])
  }

  /// The image's path; nil for a download and for a target.
  static func localPath(of target: Target, _ recipes: RecipeSet) -> String? {
    guard case .file(let reference)? = target.values[iso], recipes.target(reference.name) == nil
    else { return nil }
    return absolutePath(reference.name, from: reference.folder)
  }
}
