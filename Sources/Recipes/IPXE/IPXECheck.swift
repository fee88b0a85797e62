/// What can be wrong with an `ipxe` target beyond single values.
enum IPXECheck {
  /// Upstream's make takes file lists separated by commas and knows files by their base name.
  static func values(_ record: Record, _ checker: inout Checker) {
    let lists = [
      IPXERule.embed, IPXERule.trust, IPXERule.certificates, IPXERule.patches,
    ]
    for key in lists {
      var seen: [String: SourceLocation] = [:]
      for reference in record[key] ?? [] {
        checkName(reference, &checker)
        let name = baseName(reference.name)
        guard key.name != IPXERule.patches.name else { continue }
        if let first = seen[name] {
          checker.error(
            "two files of \(quoted(key.name)) are named \(quoted(name))", at: reference.location,
            notes: [.init("the other one is here", at: first)],
            help: "rename one: iPXE's make knows them by the last part of their path")
        } else {
          seen[name] = reference.location
        }
      }
    }
    if let reference = record[IPXERule.privateKey] { checkName(reference, &checker) }
  }

  private static func checkName(_ reference: ArtifactReference, _ checker: inout Checker) {
    let name = baseName(reference.name)
    guard !isMakeName(name) else { return }
    checker.error(
      "iPXE's make cannot take a file named \(quoted(name))", at: reference.location,
      help:
        "rename it: letters, digits, \".\", \"_\", \"+\" and \"-\" only, a letter or digit first")
  }

  /// Embedded scripts start with `#!ipxe`; everything given to make is a file.
  static func references(_ target: Target, _ recipes: RecipeSet, _ checker: inout Checker) {
    let values = target.values
    let others =
      (values[IPXERule.trust] ?? []) + (values[IPXERule.certificates] ?? [])
      + (values[IPXERule.patches] ?? []) + (values[IPXERule.privateKey].map { [$0] } ?? [])
    for reference in others { _ = start(of: reference, recipes, &checker) }
    for reference in values[IPXERule.embed] ?? [] {
      guard let start = start(of: reference, recipes, &checker), !ParsedScript.isScript(start)
      else { continue }
      reportNoScript(reference, target, recipes, &checker)
    }
    checkSource(target, recipes, &checker)
  }

  private static func checkSource(
    _ target: Target, _ recipes: RecipeSet, _ checker: inout Checker
  ) {
    guard let reference = target.values[IPXERule.source],
      let source = recipes.source(reference.name)
    else { return }
    switch source.kind {
    case .git, .path, .url(_, member: .some): return
    case .url(_, member: nil):
      checker.error(
        "source \(quoted(source.name)) is an archive, iPXE's code is a folder in it",
        at: reference.location,
        notes: [.init("the source is defined here", at: source.location)],
        help: "give the source member: with the folder that holds src")
    case .deb:
      checker.error(
        "source \(quoted(source.name)) is a Debian package, not iPXE's code",
        at: reference.location)
    }
  }

  /// The first bytes of what a reference names; nil when only the build can know them, or after a
  /// diagnostic.
  private static func start(
    of reference: ArtifactReference, _ recipes: RecipeSet, _ checker: inout Checker
  ) -> [UInt8]? {
    var path = absolutePath(reference.name, from: reference.folder)
    if let target = recipes.target(reference.name) {
      if target.ruleName == ScriptRule.rule.name {
        return Array(ScriptRule.bytes(of: target).prefix(ParsedScript.markLength))
      }
      guard target.ruleName == FileRule.rule.name, target.values[FileRule.source] == nil
      else { return nil }
      path = FileRule.localPath(of: target)
    }
    if case .success(.folder) = LocalFile.kind(path) {
      checker.error("\(quoted(reference.name)) is a folder", at: reference.location)
      return nil
    }
    switch LocalFile.read(path, atMost: ParsedScript.markLength) {
    case .success(let bytes): return bytes
    case .failure(let error):
      checker.error(
        "cannot read \(quoted(reference.name)): \(error.text)", at: reference.location)
      return nil
    }
  }

  private static func reportNoScript(
    _ reference: ArtifactReference, _ target: Target, _ recipes: RecipeSet,
    _ checker: inout Checker
  ) {
    let message =
      "the embedded script \(quoted(reference.name)) does not start with the line #!ipxe"
    let help = "make #!ipxe its first line, or iPXE refuses to run it"
    guard let script = recipes.target(reference.name), script.ruleName == ScriptRule.rule.name,
      case .scalar(let text)? = script.values.written(ScriptRule.script)
    else {
      checker.error(message, at: reference.location, help: help)
      return
    }
    // One script is embedded in many targets; its fault is told once, where it is.
    guard checker.isFirst("no #!ipxe in \(reference.name)") else { return }
    checker.error(
      message, at: text.location(ofLine: 0),
      notes: [.init("target \(quoted(target.path)) embeds it", at: reference.location)], help: help)
  }
}
