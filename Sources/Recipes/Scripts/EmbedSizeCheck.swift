/// What a BIOS program embeds has to fit into the memory below 640 KiB with it.
enum EmbedSizeCheck {
  /// The largest script, in bytes, that real BIOS builds of v2.0.0 took.
  static let most: Int64 = 623_616

  static func run(_ program: CompiledProgram, _ recipes: RecipeSet, _ checker: inout Checker) {
    guard program.machine == .bios, let embedded = program.target.values[IPXERule.embed] else {
      return
    }
    let size = embedded.reduce(Int64(0)) { $0 + (self.size(of: $1, recipes) ?? 0) }
    guard size > most else { return }
    checker.warn(
      "target \(quoted(program.target.path)) embeds \(size) bytes, a BIOS program has room for \(most)",
      at: program.target.values.location(IPXERule.embed),
      help: "embed a small script that fetches the rest over HTTP")
  }

  /// Nil for what only the build can know.
  private static func size(of reference: ArtifactReference, _ recipes: RecipeSet) -> Int64? {
    guard let target = recipes.target(reference.name) else {
      return LocalFile.size(absolutePath(reference.name, from: reference.folder))
    }
    if target.ruleName == ScriptRule.rule.name {
      return Int64(target.values[ScriptRule.script]?.utf8.count ?? 0)
    }
    guard target.ruleName == FileRule.rule.name, target.values[FileRule.source] == nil else {
      return nil
    }
    return LocalFile.size(FileRule.localPath(of: target))
  }
}
