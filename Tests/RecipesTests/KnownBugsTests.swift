import BuildEngine
import Menus
import Testing

@testable import Recipes

@Suite("Known bugs of images")
struct KnownBugsTests {
  private func arguments(_ diskInfo: String, suites: [String] = [], _ bugs: [KnownBug]? = nil)
    -> [String]
  {
    ImageFacts(
      identity: ImageIdentity(diskInfo: diskInfo), suites: suites,
      knownBugs: bugs ?? KnownBugReader.shipped
    ).addedArguments
  }

  private static let bionic = "LTS \"Bionic Beaver\" - Release amd64 (20190210)"
  private static let all = [
    "systemd.mask=dev-hugepages.mount", "systemd.mask=dev-mqueue.mount",
    "systemd.mask=sys-fs-fuse-connections.mount", "systemd.mask=sys-kernel-config.mount",
    "systemd.mask=sys-kernel-debug.mount", "systemd.mask=tmp.mount", "toram",
  ]

  @Test("The shipped list says what the wiki page says")
  func shipped() {
    for family in ["Ubuntu", "Lubuntu"] {
      #expect(arguments("\(family) 18.04.1 \(Self.bionic)") == ["systemd.mask=tmp.mount"])
      #expect(arguments("\(family) 18.04.2 \(Self.bionic)") == Self.all)
      #expect(arguments("\(family) 18.04.3 \(Self.bionic)") == [])
      #expect(arguments("\(family) 18.04 \(Self.bionic)") == [])
    }
    #expect(
      arguments("Ubuntu 20.04.6 LTS \"Focal Fossa\" - Release amd64 (20230316)")
        == ["fsck.mode=skip"])
    #expect(arguments("Xubuntu 20.04 LTS \"Focal Fossa\" - Release amd64") == ["fsck.mode=skip"])
    #expect(arguments("Linux Mint 20.3 \"Una\" - Release amd64 20220106") == ["fsck.mode=skip"])
    #expect(arguments("Anything 7 \"Own\"", suites: ["focal", "stable"]) == ["fsck.mode=skip"])
    #expect(arguments("Ubuntu 22.04.4 LTS \"Jammy Jellyfish\" - Release amd64") == [])
  }

  @Test("Recipes add to the list and take the place of its entries")
  func own() throws {
    let site = try TemporarySite([
      "a.yaml": """
      targets: { a: { script: x } }
      known-bugs:
        ubuntu-20.04-fsck: { add: [] }
        ours: { family: Ours, add: ["a b", c] }
      """
    ])
    let bugs = try site.load().knownBugs
    #expect(arguments("Ubuntu 20.04 \"Focal Fossa\"", bugs) == [])
    #expect(arguments("Ours 1", bugs) == ["a", "b", "c"])
    #expect(arguments("Ubuntu 18.04.2 \(Self.bionic)", bugs) == Self.all)
  }

  @Test("An image of this machine is planned in place, and its facts are at hand for a menu")
  func plan() throws {
    let site = try TemporarySite([
      "a.yaml": """
      targets:
        whole: { iso: image.iso }
        some: { iso: image.iso, paths: [casper, .disk/info] }
        link.iso: { iso: image.iso, link: true }
        mounted: { iso: image.iso, mount: true }
      """, "image.iso": "",
    ])
    let recipes = try site.load()
    let path = "\(site.folder)/image.iso"
    let plan = try recipes.plan()
    #expect(
      plan.actions.filter { $0.name == "whole" }.map(\.inputs) == [
        ["image": .localInPlace(path: path)]
      ])
    guard
      case .builtIn("iso-content", _, let parameters) = plan.actions.first(
        where: { $0.name == "some" })?.operation
    else {
      Issue.record("no action takes the content")
      return
    }
    #expect(parameters == ["paths": "casper\n.disk/info"])
    #expect(plan.targets.map(\.placement.sharesBlobs) == [true, true, false, false])
    #expect(plan.targets[2].artifact == .link(to: path) && plan.targets[2].placement.mayLinkOutside)
    #expect(plan.targets[3].artifact == .emptyFolder)
    #expect(recipes.serviceNeeds.map(\.need) == [.mount(image: path, folder: "mounted")])
  }
}
