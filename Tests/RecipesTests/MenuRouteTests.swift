import Testing

@testable import Recipes

@Suite("The way to an item of a menu")
struct MenuRouteTests {
  private static let recipe = """
    site:
      server: 10.0.0.200
      output: /srv
      network: { subnet: 10.0.0.0/24, range: [10.0.0.100, 10.0.0.199] }
    targets:
      tools.ipxe:
        menu: The tools
        items:
          - { title: A disc, sanboot: small.iso, name: disc, key: D }
          - { back: Back }
      install.ipxe:
        menu: Menu
        items:
          - separator: ---
          - { exit: Disk }
          - { title: Live, casper: live, name: live, platform: efi, architecture: x86_64, kernel: k, initrd: i }
          - { title: Tools, submenu: tools.ipxe, name: tools }
          - { title: Disc, chain: small.iso, name: disc }
      other.ipxe:
        menu: Another
        items:
          - { shell: Shell }
      small.iso: { script: x }
      live: { file: live }
    configs:
      exports: { nfs: kernel }
      dhcpd.conf: { dhcp: isc }

    """

  private func recipes(_ text: String) throws -> RecipeSet {
    let site = try TemporarySite(["site.yaml": text])
    try site.write("live/k", [1])
    try site.write("live/i", [1])
    return try site.load()
  }

  @Test("every item has a way, through submenus as well, the DHCP server's menu first")
  func routes() throws {
    let recipes = try recipes(Self.recipe)
    #expect(
      recipes.menuRoutes.map(\.name) == [
        "exit", "live", "tools", "tools/disc", "tools/back", "disc", "shell",
      ])
    let live = try #require(recipes.menuRoute(to: "live")?.choices.last)
    #expect(live.needsNFS && live.kind == "casper" && live.file == "live")
    #expect(live.platforms == ["efi"] && live.architectures == ["x86_64"])
    let disc = try #require(recipes.menuRoute(to: "tools/disc"))
    #expect(disc.choices.map(\.menu) == ["install.ipxe", "tools.ipxe"])
    #expect(disc.choices.map(\.menuTitle) == ["Menu", "The tools"])
    #expect(disc.choices.last?.hotkey == "D" && disc.choices.last?.file == "small.iso")
    #expect(recipes.menuRoute(to: "disc")?.choices.map(\.menu) == ["install.ipxe"])
    #expect(recipes.menuRoute(to: "back")?.name == "tools/back")
    #expect(recipes.menuRoute(to: "nothing") == nil)
    #expect(recipes.menuAdvice(for: "liv") == "did you mean \"live\"?")
    #expect(
      recipes.menuAdvice(for: "something-else")
        == "items: exit, live, tools, tools/disc, tools/back, disc, shell")
    #expect(recipes.ganeshaConfig == nil)
  }

  @Test("without a menu that is what is said")
  func none() throws {
    let recipes = try recipes("targets: { a.ipxe: { script: \"#!ipxe\" } }\n")
    #expect(recipes.menuAdvice(for: "a") == "the recipes have no menu: add one, with the rule menu")
  }

  @Test("a served script says which items the build left in it")
  func script() {
    let text = "#!ipxe\n:item-live\necho\n\n:item-tools"
    #expect(RecipeSet.menuScript(text, has: "live") && RecipeSet.menuScript(text, has: "tools"))
    #expect(!RecipeSet.menuScript(text, has: "tool") && !RecipeSet.menuScript(text, has: "disc"))
  }
}
