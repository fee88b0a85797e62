import Foundation
import PackagePlugin

/// Writes the list of all rules from the files of `Rules/`, so that a new rule is one new file:
/// `Rules/MenuRule.swift` defines `MenuRule.rule`.
@main struct RuleList: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
    guard let module = target.sourceModule else { return [] }
    let rules = module.sourceFiles(withSuffix: "Rule.swift").map(\.url).filter {
      $0.deletingLastPathComponent().lastPathComponent == "Rules"
        && $0.lastPathComponent != "Rule.swift"
    }
    let names = rules.map { $0.deletingPathExtension().lastPathComponent }.sorted()
    let text = """
      extension Rule {
        /// Every rule there is, by name. Written by the build plugin RuleList.
        static let all: [Rule] = [\(names.map { "\($0).rule" }.joined(separator: ", "))]
      }

      """
    let folder = context.pluginWorkDirectoryURL.appending(path: "Generated")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = folder.appending(path: "AllRules.swift")
    // Left alone when it is right: a new date would compile the module again. One that cannot be
    // read is written anew.
    if (try? String(contentsOf: file, encoding: .utf8)) != text {
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    return [
      .prebuildCommand(
        displayName: "List the rules", executable: URL(filePath: "/bin/true"), arguments: [],
        outputFilesDirectory: folder)
    ]
  }
}
