import Foundation
import PackagePlugin

/// Writes the lists of all rules and of all kinds of configs from the files of `Rules/` and
/// `Configs/Kinds/`, so that a new one is one new file: `Rules/MenuRule.swift` defines `MenuRule.rule`,
/// `Configs/Kinds/DHCPKind.swift` defines `DHCPKind.kind`.
@main struct RuleList: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
    guard let module = target.sourceModule else { return [] }
    let text = """
      extension Rule {
        /// Every rule there is, by name. Written by the build plugin RuleList.
        static let all: [Rule] = [\(members("rule", of: module, in: "Rules", suffix: "Rule.swift"))]
      }

      extension ConfigKind {
        /// Every kind of config there is, by name. Written by the build plugin RuleList.
        static let all: [ConfigKind] = [\(members("kind", of: module, in: "Kinds", suffix: "Kind.swift"))]
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

  /// `AType.member, BType.member` for the files of a folder, each of which defines the type of its name.
  private func members(
    _ member: String, of module: any SourceModuleTarget, in folder: String, suffix: String
  ) -> String {
    let files = module.sourceFiles(withSuffix: suffix).map(\.url).filter {
      $0.deletingLastPathComponent().lastPathComponent == folder && $0.lastPathComponent != suffix
    }
    let names = files.map { $0.deletingPathExtension().lastPathComponent }.sorted()
    return names.map { "\($0).\(member)" }.joined(separator: ", ")
  }
}
