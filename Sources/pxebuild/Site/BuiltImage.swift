import BuildEngine
import BuiltIns
import Glibc
import Recipes
import SystemPackage

/// The image of a target in the output tree.
struct BuiltImage {
  /// What messages call it.
  private let name: String
  private let path: FilePath

  /// - Throws: when there is no such target, or no image of it yet.
  init(_ target: String, of site: SiteOptions) throws {
    let recipes = try RecipeSet.load(folder: try site.recipes.string, name: site.recipeFolder)
    guard recipes.target(target) != nil else {
      throw BuildError(
        .recipe, "there is no target \(target.printable)",
        reason: "the images are those of the rule winpe, and targets that are a .wim",
        advice: "pxebuild plan lists all targets")
    }
    let output = try site.output(or: recipes.site.output)
    let candidates =
      target.lowercased().hasSuffix(".wim") ? [target] : ["\(target)/sources/boot.wim"]
    let found = try candidates.first { name in
      try FileIdentity.of(output.pushing(FilePath(name)), followingLinks: true)?.kind == .regular
    }
    guard let found else {
      throw BuildError(
        .failed, "there is no image of \(target.printable) in \(output.printable)",
        reason: "looked for \(candidates.joined(separator: ", ").printable)",
        advice: "build it first: pxebuild build \(target.printable)")
    }
    name = found
    path = output.pushing(FilePath(found))
  }

  func report() throws -> WinPEReport {
    try withScratch { try WinPEReport(of: path, name: name, scratch: $0) }
  }

  func bytes(of inner: String) throws -> [UInt8] {
    try withScratch { try WinPEReport.bytes(of: inner, in: path, name: name, scratch: $0) }
  }

  /// wimlib writes files, it hands out no bytes.
  private func withScratch<Result>(_ body: (FilePath) throws -> Result) throws -> Result {
    var template = Array("/tmp/pxebuild-winpe-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw BuildError(errno: errno, doing: "create a folder in", path: "/tmp")
    }
    let folder = FilePath(platformString: template)
    defer { try? FileSystem.remove(folder) }  // what was asked for has been read
    return try body(folder)
  }
}
