/// A script that somebody wrote by hand, ready to be checked.
struct CheckedScript: Sendable {
  let text: ScriptText
  let parsed: ParsedScript
  let settings: ScriptSettings
  /// What can run, in the order of the script; `time COMMAND` counts as both.
  let calls: [CommandCall]
  /// The target that puts the script into the tree; nil for a file that is only embedded.
  let target: Target?
  /// What messages call it.
  let name: String
  /// True when what it does depends on the machine, so that not every program that runs it runs all of
  /// it.
  let asksForMachine: Bool

  init(_ text: ScriptText, name: String, target: Target?, _ address: SiteAddress) {
    self.text = text
    self.name = name
    self.target = target
    let parsed = ParsedScript(text.bytes)
    self.parsed = parsed
    let settings = ScriptSettings(parsed, server: address.server)
    self.settings = settings
    var calls: [CommandCall] = []
    for command in parsed.commands {
      var next: ParsedScript.Command? = command
      while let command = next {
        var call = CommandCall(command)
        call.resolveFiles(settings, address)
        next = call.measured
        calls.append(call)
      }
    }
    self.calls = calls
    asksForMachine = calls.contains(where: Self.asksForMachine)
  }

  private static func asksForMachine(_ call: CommandCall) -> Bool {
    switch call.command.name.text {
    case "echo", "menu", "item", "prompt", "param", "imgargs": return false
    default: return call.command.words.contains(where: asksForMachine)
    }
  }

  private static func asksForMachine(_ word: ParsedScript.Word) -> Bool {
    guard word.hasSettings else { return false }
    return word.parts.contains { part in
      guard case .setting(let name) = part else { return false }
      return ["platform", "buildarch", "version", "features"].contains { name.hasPrefix($0) }
    }
  }

  /// Where a word stands.
  func location(_ word: ParsedScript.Word, _ checker: Checker) -> SourceLocation {
    text.location(word.range, checker.variables)
  }
}

extension CheckedScript {
  /// For scripts of others: what is wrong with them is nothing that the recipes could mend.
  static let check = Key(
    "check", .boolean,
    "false: pxebuild does not look at the script, one of somebody else for an iPXE of theirs.")

  /// The script of a target; nil when the target is none, or not to be looked at.
  init?(_ target: Target, _ recipes: RecipeSet, _ address: SiteAddress) {
    guard target.values[Self.check] ?? true else { return nil }
    if let text = target.values[ScriptRule.script] {
      guard target.ruleName == ScriptRule.rule.name, ParsedScript.isScript(text.utf8),
        case .scalar(let scalar)? = target.values.written(ScriptRule.script)
      else { return nil }
      self.init(
        ScriptText(text, of: scalar), name: target.path, target: target, address)
    } else if target.ruleName == FileRule.rule.name, target.values[FileRule.source] == nil {
      guard let written = target.values[FileRule.file],
        let text = Self.text(FileRule.localPath(of: target), written, recipes)
      else { return nil }
      self.init(text, name: target.path, target: target, address)
    } else {
      return nil
    }
  }

  /// The script in a file that a target embeds; nil when the file is none.
  init?(_ reference: ArtifactReference, _ recipes: RecipeSet, _ address: SiteAddress) {
    let path = absolutePath(reference.name, from: reference.folder)
    guard let text = Self.text(path, reference.name, recipes) else { return nil }
    self.init(text, name: reference.name, target: nil, address)
  }

  /// No script is larger than this; a file that is, is something else.
  private static let largest: Int64 = 16 << 20

  private static func text(_ path: String, _ written: String, _ recipes: RecipeSet) -> ScriptText? {
    guard case .success(let start) = LocalFile.read(path, atMost: ParsedScript.markLength),
      ParsedScript.isScript(start), let size = LocalFile.size(path), size <= largest,
      case .success(let bytes) = LocalFile.read(path)
    else { return nil }
    var shown = written
    if !written.hasPrefix("/"), recipes.name != ".", !recipes.name.isEmpty {
      shown = recipes.name + (recipes.name.hasSuffix("/") ? "" : "/") + written
    }
    return ScriptText(bytes, file: printable(shown), folder: recipes.folder)
  }
}
