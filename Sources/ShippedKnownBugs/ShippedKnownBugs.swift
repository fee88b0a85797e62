import Foundation
import PackagePlugin

/// Puts `recipes/known-bugs.yaml` into the program, so that sites that somebody else writes know the bugs
/// too.
@main struct ShippedKnownBugs: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
    let source = context.package.directoryURL.appending(path: "recipes/known-bugs.yaml")
    let text = """
      /// Written by the build plugin ShippedKnownBugs.
      enum ShippedKnownBugs {
        /// The text of recipes/known-bugs.yaml.
        static let text = ###\"\"\"
      \(try String(contentsOf: source, encoding: .utf8))
      \"\"\"###
      }

      """
    let folder = context.pluginWorkDirectoryURL.appending(path: "Generated")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = folder.appending(path: "ShippedKnownBugs.swift")
    // Left alone when it is right: a new date would compile the module again.
    if (try? String(contentsOf: file, encoding: .utf8)) != text {
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    return [
      .prebuildCommand(
        displayName: "Read the known bugs", executable: URL(filePath: "/bin/true"), arguments: [],
        outputFilesDirectory: folder)
    ]
  }
}
