import Foundation
import PackagePlugin

/// Puts the link sets of `recipes/link-sets` into the program, so that a site that somebody else writes
/// compiles no more than this one does.
@main struct ShippedLinkSets: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
    let source = context.package.directoryURL.appending(path: "recipes/link-sets")
    let files = try FileManager.default.contentsOfDirectory(
      at: source, includingPropertiesForKeys: nil
    ).filter { $0.pathExtension == "txt" }.sorted { $0.path < $1.path }
    var entries = ""
    for file in files {
      let name = file.deletingPathExtension().lastPathComponent
      let text = try String(contentsOf: file, encoding: .utf8)
      entries += "    \"\(name)\": #\"\"\"\n\(text)\n\"\"\"#,\n"
    }
    let text = """
      /// Written by the build plugin ShippedLinkSets.
      enum ShippedLinkSets {
        /// The text of each shipped link-set file, by commit.
        static let byCommit: [String: String] = [
      \(entries.isEmpty ? ":" : entries)  ]
      }

      """
    let folder = context.pluginWorkDirectoryURL.appending(path: "Generated")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = folder.appending(path: "ShippedLinkSets.swift")
    // Left alone when it is right: a new date would compile the module again. One that cannot be
    // read is written anew.
    if (try? String(contentsOf: file, encoding: .utf8)) != text {
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    return [
      .prebuildCommand(
        displayName: "List the link sets", executable: URL(filePath: "/bin/true"), arguments: [],
        outputFilesDirectory: folder)
    ]
  }
}
