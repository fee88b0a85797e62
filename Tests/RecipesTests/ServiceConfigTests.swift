import Testing

@testable import Recipes

/// Configs whose content follows from what targets need.
@Suite("Configs of services")
struct ServiceConfigTests {
  /// The texts of all configs, by their paths.
  private func texts(
    _ recipe: String, output: String = "/srv/tree", files: [String: String] = [:]
  ) throws -> (texts: [String: String], warnings: [String]) {
    let site = try TemporarySite(files.merging(["a.yaml": recipe]) { one, _ in one })
    let recipes = try site.load()
    let written = try recipes.writtenConfigs(output: output)
    var texts: [String: String] = [:]
    for entry in written.entries {
      for file in entry.files {
        let path = file.path.isEmpty ? entry.config.path : "\(entry.config.path)/\(file.path)"
        texts[path] = String(decoding: file.bytes, as: UTF8.self)
      }
    }
    return (texts, recipes.warnings.map(\.message))
  }

  private static let live = """
    site: { server: 10.0.0.200, output: /srv/tree, network: { subnet: 10.0.0.0/24 } }
    targets:
      images/ubuntu/casper/vmlinuz: { script: x }
      images/ubuntu/casper/initrd: { script: x }
      menu.ipxe:
        menu: A menu
        items:
          - casper: images/ubuntu

    """

  @Test("A folder is exported because an item boots from it, and not without the item")
  func exports() throws {
    let configs = "configs: { exports: { nfs: kernel } }\n"
    let (found, warnings) = try texts(Self.live + configs)
    #expect(
      found["exports"] == """
        # For the kernel's NFS server: /etc/exports.d/pxebuild.exports
        # Written by pxebuild from the recipes: change those, not this file.
        /srv/tree/images/ubuntu 10.0.0.0/24(ro,async,no_subtree_check)

        """)
    #expect(warnings == [])
    let less = Self.live.split(separator: "  menu.ipxe:")[0]
    let (none, said) = try texts(less + configs)
    #expect(none["exports"]?.contains("/srv/tree") == false)
    #expect(said == ["config \"exports\" exports nothing: no item needs NFS"])
  }

  @Test("Without a network everybody may mount, and odd names are written in octal")
  func oddExports() throws {
    let recipe = """
      targets:
        "a b/é#/x": { script: x }
      configs: { exports: { nfs: kernel, folders: "a b/é#/" } }

      """
    let (found, _) = try texts(recipe, output: "/srv/t (1)")
    #expect(
      found["exports"]?.contains(
        "\n/srv/t\\040\\0501\\051/a\\040b/\\303\\251\\043 *(ro,async,no_subtree_check)\n") == true)
  }
}
