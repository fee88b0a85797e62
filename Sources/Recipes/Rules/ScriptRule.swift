import BuildEngine

/// `script: |` — an iPXE script, or any other text, written in the recipe itself.
enum ScriptRule {
  static let script = Key("script", .text, isRequired: true, "The text of the file.")

  static let rule = Rule(
    name: "script", version: 1, summary: "A text file written in the recipe.",
    keys: [script.description, CheckedScript.check.description]
  ) { target, _ in
    RulePlan(artifact: .bytes(bytes(of: target)), isEntryPoint: true)
  }

  static func bytes(of target: Target) -> [UInt8] { Array((target.values[script] ?? "").utf8) }
}
