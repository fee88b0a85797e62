import Foundation
import Testing

/// The recipes that ship, as they are, with the miniature in the place of iPXE's repository: git is told so.
struct ShippedSite: Sendable {
  let site: Site

  static let recipes: String = {
    var folder = #filePath as NSString
    for _ in 0..<4 { folder = folder.deletingLastPathComponent as NSString }
    return folder.appendingPathComponent("recipes")
  }()

  /// Nobody answers for what is fetched, so that `wimboot` is left out everywhere.
  static let environment = ["https_proxy": "http://127.0.0.1:9"]

  /// How many targets there are, but for `wimboot`.
  static let targetCount = 9

  /// Copies the recipes and pins their sources.
  init(in site: Site) async throws {
    self.site = site
    let upstream = try await MiniatureUpstream(in: site)
    try await MiniatureUpstream.git(["tag", "-a", "-m", "v2.0.0", "v2.0.0"], in: upstream.folder)
    let settings = "\(site.home)/.gitconfig"
    let known = try String(contentsOfFile: settings, encoding: .utf8)
    try Data(
      "\(known)[url \"\(upstream.url)\"]\n\tinsteadOf = https://github.com/ipxe/ipxe.git\n".utf8
    ).write(to: URL(fileURLWithPath: settings))
    for name in try FileManager.default.contentsOfDirectory(atPath: Self.recipes)
    where name.hasSuffix(".yaml") {
      try site.write(
        try Data(contentsOf: URL(fileURLWithPath: "\(Self.recipes)/\(name)")),
        to: "recipes/\(name)")
    }
    let run = try await site.run(["lock"], environment: Self.environment)
    #expect(run.status == 0, "\(run.errors)")
  }

  /// Another folder with the same recipes and the same lock file, where anybody may build.
  func sibling(_ name: String) async throws -> Site {
    let other = try site.sibling(name)
    removeTree(other.recipes)
    try FileManager.default.copyItem(atPath: site.recipes, toPath: other.recipes)
    for name in ["out", "out-conf", "out-records", "cache"] {
      try other.makeFolder(name)
      chmod("\(other.folder)/\(name)", 0o777)
    }
    return other
  }
}
